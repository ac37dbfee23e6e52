"""Opens and makes folders of a destination without following symbolic links.

Somebody who can rename folders below a destination could put a link in the place of one at any
time. So each folder is opened relative to its parent, and outputs are named in an open folder.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from dicomtx.errors import DestinationError
from dicomtx.storage.source import reason

# with O_PATH (Linux), a folder does not have to be readable
FOLDER: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC


def make_folder_of(path: str, *, below: str) -> None:
    """Makes the folder of a file. Below ``below``, if it is given, no link is followed.

    Raises:
        DestinationError: it cannot be made, or such a link is on the way.
    """
    if below:
        make_folder_below(below, path)
    else:
        make_folder(os.path.dirname(path))


def make_folder(folder: str) -> None:
    """Makes a folder and missing parents, without recursion.

    Raises:
        DestinationError: the folder cannot be made.
    """
    missing = []
    above = folder or "."
    while above and not os.path.isdir(above):
        missing.append(above)
        above = os.path.dirname(above)
    try:
        for path in reversed(missing):
            with suppress(FileExistsError):  # another process made it; checked below
                os.mkdir(path)
        os.makedirs(folder or ".", exist_ok=True)  # fails if a file is in the way
    except OSError as error:
        raise DestinationError(f"cannot make {folder}: {reason(error)}") from error


def make_folder_below(root: str, path: str) -> None:
    """Makes the folders between ``root`` and ``path``. Links in ``root`` itself are followed.

    Raises:
        DestinationError: ``path`` or a folder above it is a symbolic link, a folder cannot be
            made, or ``path`` is not in ``root``.
    """
    make_folder(root)
    with folder_of(path, root, make=True) as folder:
        if _is_link(folder, os.path.basename(path)):
            raise _refused(path)


@contextmanager
def folder_of(path: str, root: str = "", *, make: bool = False) -> Iterator[int]:
    """Yields the descriptor of the folder that contains a file.

    Args:
        path: the file.
        root: a folder that the file is in, at any depth. No link below it is followed. If empty,
            links are followed.
        make: whether to make missing folders below ``root``.

    Raises:
        DestinationError: the folder cannot be opened, a folder below ``root`` is a symbolic link,
            or ``path`` is not in ``root``.
    """
    place = root or os.path.dirname(path)
    names = _between(root, path) if root else []
    try:
        folder = os.open(place or os.curdir, FOLDER)
    except OSError as error:
        raise DestinationError(f"cannot write to {place}: {reason(error)}") from error
    try:
        for name in names:
            place = os.path.join(place, name)
            below = _entered(folder, name, place, make=make)
            os.close(folder)
            folder = below
        yield folder
    finally:
        os.close(folder)


def _between(root: str, path: str) -> list[str]:
    """Returns the names of the folders between ``root`` and a file."""
    *names, last = os.path.relpath(os.path.abspath(path), os.path.abspath(root)).split(os.sep)
    if os.pardir in names or last in (os.pardir, os.curdir):
        raise DestinationError(f"{path} is not in {root}")
    return names


def _entered(folder: int, name: str, place: str, *, make: bool) -> int:
    """Opens a folder in another, and can make it if it is missing."""
    try:
        if make:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=folder)
        return os.open(name, FOLDER | os.O_NOFOLLOW, dir_fd=folder)
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
