"""Local files as sources. Opening one never blocks, even if it is a pipe or device."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from dicomtx.errors import SourceError
from dicomtx.storage.source import Source, reason

FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a FIFO must not hang


class Stat(NamedTuple):
    """The status of a source. As long as it does not change, the bytes have not changed.

    Attributes:
        size: size in bytes.
        mtime_ns: modification time, in nanoseconds since 1970.
        mode: the permission bits that a copy can have.
        file: the identity of the file, such as device and inode.
        version: values that change with the bytes and cannot be reset, such as ctime.
    """

    size: int = 0
    mtime_ns: int = 0
    mode: int = 0o7777
    file: tuple[object, ...] = ()
    version: tuple[object, ...] = ()


class LocalFile(NamedTuple):
    """A local file; the only kind of source that an output can replace."""

    path: str

    @property
    def name(self) -> str:
        """The path as given."""
        return self.path

    def absolute(self) -> "LocalFile":
        """Returns the same file with an absolute path."""
        return LocalFile(absolute(self.path))

    def stat(self) -> Stat | None:
        """Returns the status of the file; None if it does not exist.

        Raises:
            SourceError: the status cannot be read.
        """
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise _unreadable(error) from error
        file, version = (found.st_dev, found.st_ino), (found.st_ctime_ns,)
        mode = stat.S_IMODE(found.st_mode)
        return Stat(found.st_size, found.st_mtime_ns, mode, file, version)

    @contextmanager
    def open(self) -> Iterator[Source]:
        """Opens the file.

        Raises:
            SourceError: the file is missing, unreadable or a folder.
        """
        try:
            fd = os.open(self.path, FLAGS)
        except (OSError, ValueError) as error:
            raise _unreadable(error) from error
        try:
            if os.path.isdir(self.path):
                raise SourceError("is a folder; dicomtx batch converts folders")
            if not is_regular(fd):
                raise SourceError("is not a regular file; use - to read a pipe from standard input")
            yield source_of(fd)
        finally:
            os.close(fd)


def absolute(path: str) -> str:
    """Returns an absolute path. ``..`` after a symbolic link applies to its target."""
    if os.pardir in path.split(os.sep):
        folder, name = os.path.split(path)
        if name == os.pardir:
            return os.path.realpath(path)
        return os.path.join(os.path.realpath(folder), name)
    return os.path.abspath(path)


def source_of(fd: int) -> Source:
    """Returns an open file as a source, with its permission bits."""
    source = Source(fd=fd)
    source.mode = _mode(fd) & 0o777
    return source


def is_regular(fd: int) -> bool:
    """Returns whether an open file is a regular file, not a pipe or device."""
    return stat.S_ISREG(_mode(fd))


def _mode(fd: int) -> int:
    try:
        return os.fstat(fd).st_mode
    except OSError as error:
        raise _unreadable(error) from error


def _unreadable(error: OSError | ValueError) -> SourceError:
    if isinstance(error, ValueError):  # a NUL byte
        return SourceError(f"cannot be read: {error}")
    missing = error.errno == errno.ENOENT
    return SourceError(f"cannot be read: {'no such file' if missing else reason(error)}")
