"""Outputs that appear whole or not at all."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from dicomtx.errors import DestinationError
from dicomtx.sources import STANDARD_STREAM, Source, nameless, reason, temporary_folder

STANDARD_OUTPUT: Final = 1


@contextmanager
def atomic_write(
    path: str, *, overwrite: bool, sweep: bool = True, sync: bool = True
) -> Iterator[int]:
    """Yields a descriptor; the file appears under its name, whole, when the block is left.

    The part file stands beside the target. On any error it is gone and the target untouched. For
    ``-`` it is a spool that is copied to standard output. Part files that another process left for
    this target are removed first, unless ``sweep`` is false. Without ``sync`` it may not
    outlive a power cut.

    Raises:
        DestinationError: the target exists and ``overwrite`` is false, or cannot be written.
    """
    if path == STANDARD_STREAM:
        with _standard_output() as fd:
            yield fd
        return
    if not path or "\0" in path:
        raise DestinationError(f"{path!r} is no name of a file")
    if not overwrite and os.path.lexists(path):
        raise DestinationError(f"{path} exists already; use --overwrite to replace it")
    _check_place(path)
    target = os.path.realpath(path)  # an existing link keeps pointing to the file
    if sweep:
        sweep_for(target)
    part, fd = _open_part(target)
    try:
        try:
            yield fd
            _sync(fd, wanted=sync)
        except DestinationError as error:
            raise DestinationError(f"{path} {error}") from error
        finally:
            os.close(fd)
        _put_in_place(part, target, overwrite=overwrite)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise


def _check_place(path: str) -> None:
    """Checks that what is there, if anything is, is a file: to replace a device is a disaster."""
    with suppress(OSError):
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise DestinationError(f"{path} is a folder; name a file in it")
        if not stat.S_ISREG(mode):
            raise DestinationError(f"{path} is a device, pipe or socket; name a file")


def _open_part(target: str) -> tuple[str, int]:
    folder, name = os.path.split(target)
    part = os.path.join(folder, f"{_part_start(name)}{os.getpid()}.part")
    try:
        before = _status(target)
        fd = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o666)
        if before:
            _resemble(fd, before)
    except OSError as error:
        raise DestinationError(f"cannot write to {folder or '.'}: {reason(error)}") from error
    return part, fd


def _status(path: str) -> os.stat_result | None:
    """Returns what a file is, None if there is none; a name that is too long is an OSError."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _resemble(file: int | str, before: os.stat_result) -> None:
    """Gives a file the owner and the mode of the one that it replaces, where that is allowed."""
    with suppress(OSError):
        os.chown(file, before.st_uid, before.st_gid)  # first: it may take away bits of the mode
    with suppress(OSError):
        os.chmod(file, before.st_mode & 0o7777)


def _part_start(name: str) -> str:
    """Returns how the names of a target's part files begin: as it does, if that is not too long."""
    return f".{os.fsdecode(os.fsencode(name)[:200])}.dicomtx-"


def make_folder(folder: str) -> None:
    """Makes a folder, and those above it, if they are not there.

    Raises:
        DestinationError: it cannot be made.
    """
    try:
        os.makedirs(folder or ".", exist_ok=True)
    except OSError as error:
        raise DestinationError(f"cannot make {folder}: {reason(error)}") from error


def sweep_for(target: str) -> None:
    """Removes the part files of this target whose process is gone."""
    folder, name = os.path.split(os.path.realpath(target))
    _sweep(folder or ".", _part_start(name))


def sweep_tree(folder: str) -> None:
    """Removes all part files in a folder, and below, whose process is gone."""
    for inner, _, _ in os.walk(folder):
        _sweep(inner, ".")


def _sweep(folder: str, start: str) -> None:
    try:
        names = [n for n in os.listdir(folder) if n.startswith(start) and n.endswith(".part")]
    except OSError:
        return
    for name in names:
        _, found, pid = name.removesuffix(".part").rpartition(".dicomtx-")
        stale = found and pid.isdigit() and (int(pid) == os.getpid() or not _runs(pid))
        if stale:
            with suppress(OSError):
                os.unlink(os.path.join(folder, name))


def _runs(pid: str) -> bool:
    """Whether a process is there; one that ended and that nobody has asked for (Z) is not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def part_beside(path: str, what: str) -> str:
    """Returns a name for what may yet become ``path``; it is swept as part files are."""
    folder, name = os.path.split(os.path.realpath(path))
    return os.path.join(folder, f"{_part_start(name)}{what}.dicomtx-{os.getpid()}.part")


def adopt(part: str, path: str, *, overwrite: bool) -> None:
    """Puts a whole file that is beside ``path`` in its place, with the mode of what was there.

    Raises:
        DestinationError: ``path`` exists and ``overwrite`` is false, or cannot be written.
    """
    target = os.path.realpath(path)
    with suppress(OSError):
        before = _status(target)
        if before:
            _resemble(part, before)
    _put_in_place(part, target, overwrite=overwrite)


def _sync(fd: int, *, wanted: bool) -> None:
    try:
        if wanted:
            os.fsync(fd)
    except OSError as error:
        if error.errno != errno.EINVAL:  # not a file that can be synced
            raise DestinationError(f"cannot be written: {reason(error)}") from error


def _put_in_place(part: str, target: str, *, overwrite: bool) -> None:
    try:
        if overwrite:
            os.replace(part, target)
            return
        try:
            os.link(part, target)  # fails if somebody made the target meanwhile
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if os.path.lexists(target):
                raise FileExistsError(errno.EEXIST, "exists already") from None
            os.replace(part, target)
            return
        os.unlink(part)
    except FileExistsError as error:
        raise DestinationError(f"{target} exists already; use --overwrite to replace it") from error
    except OSError as error:
        raise DestinationError(f"cannot be put in place: {reason(error)}") from error


@contextmanager
def _standard_output() -> Iterator[int]:
    fd = nameless(temporary_folder())
    try:
        yield fd
        Source(fd=fd).copy_to(STANDARD_OUTPUT, 0, os.fstat(fd).st_size)
    finally:
        os.close(fd)
