"""Takes files out of the watched folder, and moves them where they stay."""

import errno
import os
from contextlib import suppress

from dicomtx.errors import DestinationError, DicomtxError
from dicomtx.storage.atomic_write import adopt, atomic_write
from dicomtx.storage.destination_folders import make_folder_below
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.part_files import MARK
from dicomtx.storage.source import reason
from dicomtx.workflows.convert.outcomes import hash_of
from dicomtx.workflows.watch.records import Record
from dicomtx.workflows.watch.settled import Identity


def free_path(path: str, *endings: str) -> str:
    """Returns this path, or a numbered one if something is there: with each ending, too."""
    stem, extension = os.path.splitext(path)
    free, number = path, 1
    while any(os.path.lexists(free + ending) for ending in ("", *endings)):
        number += 1
        free = f"{stem}.{number}{extension}"
    return free


def taken_away(record: Record) -> str:
    """Renames a source so that nobody can replace it any more; returns the new path.

    Returns an empty path if another file is there now, or none. Doing it again is safe.

    Raises:
        DestinationError: it cannot be renamed.
    """
    path = _hidden(record)
    if not os.path.lexists(path):
        if Identity.of(record.source) != record.identity:
            return ""
        try:
            os.rename(record.source, path)
        except FileNotFoundError:
            return ""
        except OSError as error:
            told = f"{record.source} cannot be removed: {reason(error)}"
            raise DestinationError(told) from error
    if record.identity.is_renamed(Identity.of(path)):
        return path
    put_back(record)  # it was replaced or continued just then
    return ""


def put_back(record: Record) -> None:
    """Gives a source that was taken away its name again, or a numbered one."""
    path = _hidden(record)
    if os.path.lexists(path):
        _rename(path, free_path(record.source), os.path.dirname(path))


def removed(path: str) -> None:
    """Removes a file.

    Raises:
        DestinationError: it cannot be removed.
    """
    try:
        with suppress(FileNotFoundError):
            os.unlink(path)
    except OSError as error:
        raise DestinationError(f"{path} cannot be removed: {reason(error)}") from error


def moved(path: str, place: str, below: str) -> str:
    """Moves a file, to another file system if need be; returns its new path.

    A file that is at ``place`` already is not replaced: if it is not the same, the file gets a
    number. Doing it again is safe.

    Args:
        path: the file.
        place: where to move it.
        below: the folder that ``place`` is in, at any depth.

    Raises:
        DicomtxError: it cannot be moved.
    """
    if os.path.lexists(place):
        if _is_same(path, place):
            removed(path)
            return place
        place = free_path(place)
    make_folder_below(below, place)
    _rename(path, place, below)
    return place


def _rename(path: str, place: str, below: str) -> None:
    try:
        adopt(path, place, overwrite=False, below=below)
    except DestinationError as error:
        if not (isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EXDEV):
            raise
        _copy(path, place, below)
    removed(path)


def _copy(path: str, place: str, below: str) -> None:
    found = os.stat(path)
    with (
        LocalFile(path).open() as file,
        atomic_write(place, overwrite=False, mode=file.mode, below=below) as fd,
    ):
        file.copy_to(fd, 0, file.size)
        os.utime(fd, ns=(found.st_atime_ns, found.st_mtime_ns))


def _is_same(path: str, place: str) -> bool:
    """Whether both are the same file, or have the same bytes."""
    try:
        if os.path.samefile(path, place):
            return True
        same_size = os.lstat(path).st_size == os.lstat(place).st_size
        return same_size and hash_of(path) == hash_of(place)
    except (OSError, DicomtxError):
        return False


def _hidden(record: Record) -> str:
    return os.path.join(os.path.dirname(record.source), f"{MARK}{record.token}")
