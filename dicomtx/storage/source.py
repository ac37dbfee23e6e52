"""Bytes by position: sources to read, spools to write once and then read."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import ClassVar, Final, Self

from dicomtx.errors import DestinationError, DicomtxError, SourceError
from dicomtx.limits import in_force
from dicomtx.storage import part_files

WINDOW: Final = 1 << 16
FAR: Final = 512  # bytes around a small read that is far from the last one
CHUNK: Final = 1 << 20
IN_MEMORY: Final = 8 << 20
AT_ONCE: Final = 64  # parts; the system takes 1024
STANDARD_STREAM: Final = "-"


class Source:
    """Bytes that can be read at any position: of a file by pread, or what is in memory.

    Attributes:
        size: in bytes.
        mode: the permission bits of the file; of a pipe or spool, those of any new file.
    """

    failure: ClassVar[type[DicomtxError]] = SourceError

    def __init__(
        self,
        data: bytes | bytearray | memoryview = b"",
        fd: int = -1,
        part: tuple[int, int] | None = None,
    ) -> None:
        """Reads ``data``, or the file behind ``fd`` (not closed here).

        Args:
            data: what is in memory.
            fd: a file, if it is not negative.
            part: offset and size of the part of the file that is the source; None is all of it.
        """
        self.limits = in_force()
        self.ends: dict[int, int] = {}  # of sequences and items deep inside, by where they begin
        self._data = memoryview(data)
        self._fd = fd
        self._window = b""
        self._at = 0
        self._start, self._part = part[0] if part else 0, part is not None
        self.mode = 0o666
        self.size = part[1] if part else len(data) if fd < 0 else self._status().st_size

    def _status(self) -> os.stat_result:
        try:
            return os.fstat(self._fd)
        except OSError as error:
            raise self.failure(f"cannot be read: {reason(error)}") from error

    def within(self, offset: int, size: int) -> "Source":
        """Returns a part of this source as one of its own; it must lie in it."""
        if self._fd < 0:
            return type(self)(self._data[offset : offset + size])
        source = type(self)(fd=self._fd, part=(self._start + offset, size))
        source.mode = self.mode
        return source

    def peek(self, offset: int, size: int) -> bytes:
        """Returns up to ``size`` bytes; small reads near each other cost one system call."""
        start = offset - self._at
        if start >= 0 and start + size <= len(self._window):
            return self._window[start : start + size]
        if self._fd < 0 or size >= WINDOW:
            return self.read(offset, size)
        room = WINDOW if 0 <= start < WINDOW else max(size, FAR)
        self._window, self._at = self.read(offset, room), offset
        return self._window[:size]

    def read(self, offset: int, size: int) -> bytes:
        """Returns up to ``size`` bytes: fewer only at the end. May be called by several threads."""
        if self._fd < 0:
            return bytes(self._data[offset : offset + size])
        if self._part:
            size = min(size, max(0, self.size - offset))
        offset += self._start
        try:
            data = os.pread(self._fd, size, offset)
            while len(data) < size:  # the kernel gives at most 2 GiB at once
                more = os.pread(self._fd, size - len(data), offset + len(data))
                if not more:
                    break
                data += more
        except OSError as error:
            raise self.failure(f"cannot be read: {reason(error)}") from error
        return data

    def chunks(self, offset: int, size: int) -> Iterator[bytes]:
        """Yields the bytes from ``offset`` in pieces of 1 MiB: no word is cut but at the end.

        Raises:
            SourceError: the source became shorter.
        """
        while size:
            data = self.read(offset, min(size, CHUNK))
            if not data:
                raise SourceError("became shorter while it was read")
            yield data
            offset += len(data)
            size -= len(data)

    def copy_to(self, fd: int, offset: int, size: int) -> None:
        """Writes ``size`` bytes from ``offset`` to ``fd``, by the kernel where it can."""
        if self._fd < 0 and offset + size <= self.size:
            write_all(fd, self._data[offset : offset + size])
            return
        if self._fd >= 0 and size > WINDOW:
            with suppress(OSError):  # other file systems, pipes: the plain way does the rest
                while size and offset + size <= self.size:
                    start = self._start + offset
                    done = os.copy_file_range(self._fd, fd, min(size, 1 << 30), start)
                    if not done:
                        break
                    offset += done
                    size -= done
        for data in self.chunks(offset, size):
            write_all(fd, data)


class Written(Source):
    """What was written, to be read back."""

    failure = DestinationError


class Spool:
    """Bytes that are written once from front to back, then read by position.

    What is small stays in memory; the rest goes to a file that has no name.
    """

    def __init__(self, folder: str, in_memory: int = IN_MEMORY) -> None:
        """Makes an empty spool; past ``in_memory`` bytes it is a file in ``folder``."""
        self._folder = folder
        self._in_memory = in_memory
        self._parts: list[bytes] = []
        self._fd = -1
        self.size = 0

    def write(self, *parts: bytes | bytearray | memoryview) -> None:
        """Appends the parts."""
        self.size += sum(map(len, parts))
        if self._fd >= 0:
            write_parts(self._fd, parts)
            return
        self._parts.extend(map(bytes, parts))
        if self.size > self._in_memory:
            self._fd = nameless(self._folder)
            write_parts(self._fd, self._parts)
            self._parts.clear()

    def reset(self) -> None:
        """Forgets what was written."""
        self._parts.clear()
        self.size = 0
        if self._fd >= 0:
            os.lseek(self._fd, 0, os.SEEK_SET)
            os.ftruncate(self._fd, 0)

    def source(self) -> Source:
        """Returns what was written, to be read until the spool is closed."""
        return Source(fd=self._fd) if self._fd >= 0 else Source(b"".join(self._parts))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives the space back."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
        self._parts.clear()


def nameless(folder: str) -> int:
    """Returns a descriptor of a new file in ``folder`` that has no name."""
    try:
        with suppress(OSError, AttributeError):
            return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
        path = os.path.join(folder, part_files.new_name())
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        os.unlink(path)
    except OSError as error:
        raise DestinationError(f"no room to work in {folder}: {reason(error)}") from error
    return fd


def write_all(fd: int, data: bytes | bytearray | memoryview) -> None:
    """Writes all of ``data``.

    Raises:
        DestinationError: no space, a closed pipe, ...
    """
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view[: 1 << 30]) :]
    except BrokenPipeError as error:
        raise DestinationError("was closed before all was written") from error
    except OSError as error:
        raise DestinationError(f"cannot be written: {reason(error)}") from error


def write_parts(fd: int, parts: Sequence[bytes | bytearray | memoryview]) -> None:
    """Writes the parts one behind the other, by one system call where they are few and short."""
    done = 0
    if len(parts) <= AT_ONCE:
        with suppress(OSError):  # the plain way says what is wrong
            done = os.writev(fd, parts)
    for part in parts:
        if done < len(part):
            write_all(fd, memoryview(part)[done:])
        done = max(done - len(part), 0)


def reason(error: OSError) -> str:
    """Returns what the system says, without number and path."""
    return (error.strerror or str(error)).lower()


@contextmanager
def open_source(path: str) -> Iterator[Source]:
    """Opens a file, or standard input for ``-`` (spooled, since it has no positions).

    Raises:
        SourceError: it is missing, unreadable or a folder.
    """
    if path == STANDARD_STREAM:
        with _standard_input() as source:
            yield source
        return
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO must not hang
    except ValueError as error:  # a NUL byte
        raise SourceError(f"cannot be read: {error}") from error
    except OSError as error:
        hint = "there is no such file" if error.errno == errno.ENOENT else reason(error)
        raise SourceError(f"cannot be read: {hint}") from error
    try:
        if os.path.isdir(path):
            raise SourceError("is a folder; dicomtx batch converts folders")
        if not _is_regular(fd):
            raise SourceError("is not a regular file; use - to read a pipe from standard input")
        yield _file(fd)
    finally:
        os.close(fd)


def _file(fd: int) -> Source:
    source = Source(fd=fd)
    source.mode = _mode(fd) & 0o777
    return source


def _is_regular(fd: int) -> bool:
    return _mode(fd) & 0o170000 == 0o100000


def _mode(fd: int) -> int:
    try:
        return os.fstat(fd).st_mode
    except OSError as error:
        raise SourceError(f"cannot be read: {reason(error)}") from error


@contextmanager
def _standard_input() -> Iterator[Source]:
    fd = 0
    if _is_regular(fd) and os.lseek(fd, 0, os.SEEK_CUR) == 0:
        yield _file(fd)
        return
    spool = Spool(temporary_folder())
    try:
        while data := os.read(fd, CHUNK):
            spool.write(data)
        yield spool.source()
    finally:
        spool.close()


def temporary_folder() -> str:
    """Returns where spools go that belong to no destination."""
    return os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - spools there have no name
