"""One run at a time on one journal."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from dicomtx.errors import DestinationError
from dicomtx.sources import reason


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Holds the lock beside a journal.

    Raises:
        DestinationError: another run has it, or there is no room for it.
    """
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        lock = os.open(
            f"{path.removesuffix('.sqlite')}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC
        )
    except OSError as error:
        raise DestinationError(f"{path}: no journal can be kept: {reason(error)}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise DestinationError(
            f"another run works on {os.path.dirname(path)}: wait until it has ended"
        ) from error
    try:
        yield
    finally:
        os.close(lock)
