"""Copies files that a policy refuses to the folder of ``--rejected``."""

import os

from dicomtx.errors import SourceError
from dicomtx.storage.atomic_write import atomic_write
from dicomtx.storage.destination_folders import make_folder_below
from dicomtx.workflows.inputs.arguments import Found


def place_of(found: Found, folder: str) -> str:
    """Returns the path of a refused file in ``folder``, which mirrors the tree."""
    return os.path.join(os.path.abspath(folder), *found.relative.split("/"))


def set_aside(found: Found, path: str, *, below: str = "", overwrite: bool = False) -> None:
    """Copies a refused file and its time of modification, unless the copy already exists.

    Args:
        found: the file.
        path: path of the copy.
        below: the folder that contains the copy, at any depth; links below it are not followed.
        overwrite: whether another file may be overwritten.

    Raises:
        SourceError: the file can no longer be read.
        DestinationError: another file exists, or the copy cannot be written.
    """
    with found.source.open() as file:
        stat = found.source.stat()
        if stat is None:
            raise SourceError("was removed while it was read")
        if _is_there(path, file.size, stat.mtime_ns):
            return
        below = below or os.path.dirname(path)
        make_folder_below(below, path)
        with atomic_write(path, overwrite=overwrite, mode=file.mode, below=below) as fd:
            file.copy_to(fd, 0, file.size)
            os.utime(fd, ns=(stat.mtime_ns, stat.mtime_ns))


def _is_there(path: str, size: int, mtime_ns: int) -> bool:
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (size, mtime_ns)
