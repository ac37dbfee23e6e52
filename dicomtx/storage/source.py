"""Sources for reading at any offset, and spools that are written once and then read."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import ClassVar, Final, Self

from dicomtx.errors import DestinationError, DicomtxError, SourceError
from dicomtx.limits import in_force
from dicomtx.storage import part_files
from dicomtx.storage.file_position import empty, seek
from dicomtx.urls import is_url

WINDOW: Final = 1 << 16
FAR: Final = 512  # bytes to read around a small read that is far from the last one
CHUNK: Final = 1 << 20
IN_MEMORY: Final = 8 << 20
AT_ONCE: Final = 64  # parts; the system limit is 1024
STANDARD_STREAM: Final = "-"


class Source:
    """Bytes that can be read at any offset, from a file (by pread) or from memory.

    Attributes:
        size: size in bytes.
        mode: the permission bits of the file. Pipes and spools have those of a new file.
    """

    failure: ClassVar[type[DicomtxError]] = SourceError

    def __init__(
        self,
        data: bytes | bytearray | memoryview = b"",
        fd: int = -1,
        part: tuple[int, int] | None = None,
    ) -> None:
        """Reads from ``data``, or from the file ``fd``, which is not closed here.

        Args:
            data: bytes in memory.
            fd: a file descriptor, if not negative.
            part: offset and size of the part of the file to use; None means all of it.
        """
        self.limits = in_force()
        self.ends: dict[int, int] = {}  # ends of deeply nested sequences and items, by start
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
        """Returns a part of this source as a new source. It must be inside this source."""
        if self._fd < 0:
            return type(self)(self._data[offset : offset + size])
        source = type(self)(fd=self._fd, part=(self._start + offset, size))
        source.mode = self.mode
        return source

    def peek(self, offset: int, size: int) -> bytes:
        """Returns up to ``size`` bytes. Small reads close together share one system call."""
        start = offset - self._at
        if start >= 0 and start + size <= len(self._window):
            return self._window[start : start + size]
        if self._fd < 0 or size >= WINDOW:
            return self.read(offset, size)
        room = WINDOW if 0 <= start < WINDOW else max(size, FAR)
        self._window, self._at = self.read(offset, room), offset
        return self._window[:size]

    def read(self, offset: int, size: int) -> bytes:
        """Returns up to ``size`` bytes, fewer only at the end. Thread-safe."""
        if self._fd < 0:
            return bytes(self._data[offset : offset + size])
        if self._part:
            size = min(size, max(0, self.size - offset))
        offset += self._start
        try:
            data = os.pread(self._fd, size, offset)
            while len(data) < size:  # the kernel reads at most 2 GiB at once
                more = os.pread(self._fd, size - len(data), offset + len(data))
                if not more:
                    break
                data += more
        except OSError as error:
            raise self.failure(f"cannot be read: {reason(error)}") from error
        return data

    def read_into(self, parts: Sequence[memoryview], offset: int) -> None:
        """Fills buffers with the bytes from ``offset``, one after the other.

        Raises:
            SourceError: the source was truncated while it was read.
        """
        size = sum(map(len, parts))
        if self._fd >= 0 and offset + size <= self.size:
            with suppress(OSError):  # read() below reports the error
                if os.preadv(self._fd, parts, self._start + offset) == size:
                    return
        data = memoryview(self.read(offset, size))
        if len(data) < size:
            raise self.failure("was truncated while it was read")
        for part in parts:
            part[:], data = data[: len(part)], data[len(part) :]

    def chunks(self, offset: int, size: int) -> Iterator[bytes]:
        """Yields bytes in chunks of 1 MiB, which never split a word before the end.

        Raises:
            SourceError: the source was truncated while it was read.
        """
        while size:
            data = self.read(offset, min(size, CHUNK))
            if not data:
                raise SourceError("was truncated while it was read")
            yield data
            offset += len(data)
            size -= len(data)

    def is_at(self, fd: int, offset: int) -> int:
        """Returns where byte ``offset`` is in the file ``fd``; -1 if this is another file."""
        return self._start + offset if self._fd == fd else -1

    def copy_to(self, fd: int, offset: int, size: int) -> None:
        """Copies ``size`` bytes from ``offset`` to ``fd``, inside the kernel if possible."""
        if self._fd < 0 and offset + size <= self.size:
            write_all(fd, self._data[offset : offset + size])
            return
        if self._fd >= 0 and size > WINDOW:
            with suppress(OSError):  # not supported for pipes; the loop below continues
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
    """A written output, opened to read it back."""

    failure = DestinationError


class Spool:
    """Bytes that are written once in order, then read at any offset.

    Small content stays in memory. Large content goes to the output itself if its place there is
    known, otherwise to an unnamed file.
    """

    def __init__(self, folder: str, in_memory: int = IN_MEMORY, output: int = -1) -> None:
        """Creates an empty spool.

        Args:
            folder: the folder of the unnamed file.
            in_memory: the most bytes to keep in memory.
            output: the descriptor of the output, if there is one.
        """
        self._folder = folder
        self._in_memory = in_memory
        self._output = output
        self._parts: list[bytes | bytearray | memoryview] = []
        self._fd = -1
        self._start = 0  # where the content begins in its file
        self.size = 0

    @property
    def in_output(self) -> bool:
        """Whether the content is in the output already."""
        return self._fd >= 0 and self._fd == self._output

    def write(self, *parts: bytes | bytearray | memoryview) -> None:
        """Appends the parts, which must not change afterwards: small content is not copied."""
        self.size += sum(map(len, parts))
        if self._fd >= 0:
            write_parts(self._fd, parts)
            return
        self._parts.extend(parts)
        if self.size > self._in_memory:
            self._fd = self._output if self._start else nameless(self._folder)
            seek(self._fd, self._start)
            write_parts(self._fd, self._parts)
            self._parts.clear()

    def reset(self, start: int = 0) -> None:
        """Discards all content.

        Args:
            start: where the next content will begin in the output; 0 if that is not known.
        """
        if self._fd >= 0:
            empty(self._fd)
        self.close()
        self.size = 0
        self._start = start if self._output >= 0 else 0

    def leave_output(self) -> None:
        """Moves the content from the output to an unnamed file, and empties the output."""
        content, self._fd, self._start = self.source(), nameless(self._folder), 0
        content.copy_to(self._fd, 0, self.size)
        empty(self._output)

    def source(self) -> Source:
        """Returns the content as a source, valid until the spool is closed."""
        if self._fd < 0:
            return Source(self._parts[0] if len(self._parts) == 1 else b"".join(self._parts))
        return Source(fd=self._fd, part=(self._start, self.size))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Frees memory and disk space; leaves the output alone."""
        if self._fd >= 0 and not self.in_output:
            os.close(self._fd)
        self._fd = -1
        self._parts.clear()


