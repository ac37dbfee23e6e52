"""The files that dicomtx keeps for itself, in folders where others may write."""

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
    """Yields the descriptor of a file that is ours alone; -1 if there is none and none is made.

    A new file can be read and written by its owner only.

    Args:
        path: where it is.
        make: make it if it is not there.
        instead: what to do if it is refused.

    Raises:
        DestinationError: it is a link or not a regular file, belongs to somebody else, can be
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
    """Returns the status of a file of ours: an open one, or the one that a path leads to.

    Raises:
        DestinationError: it cannot be looked at; the message names ``path``.
    """
    try:
        return os.stat(file)
    except OSError as error:
        raise DestinationError(f"{path}: no journal can be kept: {reason(error)}") from error


def _refused(path: str, error: OSError, instead: str) -> DestinationError:
    if error.errno == errno.ELOOP and os.path.islink(path):
        return DestinationError(f"{path} is a symbolic link, which is not followed: {instead}")
    return DestinationError(f"{path}: no journal can be kept: {reason(error)}")


def _not_ours(status: os.stat_result) -> str:
    """Returns why a file is not ours alone; empty if it is."""
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if status.st_uid != os.geteuid():
        return f"belongs to the user {status.st_uid}, not to you"
    if status.st_mode & OTHERS_WRITE:
        mode = stat.S_IMODE(status.st_mode)
        return f"can be written by other users (mode {mode:04o}; 'chmod go-w' if you trust it)"
    return ""
