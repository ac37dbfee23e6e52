"""One run at a time on one journal."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from dicomtx.errors import DestinationError
from dicomtx.storage.own_files import own_file
from dicomtx.storage.source import reason


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Holds the lock beside a journal.

    Raises:
        DestinationError: another run has it, it is not ours, or there is no room for it.
    """
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        raise DestinationError(f"{path}: no journal can be kept: {reason(error)}") from error
    with own_file(f"{path.removesuffix('.sqlite')}.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            folder = os.path.dirname(path)
            told = f"another run works on {folder}: wait until it has ended"
            raise DestinationError(told) from error
        except OSError as error:
            raise DestinationError(f"{path}: no journal can be kept: {reason(error)}") from error
        yield
