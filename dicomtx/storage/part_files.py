"""Names, locks and sweeps part files, which hold unfinished output.

A part file has a random name, and its writer holds a lock on it. The kernel drops the lock when
the writer ends for any reason. A part file is stale if and only if its lock can be acquired. So
other threads, containers and hosts can write the same target.

On NFS, Linux locks the file on the server (flock(2)). If a file system has no locks, or only local
ones (NFS with ``nolock``), a part file can stay behind, or can be swept while in use. The writer
notices this before it publishes, because the name no longer refers to its file.
"""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from dicomtx.deferred_signals import undisturbed

MARK: Final = ".dicomtx-"
PART: Final = ".part"
STAGING: Final = ".staging"
TOKEN: Final = 8  # random bytes
LONGEST: Final = 200  # bytes of the target's name; a file name can have 255
ATTEMPTS: Final = 100
MOST_SWEPT: Final = 10_000
NEW: Final = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC
FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_swept: set[str] = set()  # folders that this process has swept


class PartFile(NamedTuple):
    """A part file that this process writes. Its lock is held until ``fd`` is closed.

    Attributes:
        path: its path, or its name in the folder ``at``.
        fd: the open file.
        at: the descriptor of an open folder; None if ``path`` is a path.
    """

    path: str
    fd: int
    at: int | None = None

    @property
    def is_there(self) -> bool:
        """Whether the name still refers to the open file. Raises OSError if unknown."""
        try:
            found = os.stat(self.path, dir_fd=self.at, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(found, os.fstat(self.fd))

    @property
    def folder(self) -> str:
        """The path of the staging folder that is removed with this part file."""
        return self.path.removesuffix(PART) + STAGING

    def close(self) -> None:
        """Removes the name if it still refers to this file, then releases the lock."""
        try:
            with suppress(OSError):
                if self.is_there:
                    os.unlink(self.path, dir_fd=self.at)
        finally:
            with suppress(OSError):  # already synced, or discarded
                os.close(self.fd)


def start_of(name: str) -> str:
    """Returns the prefix of the names of a target's part files."""
    return f".{os.fsdecode(os.fsencode(name)[:LONGEST])}{MARK}"


def new_name(start: str = MARK) -> str:
    """Returns a new random name for a part file."""
    return f"{start}{os.urandom(TOKEN).hex()}{PART}"


def is_ours(name: str) -> bool:
    """Returns whether a name is that of a part file or staging folder."""
    head, mark, token = name.removesuffix(PART).removesuffix(STAGING).rpartition(MARK)
    made = name.endswith((PART, STAGING)) and name[:1] == "." and bool(mark)
    return made and bool(token) and set(token) <= set("0123456789abcdef") and "/" not in head


def create(target: str, mode: int, at: int | None = None) -> PartFile:
    """Creates a locked part file beside ``target``.

    Args:
        target: the final path of the file, or its name in the folder ``at``.
        mode: permission bits, subject to the umask. The owner can always read and write.
        at: the descriptor of an open folder.

    Raises:
        OSError: the file cannot be created.
    """
    folder, name = os.path.split(target)
    for _ in range(ATTEMPTS):
        path = os.path.join(folder, new_name(start_of(name)))
        fd = os.open(path, NEW, mode | 0o600, dir_fd=at)
        part = PartFile(path, fd, at)
        try:
            if _lock(fd) is not False and part.is_there:
                return part
        except OSError:
            part.close()
            raise
        os.close(fd)  # another process swept it before it was locked
    raise FileExistsError(f"another process keeps removing part files beside {target}")


@contextmanager
def closing(new: Callable[[], PartFile]) -> Iterator[PartFile]:
    """Yields a new part file and closes it at the end, at whatever moment a signal arrives.

    Args:
        new: creates the part file. It can raise any error.
    """
    part: PartFile | None = None
    try:
        with undisturbed():
            part = new()
        yield part
    finally:
        try:
            if part:
                part.close()
        except BaseException:  # a handler's, for a signal that arrived just now
            if part:
                part.close()
            raise


def sweep(folder: str, start: str = ".") -> None:
    """Removes stale part files and staging folders whose names begin with ``start``."""
    try:
        names = [name for name in os.listdir(folder or ".") if name.startswith(start)]
    except OSError:
        return
    for name in filter(is_ours, names):
        path = os.path.join(folder, name)
        if name.endswith(PART):
            _sweep_part(path)
        elif not os.path.lexists(path.removesuffix(STAGING) + PART):  # its part file is gone
            remove_folder(path)


def sweep_for(target: str) -> None:
    """Removes the stale part files of this target."""
    folder, name = os.path.split(os.path.realpath(target))
    sweep(folder, start_of(name))


def sweep_tree(place: str) -> None:
    """Removes all stale part files in a folder tree, or beside a file."""
    if not os.path.isdir(place):
        sweep(os.path.dirname(os.path.realpath(place)))
        return
    waiting = [place]
    while waiting:  # os.walk recurses before Python 3.12
        inner = waiting.pop()
        sweep(inner)
        with suppress(OSError), os.scandir(inner) as entries:
            waiting += (e.path for e in entries if e.is_dir(follow_symlinks=False))


def sweep_once(folder: str) -> None:
    """Sweeps a folder once per process, because listing is slow."""
    if folder in _swept:
        return
    if len(_swept) >= MOST_SWEPT:
        _swept.clear()
    _swept.add(folder)
    sweep(folder)


def remove_folder(path: str) -> None:
    """Removes a folder and its content as far as possible. A missing folder is not an error."""
    with suppress(OSError):
        top = os.open(path, FOLDER)
        try:
            _empty(top)
        finally:
            os.close(top)
        os.rmdir(path)


def _empty(top: int) -> None:
    """Empties a folder. Moves subfolders up first, so that depth needs no stack or descriptors."""
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
    """Removes the files in a folder. Moves its folders to ``top`` and returns their new names."""
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
    """Removes a part file and its staging folder, if its lock can be acquired."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # not accessible, or gone
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
    """Returns whether the lock was acquired; None if the file system has no locks."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # ENOLCK, EOPNOTSUPP, ...
        return None
    return True