def nameless(folder: str) -> int:
    """Creates an unnamed file in ``folder`` and returns its descriptor."""
    try:
        with suppress(OSError, AttributeError):
            return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
        path = os.path.join(folder, part_files.new_name())
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        os.unlink(path)
    except OSError as error:
        raise DestinationError(f"no temporary file in {folder}: {reason(error)}") from error
    return fd


def write_all(fd: int, data: bytes | bytearray | memoryview) -> None:
    """Writes all of ``data``.

    Raises:
        DestinationError: the data cannot be written, such as to a full disk or a closed pipe.
    """
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view[: 1 << 30]) :]
    except BrokenPipeError as error:
        raise DestinationError("was closed before all output was written") from error
    except OSError as error:
        raise DestinationError(f"cannot be written: {reason(error)}") from error


def write_parts(fd: int, parts: Sequence[bytes | bytearray | memoryview]) -> None:
    """Writes the parts in order, with one system call if they are few."""
    done = 0
    if len(parts) <= AT_ONCE:
        with suppress(OSError):  # write_all below reports the error
            done = os.writev(fd, parts)
    for part in parts:
        if done < len(part):
            write_all(fd, memoryview(part)[done:])
        done = max(done - len(part), 0)


def reason(error: OSError) -> str:
    """Returns the system's error message, without number and path."""
    return (error.strerror or str(error)).lower()


def temporary_folder() -> str:
    """Returns the folder for spools that do not belong to a destination."""
    return os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - spools are unnamed


def working_place(target: str) -> str:
    """Returns the path beside which the work on a target is done: where a link to it leads."""
    if target == STANDARD_STREAM or is_url(target):
        return os.path.join(temporary_folder(), "result")
    return os.path.realpath(target)
