"""Output as a list of byte strings and spans of sources, assembled without copying them."""

import os
from array import array
from collections.abc import Iterator
from typing import Final, NamedTuple

from dicomtx.storage.file_position import seek
from dicomtx.storage.source import Source, write_all

WORDS: Final = (
    dict.fromkeys(("AT", "OW", "SS", "US"), 2)
    | dict.fromkeys(("FL", "OF", "OL", "SL", "UL"), 4)
    | dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8)
)
"""The word size in bytes of the VRs that consist of words."""

LONG: Final = 1 << 16
SHORT: Final = 64
"""Up to this number of bytes, a copy needs less memory than a span."""


class Span(NamedTuple):
    """Bytes of a source, to be swapped in words of ``word`` bytes."""

    source: Source
    offset: int
    size: int
    word: int


class Room(NamedTuple):
    """Bytes of a rope that are still missing."""

    buffer: bytearray
    at: int

    def fill(self, data: bytes) -> None:
        """Sets the bytes; there must be as many as were reserved."""
        self.buffer[self.at : self.at + len(data)] = data


class Rope:
    """A list of byte strings and spans, and its size in bytes."""

    def __init__(self) -> None:
        """Starts empty."""
        self._pieces: list[bytes | bytearray | Span] = []
        self._joined: bytearray | None = None  # the piece that collects short ones
        self.size = 0

    def add(self, data: bytes | bytearray) -> None:
        """Appends bytes. Short ones are joined, as there may be millions."""
        if len(data) > SHORT:
            self._pieces.append(data)
        else:
            self._short().extend(data)
        self.size += len(data)

    def reserve(self, size: int = 4) -> Room:
        """Appends bytes to be filled in later."""
        joined = self._short()
        room = Room(joined, len(joined))
        joined.extend(bytes(size))
        self.size += size
        return room

    def _short(self) -> bytearray:
        """Returns the last piece if it collects short ones, otherwise a new piece that does."""
        last = self._pieces[-1] if self._pieces else None
        if self._joined is None or last is not self._joined or len(last) > LONG:
            self._joined = bytearray()
            self._pieces.append(self._joined)
        return self._joined

    def span(self, source: Source, offset: int, size: int, word: int = 1) -> None:
        """Appends bytes of a source; adjacent spans are merged."""
        last = self._pieces[-1] if self._pieces else None
        if (
            isinstance(last, Span)
            and last.source is source
            and last.offset + last.size == offset
            and last.word == word == 1
        ):
            self._pieces[-1] = Span(source, last.offset, last.size + size, 1)
        else:
            self._pieces.append(Span(source, offset, size, word))
        self.size += size

    def value(self, source: Source, offset: int, size: int, word: int) -> None:
        """Appends bytes of a source that no others adjoin: as a copy if they are few."""
        raw = source.peek(offset, size) if size <= SHORT else b""
        if len(raw) == size:
            self.add(swapped(raw, word))
        else:  # also if the source was truncated, which ``chunks`` reports
            self.span(source, offset, size, word)

    def extend(self, other: "Rope") -> None:
        """Appends another rope."""
        self._pieces += other._pieces  # noqa: SLF001 - its own kind
        other._joined = None  # noqa: SLF001 - a piece of both collects nothing more
        self.size += other.size

    def chunks(self) -> Iterator[bytes | bytearray]:
        """Yields all bytes; those of sources in pieces of at most 1 MiB."""
        for piece in self._pieces:
            if isinstance(piece, Span):
                for data in piece.source.chunks(piece.offset, piece.size):
                    yield swapped(data, piece.word)
            else:
                yield piece

    def outline(self) -> Iterator[bytes | bytearray | int]:
        """Yields the byte strings, and the size of each span instead of its bytes."""
        for piece in self._pieces:
            yield piece.size if isinstance(piece, Span) else piece

    def write_to(self, fd: int) -> None:
        """Writes all bytes; the kernel copies long spans, and short pieces are written together.

        A span of the file itself was written before, and is skipped.
        """
        short = _Gathered(fd)
        for piece in self._pieces:
            if not isinstance(piece, Span):
                short.add(piece)
            elif (place := piece.source.is_at(fd, piece.offset)) >= 0:
                short.flush()
                if seek(fd, 0, os.SEEK_CUR) != place or piece.word != 1:
                    raise AssertionError("what was written before is at the wrong place")
                seek(fd, piece.size, os.SEEK_CUR)
            elif piece.word == 1 and piece.size > LONG:
                short.flush()
                piece.source.copy_to(fd, piece.offset, piece.size)
            else:
                for data in piece.source.chunks(piece.offset, piece.size):
                    short.add(swapped(data, piece.word))
        short.flush()


class Sum(NamedTuple):
    """The CRC-32 of some bytes, computed before they were written anywhere."""

    offset: int
    size: int
    crc: int


class PixelData(NamedTuple):
    """The value of a new Pixel Data element.

    Attributes:
        value: its bytes, in the target's byte order; items and delimiter if it is encapsulated.
        vr: OB or OW.
        encapsulated: of undefined length (PS3.5 A.4).
        items: the checksum of all frames within the value; None if digests verify them.
        lead: how many bytes of the value precede the frames.
    """

    value: Rope
    vr: str
    encapsulated: bool
    items: Sum | None = None
    lead: int = 0


class _Gathered:
    """Collects short pieces, to write many at once."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._parts: list[bytes | bytearray] = []
        self._size = 0

    def add(self, data: bytes | bytearray) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size > LONG:
            self.flush()

    def flush(self) -> None:
        write_all(self._fd, b"".join(self._parts))
        self._parts.clear()
        self._size = 0


_CODES = {2: "H", 4: "I", 8: "Q"}


def swapped(data: bytes, word: int) -> bytes:
    """Returns the data with the bytes of each word reversed; an incomplete word is kept."""
    if word == 1:
        return data
    rest = len(data) % word
    words = array(_CODES[word], data[: len(data) - rest])
    words.byteswap()
    return words.tobytes() + data[len(data) - rest :]
