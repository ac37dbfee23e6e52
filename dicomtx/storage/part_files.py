"""Files in the making: one rule for how they are named, locked and swept.

A part file has a random name, and its writer holds a lock on it. The kernel drops the lock when
the writer ends, however it ends. A part file is stale if, and only if, its lock can be taken. So it
does not matter who else writes the same file: another thread, container or host.

Linux turns the lock into one of the server on NFS (flock(2)). Where a file system has no locks, or
they hold on one host only (NFS with ``nolock``), a part file may stay behind, or may be swept under
its writer. The writer notices before it publishes, since the name no longer leads to its file.
"""

import fcntl
import os
import stat
from contextlib import suppress
from typing import Final, NamedTuple

MARK: Final = ".dicomtx-"
PART: Final = ".part"
STAGING: Final = ".staging"
TOKEN: Final = 8  # random bytes
LONGEST: Final = 200  # bytes of the target's name; a file name has at most 255
ATTEMPTS: Final = 100
FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class PartFile(NamedTuple):
    """A part file that this process writes; its lock is held until ``fd`` is closed."""

    path: str
    fd: int

    @property
    def is_there(self) -> bool:
        """Whether the name still leads to the file that was opened; OSError: nobody knows."""
        return _leads_to(self.path, self.fd)

    @property
    def folder(self) -> str:
        """The path of the staging folder that has the life of this part file."""
        return self.path.removesuffix(PART) + STAGING

    def close(self) -> None:
        """Removes the name, unless it leads elsewhere by now, then drops the lock."""
        try:
            with suppress(OSError):
                if self.is_there:
                    os.unlink(self.path)
        finally:
            with suppress(OSError):  # it has been synced, or is not wanted
                os.close(self.fd)


def start_of(name: str) -> str:
    """Returns how the names of a target's part files begin."""
    return f".{os.fsdecode(os.fsencode(name)[:LONGEST])}{MARK}"


def new_name(start: str = MARK) -> str:
    """Returns a new name for a part file."""
    return f"{start}{os.urandom(TOKEN).hex()}{PART}"


def is_ours(name: str) -> bool:
    """Whether a file or folder of this name is in the making."""
    head, mark, token = name.removesuffix(PART).removesuffix(STAGING).rpartition(MARK)
    made = name.endswith((PART, STAGING)) and name[:1] == "." and bool(mark)
    return made and bool(token) and set(token) <= set("0123456789abcdef") and "/" not in head


def create(target: str, mode: int) -> PartFile:
    """Returns a new part file beside ``target``, locked.

    Args:
        target: the path that the file may get.
        mode: permission bits; the umask takes its part, and the owner can always read and write.

    Raises:
        OSError: it cannot be made.
    """
    folder, name = os.path.split(target)
    for _ in range(ATTEMPTS):
        path = os.path.join(folder, new_name(start_of(name)))
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, mode | 0o600)
        part = PartFile(path, fd)
        try:
            if _lock(fd) is not False and part.is_there:
                return part
        except OSError:
            part.close()
            raise
        os.close(fd)  # somebody who sweeps was faster than the lock
    raise FileExistsError(f"part files beside {target} vanish as soon as they are made")


def sweep(folder: str, start: str = ".") -> None:
    """Removes the stale part files and staging folders in a folder whose names begin so."""
    try:
        names = [name for name in os.listdir(folder or ".") if name.startswith(start)]
    except OSError:
        return
    for name in filter(is_ours, names):
        path = os.path.join(folder, name)
        if name.endswith(PART):
            _sweep_part(path)
        elif not os.path.lexists(path.removesuffix(STAGING) + PART):  # it outlived its part file
            remove_folder(path)


def remove_folder(path: str) -> None:
    """Removes a folder and all in it, as far as it can be removed; it may not be there."""
    with suppress(OSError):
        top = os.open(path, FOLDER)
        try:
            _empty(top)
        finally:
            os.close(top)
        os.rmdir(path)


def _empty(top: int) -> None:
    """Removes all in a folder. What is deeper moves up first: depth costs no stack and no files."""
    waiting = os.listdir(top)
    while waiting:
        name = waiting.pop()
        with suppress(OSError):
            try:
                os.unlink(name, dir_fd=top)
            except (IsADirectoryError, PermissionError):
                waiting += _moved_up(name, top)
                os.rmdir(name, dir_fd=top)


def _moved_up(name: str, top: int) -> list[str]:
    """Removes the files in a folder, and returns the new names of its folders, now in ``top``."""
    moved = []
    folder = os.open(name, FOLDER, dir_fd=top)
    try:
        for inner in os.listdir(folder):
            with suppress(OSError):
                try:
                    os.unlink(inner, dir_fd=folder)
                except (IsADirectoryError, PermissionError):
                    new = os.urandom(TOKEN).hex()
                    os.rename(inner, new, src_dir_fd=folder, dst_dir_fd=top)
                    moved.append(new)
    finally:
        os.close(folder)
    return moved


def _sweep_part(path: str) -> None:
    """Removes a part file, and its staging folder, if the lock can be taken."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # not ours, or gone
        return
    part = PartFile(path, fd)
    stale: bool | None = False
    with suppress(OSError):
        stale = stat.S_ISREG(os.fstat(fd).st_mode) and _lock(fd)
    if stale:
        remove_folder(part.folder)
        part.close()
    else:
        os.close(fd)


def _lock(fd: int) -> bool | None:
    """Returns whether the lock could be taken; None: the file system has none."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # ENOLCK, EOPNOTSUPP, ...
        return None
    return True


def _leads_to(path: str, fd: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(fd))
    except FileNotFoundError:
        return False
