"""Opens dicomtx's own files safely, in folders where others can write."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from dicomtx.errors import DestinationError
from dicomtx.storage.source import reason

FLAGS: Final = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
JOURNAL: Final = "remove it, or use --journal FILE"


@contextmanager
def own_file(path: str, *, make: bool = True, instead: str = JOURNAL) -> Iterator[int]:
    """Opens a file that only this user can write. Yields -1 if it is missing and ``make`` is false.

    Only the owner can read and write a new file.

    Args:
        path: the path of the file.
        make: whether to create a missing file.
        instead: advice to add to the error message.

    Raises:
        DestinationError: the path is a link or not a regular file, belongs to another user, can be
            written by others, or cannot be opened.
    """
    try:
        fd = os.open(path, FLAGS | (os.O_CREAT if make else 0), 0o600)
    except FileNotFoundError as error:
        if make:
            raise _refused(path, error, instead) from error
        yield -1
        return
    except OSError as error:
        raise _refused(path, error, instead) from error
    try:
        if why := _not_ours(status_of(fd, path)):
            raise DestinationError(f"{path} {why}: {instead}")
        yield fd
    finally:
        os.close(fd)


def status_of(file: int | str, path: str) -> os.stat_result:
    """Returns the status of an own file, by descriptor or path.

    Raises:
        DestinationError: the status cannot be read. The message names ``path``.
    """
    try:
        return os.stat(file)
    except OSError as error:
        raise DestinationError(f"{path}: cannot keep a journal: {reason(error)}") from error


def _refused(path: str, error: OSError, instead: str) -> DestinationError:
    if error.errno == errno.ELOOP and os.path.islink(path):
        return DestinationError(f"{path} is a symbolic link; it is not followed: {instead}")
    return DestinationError(f"{path}: cannot keep a journal: {reason(error)}")


def _not_ours(status: os.stat_result) -> str:
    """Returns why a file cannot be trusted; empty if only this user can write it."""
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if status.st_uid != os.geteuid():
        return f"belongs to user {status.st_uid}, not to you"
    if status.st_mode & OTHERS_WRITE:
        mode = stat.S_IMODE(status.st_mode)
        return f"can be written by other users (mode {mode:04o}; 'chmod go-w' if you trust it)"
    return ""
