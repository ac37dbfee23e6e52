"""Folders below a destination: made where they are missing, never reached through a link."""

import errno
import os
from contextlib import suppress

from dicomtx.errors import DestinationError
from dicomtx.storage.atomic_write import make_folder
from dicomtx.storage.source import reason

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make_folder_below(root: str, path: str) -> None:
    """Makes the folders between ``root`` and ``path``; what ``root`` leads through is the user's.

    Each is opened in the one above it, so that nobody can exchange them on the way.

    Raises:
        DestinationError: a folder on the way, or ``path`` itself, is a symbolic link; or a folder
            cannot be made; or ``path`` is not in ``root``.
    """
    make_folder(root)
    *names, last = os.path.relpath(os.path.abspath(path), os.path.abspath(root)).split(os.sep)
    if os.pardir in names or last in (os.pardir, os.curdir):
        raise DestinationError(f"{path} is not in {root}")
    place = root
    try:
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise DestinationError(f"cannot write to {root}: {reason(error)}") from error
    try:
        for name in names:
            place = os.path.join(place, name)
            below = _entered(folder, name, place)
            os.close(folder)
            folder = below
        if _is_link(folder, last):
            raise _refused(path)
    finally:
        os.close(folder)


def _entered(folder: int, name: str, place: str) -> int:
    """Returns the descriptor of a folder in another, made if need be."""
    try:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=folder)
        return os.open(name, FOLDER, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and _is_link(folder, name):
            raise _refused(place) from error
        raise DestinationError(f"cannot make {place}: {reason(error)}") from error


def _is_link(folder: int, name: str) -> bool:
    with suppress(OSError):
        os.readlink(name, dir_fd=folder)
        return True
    return False


def _refused(place: str) -> DestinationError:
    return DestinationError(
        f"{place} is a symbolic link, and links below the destination are not followed: "
        "remove it, or name the folder that it leads to as the destination"
    )
