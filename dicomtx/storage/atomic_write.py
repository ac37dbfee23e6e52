"""Writes outputs that appear complete or not at all."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from dicomtx.errors import DestinationError
from dicomtx.storage import part_files
from dicomtx.storage.destination_folders import folder_of
from dicomtx.storage.durability import Sync, sync_content, sync_names
from dicomtx.storage.part_files import PartFile
from dicomtx.storage.rename import rename_new
from dicomtx.storage.source import STANDARD_STREAM, Source, nameless, reason, temporary_folder

STANDARD_OUTPUT: Final = 1
ANY_MODE: Final = 0o7777
PRIVATE: Final = 0o600


@contextmanager
def atomic_write(
    path: str,
    *,
    overwrite: bool,
    sync: Sync = "all",
    mode: int = ANY_MODE,
    check: Callable[[], None] | None = None,
    below: str = "",
) -> Iterator[int]:
    """Yields a descriptor to write to. The complete file appears at the end of the block.

    The part file is beside the target. On any error it is removed and the target is unchanged. For
    ``-``, a spool is copied to standard output.

    Args:
        path: the target.
        overwrite: whether to replace an existing target; it keeps its owner.
        sync: what to sync, so that it survives a power failure.
        mode: the most permission bits that the target can have.
        check: called just before the target appears. If it raises, the target does not appear.
        below: a folder that the target is in, at any depth. No link below it is followed, and a
            link with the name of the target is replaced. If empty, links are followed.

    Raises:
        DestinationError: the target exists and ``overwrite`` is false, or cannot be written.
    """
    if path == STANDARD_STREAM:
        with _standard_output(check) as fd:
            yield fd
        return
    _check_name(path, overwrite=overwrite)
    target = _target(path, below)
    part_files.sweep_once(os.path.dirname(target))
    with folder_of(target, below) as folder:
        place = _Place.of(target, folder)
        _check_kind(place)
        with part_files.closing(lambda: _new_part(place, mode)) as part:
            try:
                yield part.fd
                if sync != "nothing":
                    sync_content(part.fd)
            except DestinationError as error:
                raise DestinationError(f"{path} {error}") from error
            if check:
                check()
            _publish(part, place, overwrite=overwrite)
        if sync == "all":
            _sync_name(place)


def check_writable(
    path: str, *, overwrite: bool, below: str = "", makes_folders: bool = False
) -> None:
    """Checks that ``atomic_write`` could write a file, as far as that shows without writing.

    Args:
        path: the target.
        overwrite: whether an existing target would be replaced.
        below: a folder that the target is in; no link below it is followed.
        makes_folders: whether missing folders would be made first.

    Raises:
        DestinationError: the target could not be written.
    """
    if path == STANDARD_STREAM:
        return
    _check_name(path, overwrite=overwrite)
    target = _target(path, below)
    beside, root = os.path.dirname(target), below if os.path.isdir(below) else ""
    while makes_folders and not os.path.lexists(beside):
        beside = os.path.dirname(beside)
    with folder_of(os.path.join(beside, os.path.basename(target)), root) as folder:
        if beside == os.path.dirname(target):
            _check_kind(_Place.of(target, folder))
        if not os.access(os.curdir, os.W_OK, dir_fd=folder):
            raise DestinationError(f"cannot write to {beside}: permission denied")


def _check_name(path: str, *, overwrite: bool) -> None:
    """Checks that the path is a file name, and free unless ``overwrite`` is set."""
    if not path or "\0" in path:
        raise DestinationError(f"{path!r} is not a file name")
    if os.path.basename(path) in ("", ".", "..") and not os.path.isdir(path):
        raise DestinationError(f"there is no folder {path}; create it, or name a file in a folder")
    if not overwrite and os.path.lexists(path):
        raise DestinationError(f"{path} already exists; use --overwrite to replace it")


class _Place(NamedTuple):
    """The path of an output for messages, its open folder, and its name in that folder."""

    path: str
    folder: int
    name: str

    @classmethod
    def of(cls, path: str, folder: int) -> "_Place":
        """Returns the place of a path in its open folder."""
        return cls(path, folder, os.path.basename(path) or os.curdir)

    def status(self) -> os.stat_result | None:
        """Returns the status of the existing target; None if there is none.

        A name that is too long raises OSError.
        """
        try:
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def replaced(self) -> os.stat_result | None:
        """Returns the status of the target; None if it does not exist or is a symbolic link."""
        status = self.status()
        return None if status and stat.S_ISLNK(status.st_mode) else status


def _target(path: str, below: str) -> str:
    """Returns the path of the output: the real one, unless links are refused when it is opened."""
    return os.path.abspath(path) if below else os.path.realpath(path)


def _check_kind(place: _Place) -> None:
    """Checks that an existing target is a file, because replacing a device would be a disaster."""
    with suppress(OSError):
        status = place.status()
        mode = status.st_mode if status else stat.S_IFREG
        if stat.S_ISDIR(mode):
            raise DestinationError(f"{place.path} is a folder; name a file in it")
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise DestinationError(f"{place.path} is a device, pipe or socket; name a file")


def _new_part(place: _Place, mode: int) -> PartFile:
    """Returns a part file with the permissions that the target will have."""
    try:
        before = place.replaced()
        part = part_files.create(place.name, mode & 0o666, place.folder)
        if before:
            _resemble(part.fd, before, mode)
        elif mode & 0o600 != 0o600:  # a mode that the owner cannot read or write
            os.chmod(part.fd, os.fstat(part.fd).st_mode & mode)
    except OSError as error:
        folder = os.path.dirname(place.path)
        raise DestinationError(f"cannot write to {folder}: {reason(error)}") from error
    return part


def _resemble(file: int | str, before: os.stat_result, mode: int) -> None:
    """Copies owner and mode of the replaced file, as far as permitted."""
    with suppress(OSError):
        os.chown(file, before.st_uid, before.st_gid)  # before chmod, because it can clear mode bits
    with suppress(OSError):
        os.chmod(file, before.st_mode & mode)


def usual_mode(path: str) -> int:
    """Returns the mode of the file, or the mode that a new file would get."""
    target = os.path.realpath(path)
    with folder_of(target) as folder:
        place = _Place.of(target, folder)
        try:
            before = place.replaced()
            if before:
                return stat.S_IMODE(before.st_mode)
            with part_files.closing(lambda: part_files.create(place.name, 0o666, folder)) as part:
                return stat.S_IMODE(os.fstat(part.fd).st_mode)
        except OSError as error:
            raise DestinationError(f"cannot write to {path}: {reason(error)}") from error


def adopt(
    file: str,
    path: str,
    *,
    overwrite: bool,
    mode: int = ANY_MODE,
    check: Callable[[], None] | None = None,
    below: str = "",
) -> None:
    """Moves a complete file on the same file system to ``path``.

    The arguments are those of ``atomic_write``. The file must have been synced. It can stay as a
    second name, which the caller removes.

    Raises:
        DestinationError: ``path`` exists and ``overwrite`` is false, or cannot be written.
    """
    target = _target(path, below)
    with folder_of(target, below) as folder:
        place = _Place.of(target, folder)
        with suppress(OSError):
            before = place.replaced() if overwrite else None
            if before:
                _resemble(file, before, mode)
        if check:
            check()
        _put_in_place(file, None, place, overwrite=overwrite)
        _sync_name(place)


def _sync_name(place: _Place) -> None:
    try:
        sync_names(place.folder)
    except DestinationError as error:
        raise DestinationError(f"{place.path} {error}") from error


def _publish(part: PartFile, place: _Place, *, overwrite: bool) -> None:
    """Gives a part file its final name."""
    try:
        there = part.is_there
    except OSError as error:
        raise _not_written(place, error) from error
    if not there:
        raise DestinationError(f"{place.path}: another process removed the part file; try again")
    _put_in_place(part.path, part.at, place, overwrite=overwrite)


def _put_in_place(file: str, at: int | None, place: _Place, *, overwrite: bool) -> None:
    """Gives a file its final name. It is a name in the open folder ``at``, or a path."""
    names = {"src_dir_fd": at, "dst_dir_fd": place.folder}
    try:
        if overwrite:
            os.replace(file, place.name, **names)
            return
        if at is None and rename_new(file, place.name, place.folder):
            return
        try:  # fails if the target was made in the meantime
            os.link(file, place.name, **names, follow_symlinks=False)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            if place.status():
                raise FileExistsError(errno.EEXIST, "already exists") from None
            os.replace(file, place.name, **names)
    except FileExistsError as error:
        told = f"{place.path} already exists; use --overwrite to replace it"
        raise DestinationError(told) from error
    except OSError as error:
        raise _not_written(place, error) from error


def _not_written(place: _Place, error: OSError) -> DestinationError:
    return DestinationError(f"{place.path} cannot be written: {reason(error)}")


@contextmanager
def _standard_output(check: Callable[[], None] | None) -> Iterator[int]:
    fd = nameless(temporary_folder())
    try:
        yield fd
        if check:
            check()
        Source(fd=fd).copy_to(STANDARD_OUTPUT, 0, os.fstat(fd).st_size)
    except DestinationError as error:
        raise DestinationError(f"standard output {error}") from error
    finally:
        os.close(fd)
