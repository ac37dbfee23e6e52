"""A remote object as a source: ranges that were read are kept in a bounded local spool."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from dicomtx.errors import SourceError
from dicomtx.storage.source import CHUNK, Source, nameless, reason, temporary_folder, write_all

BLOCK: Final = 1 << 14  # the smallest range; enough for most headers
AHEAD: Final = 8 << 20  # the largest range
SPOOL: Final = 1 << 30  # bytes of the spool; then it is emptied

Fetch = Callable[[int, int], bytes]


class RemoteSource(Source):
    """Bytes of a remote object, fetched by range."""

    def __init__(self, ranges: "Ranges", part: tuple[int, int]) -> None:
        """Reads offset and size ``part`` of the object."""
        super().__init__(fd=ranges.fd, part=part)
        self._ranges = ranges

    def within(self, offset: int, size: int) -> Source:
        """Returns a part of this source as a new source."""
        return RemoteSource(self._ranges, (self._start + offset, size))

    def peek(self, offset: int, size: int) -> bytes:
        """Returns up to ``size`` bytes."""
        return self.read(offset, size)

    def read(self, offset: int, size: int) -> bytes:
        """Returns up to ``size`` bytes, fewer only at the end. Thread-safe."""
        size = min(size, max(0, self.size - offset))
        return self._ranges.read(self._start + offset, size)

    def copy_to(self, fd: int, offset: int, size: int) -> None:
        """Copies ``size`` bytes from ``offset`` to ``fd``."""
        for data in self.chunks(offset, size):
            write_all(fd, data)


class Ranges:
    """The spool of one object.

    Reads that follow each other fetch larger and larger ranges, up to ``AHEAD``.

    Attributes:
        fd: the spool, with holes where nothing was fetched.
        fetched: how many bytes were fetched.
    """

    def __init__(self, fd: int, fetch: Fetch, size: int) -> None:
        """Starts with an empty spool."""
        self.fd = fd
        self.fetched = 0
        self._fetch = fetch
        self._size = size
        self._there = bytearray(size // BLOCK + 1)
        self._stored = 0
        self._next = 0
        self._ahead = BLOCK
        self._lock = threading.Lock()

    def read(self, offset: int, size: int) -> bytes:
        """Returns bytes, which must be inside the object."""
        if not size:
            return b""
        if size <= AHEAD:
            return self._piece(offset, size)
        found = bytearray()
        for start in range(offset, offset + size, AHEAD):
            found += self._piece(start, min(AHEAD, offset + size - start))
        return bytes(found)

    def _piece(self, offset: int, size: int) -> bytes:
        with self._lock:
            first, last = offset // BLOCK, (offset + size - 1) // BLOCK
            while (gap := self._there.find(0, first, last + 1)) >= 0:
                self._fill(gap, last)
            try:
                return os.pread(self.fd, size, offset)
            except OSError as error:
                raise SourceError(f"cannot be read: {reason(error)}") from error

    def _fill(self, first: int, last: int) -> None:
        """Fetches blocks from ``first`` on."""
        start = first * BLOCK
        self._ahead = min(self._ahead * 2, AHEAD) if start == self._next else BLOCK
        end = min(max((last + 1) * BLOCK, start + self._ahead), start + 2 * AHEAD, self._size)
        there = self._there.find(1, first, -(-end // BLOCK))
        if there > 0:
            end = there * BLOCK
        if self._stored + end - start > SPOOL:
            os.ftruncate(self.fd, 0)
            self._there = bytearray(len(self._there))
            self._stored = 0
        start, data = self._fetched(start, end)
        _put(self.fd, data, start)
        blocks = range(start // BLOCK, -(-(start + len(data)) // BLOCK))
        self._there[blocks.start : blocks.stop] = b"\1" * len(blocks)
        self._stored += len(data)
        self._next = start + len(data)

    def _fetched(self, start: int, end: int) -> tuple[int, bytes]:
        """Returns a range, and where it starts: a server without ranges sends the whole object."""
        data = self._fetch(start, end)
        self.fetched += len(data)
        if len(data) == self._size:
            start, end = 0, self._size
        if len(data) != end - start:
            was = f"{len(data)} of {end - start} bytes"
            raise SourceError(f"was truncated while it was read: {was} are there")
        return start, data


@contextmanager
def opened_ranges(fetch: Fetch, size: int) -> Iterator[RemoteSource]:
    """Yields an object of ``size`` bytes as a source."""
    fd = nameless(temporary_folder())
    try:
        yield RemoteSource(Ranges(fd, fetch, size), (0, size))
    finally:
        os.close(fd)


def _put(fd: int, data: bytes, offset: int) -> None:
    try:
        for start in range(0, len(data), CHUNK):
            os.pwrite(fd, data[start : start + CHUNK], offset + start)
    except OSError as error:
        raise SourceError(f"cannot be read: no room for the spool: {reason(error)}") from error
