"""Locks a journal, so that only one run uses it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from dicomtx.errors import DestinationError
from dicomtx.storage.destination_folders import make_folder
from dicomtx.storage.own_files import own_file
from dicomtx.storage.source import reason


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Holds the lock beside a journal.

    Raises:
        DestinationError: another run holds it, or the lock file is not ours or cannot be made.
    """
    make_folder(os.path.dirname(path))
    with own_file(f"{path.removesuffix('.sqlite')}.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            folder = os.path.dirname(path)
            told = f"another run is working on {folder}; wait for it to finish"
            raise DestinationError(told) from error
        except OSError as error:
            raise DestinationError(f"{path}: cannot keep a journal: {reason(error)}") from error
        yield
