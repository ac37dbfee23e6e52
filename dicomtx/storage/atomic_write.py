"""Writes outputs that appear complete or not at all."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from dicomtx.errors import DestinationError
from dicomtx.storage import part_files
from dicomtx.storage.part_files import PartFile
from dicomtx.storage.source import STANDARD_STREAM, Source, nameless, reason, temporary_folder

STANDARD_OUTPUT: Final = 1
ANY_MODE: Final = 0o7777
PRIVATE: Final = 0o600
NOT_SYNCED: Final = (errno.EINVAL, errno.ENOTSUP)  # errors of file systems without fsync


@contextmanager
def atomic_write(
    path: str,
    *,
    overwrite: bool,
    sync: bool = True,
    mode: int = ANY_MODE,
    check: Callable[[], None] | None = None,
    follow: bool = True,
) -> Iterator[int]:
    """Yields a descriptor to write to. The complete file appears at the end of the block.

    The part file is beside the target. On any error it is removed and the target is unchanged. For
    ``-``, a spool is copied to standard output.

    Args:
        path: the target.
        overwrite: whether to replace an existing target; it keeps its owner.
        sync: whether to sync, so that the file survives a power failure.
        mode: the most permission bits that the target can have.
        check: called just before the target appears. If it raises, the target does not appear.
        follow: whether to replace the target of a symbolic link; otherwise the link is replaced.

    Raises:
        DestinationError: the target exists and ``overwrite`` is false, or cannot be written.
    """
    if path == STANDARD_STREAM:
        with _standard_output(check) as fd:
            yield fd
        return
    if not path or "\0" in path:
        raise DestinationError(f"{path!r} is not a file name")
    target = _target(path, follow=follow)
    part_files.sweep_once(os.path.dirname(target))
    if not overwrite and os.path.lexists(path):
        raise DestinationError(f"{path} already exists; use --overwrite to replace it")
    _check_place(target)
    part = _new_part(target, mode)
    try:
        try:
            yield part.fd
            _sync(part.fd, wanted=sync)
        except DestinationError as error:
            raise DestinationError(f"{path} {error}") from error
        if check:
            check()
        _put_in_place(part.path, target, overwrite=overwrite, written=part)
    finally:
        part.close()
    _sync_folder(target, wanted=sync)


def _target(path: str, *, follow: bool) -> str:
    """Returns the real path of the output."""
    if follow:
        return os.path.realpath(path)
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


def _check_place(path: str) -> None:
    """Checks that an existing target is a file, because replacing a device would be a disaster."""
    with suppress(OSError):
        mode = os.lstat(path).st_mode
        if stat.S_ISDIR(mode):
            raise DestinationError(f"{path} is a folder; name a file in it")
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise DestinationError(f"{path} is a device, pipe or socket; name a file")


def _new_part(target: str, mode: int) -> PartFile:
    """Returns a part file with the permissions that the target will have."""
    try:
        before = _status(target)
        part = part_files.create(target, mode & 0o666)
        if before:
            _resemble(part.fd, before, mode)
        elif mode & 0o600 != 0o600:  # a mode that the owner cannot read or write
            os.chmod(part.fd, os.fstat(part.fd).st_mode & mode)
    except OSError as error:
        folder = os.path.dirname(target)
        raise DestinationError(f"cannot write to {folder}: {reason(error)}") from error
    return part


def _status(path: str) -> os.stat_result | None:
    """Returns the status of a file; None if it does not exist or is a symbolic link.

    A name that is too long raises OSError.
    """
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    return None if stat.S_ISLNK(status.st_mode) else status


def _resemble(file: int | str, before: os.stat_result, mode: int) -> None:
    """Copies owner and mode of the replaced file, as far as permitted."""
    with suppress(OSError):
        os.chown(file, before.st_uid, before.st_gid)  # before chmod, because it can clear mode bits
    with suppress(OSError):
        os.chmod(file, before.st_mode & mode)


def usual_mode(path: str) -> int:
    """Returns the mode of the file, or the mode that a new file would get."""
    target = os.path.realpath(path)
    try:
        before = _status(target)
        if before:
            return stat.S_IMODE(before.st_mode)
        part = part_files.create(target, 0o666)
    except OSError as error:
        raise DestinationError(f"cannot write to {path}: {reason(error)}") from error
    try:
        return stat.S_IMODE(os.fstat(part.fd).st_mode)
    finally:
        part.close()


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


def adopt(
    file: str,
    path: str,
    *,
    overwrite: bool,
    mode: int = ANY_MODE,
    check: Callable[[], None] | None = None,
    follow: bool = True,
) -> None:
    """Moves a complete file on the same file system to ``path``.

    The arguments are those of ``atomic_write``. The file must have been synced.

    Raises:
        DestinationError: ``path`` exists and ``overwrite`` is false, or cannot be written.
    """
    target = _target(path, follow=follow)
    with suppress(OSError):
        before = _status(target)
        if before:
            _resemble(file, before, mode)
    if check:
        check()
    _put_in_place(file, target, overwrite=overwrite)
    _sync_folder(target, wanted=True)


def _sync(fd: int, *, wanted: bool) -> None:
    try:
        if wanted:
            os.fsync(fd)
    except OSError as error:
        if error.errno not in NOT_SYNCED:
            raise DestinationError(f"cannot be written: {reason(error)}") from error


def _sync_folder(target: str, *, wanted: bool) -> None:
    """Syncs the folder, so that the name of a new file survives a power failure."""
    if not wanted:
        return
    try:
        fd = os.open(os.path.dirname(target), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
    except PermissionError:  # a folder that can be written, but not listed
        return
    except OSError as error:
        if error.errno not in NOT_SYNCED:
            told = f"{target} is written, but cannot be synced to disk: {reason(error)}"
            raise DestinationError(told) from error


def _put_in_place(
    part: str, target: str, *, overwrite: bool, written: PartFile | None = None
) -> None:
    try:
        if written and not written.is_there:
            raise DestinationError(f"{target}: another process removed the part file; try again")
        if overwrite:
            os.replace(part, target)
            return
        try:
            os.link(part, target)  # fails if the target was made in the meantime
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            if os.path.lexists(target):
                raise FileExistsError(errno.EEXIST, "already exists") from None
            os.replace(part, target)
    except FileExistsError as error:
        raise DestinationError(f"{target} already exists; use --overwrite to replace it") from error
    except OSError as error:
        raise DestinationError(f"{target} cannot be written: {reason(error)}") from error


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
