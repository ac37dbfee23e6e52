"""Makes folders below a destination without following symbolic links."""

import errno
import os
from contextlib import suppress

from dicomtx.errors import DestinationError
from dicomtx.storage.atomic_write import make_folder
from dicomtx.storage.source import reason

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make_folder_below(root: str, path: str) -> None:
    """Makes the folders between ``root`` and ``path``. Links in ``root`` itself are followed.

    Each folder is opened relative to its parent, so that nobody can replace it in between.

    Raises:
        DestinationError: ``path`` or a folder above it is a symbolic link, a folder cannot be
            made, or ``path`` is not in ``root``.
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
    """Opens a folder in another, and makes it if it is missing."""
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
        f"{place} is a symbolic link; dicomtx does not follow links below the destination. "
        "Remove it, or use the folder that it points to as the destination."
    )
