"""Moves and truncates open outputs. Even these calls can fail, such as on a broken disk."""

import os

from dicomtx.errors import DestinationError


def seek(fd: int, offset: int, whence: int = os.SEEK_SET) -> int:
    """Returns the new position, counted from the start; the arguments are those of ``os.lseek``.

    Raises:
        DestinationError: the system refuses.
    """
    try:
        return os.lseek(fd, offset, whence)
    except OSError as error:
        raise _failed(error) from error


def empty(fd: int) -> None:
    """Removes the content of an output, and moves to its start.

    Raises:
        DestinationError: the system refuses.
    """
    try:
        os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_SET)
    except OSError as error:
        raise _failed(error) from error


def _failed(error: OSError) -> DestinationError:
    return DestinationError(f"cannot be written: {(error.strerror or str(error)).lower()}")
