"""Writes ZIP archives in order (APPNOTE 6.3), with constant memory.

The central directory grows in a spool. ZIP64 fields are used only if a number needs them. The same
members give the same bytes, because all times come from the caller.
"""

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple, Self

from dicomtx.errors import DestinationError
from dicomtx.storage.source import CHUNK, Source, Spool, reason, write_all

STORED: Final = 0
DEFLATED: Final = 8
FULL: Final = 0xFFFFFFFF
MOST_MEMBERS: Final = 0xFFFF
UTF8_NAME: Final = 0x0800
MADE_BY_UNIX: Final = 3 << 8
LEVEL: Final = 6
FEW: Final = 1 << 18  # bytes of the central directory to keep in memory
SLACK: Final = 1 << 20  # bytes that deflate can add to 4 GiB of incompressible data
LOCAL: Final = struct.Struct("<4sHHHHHLLLHH")
CENTRAL: Final = struct.Struct("<4sHHHHHHLLLHHHHHLL")
EARLIEST: Final = (1980, 1, 1, 0, 0, 0)

Time = tuple[int, int, int, int, int, int]
Write = Callable[[bytes], None]


class _Member(NamedTuple):
    """The values in both headers of a member."""

    name: bytes
    method: int
    when: Time
    crc: int
    size: int
    packed: int
    offset: int
    mode: int
    wide: bool

    @property
    def version(self) -> int:
        """The format version needed to extract the member."""
        return 45 if self.wide else 20

    @property
    def flags(self) -> int:
        """The UTF-8 flag, if the name is not ASCII."""
        return 0 if self.name.isascii() else UTF8_NAME

    @property
    def stamp(self) -> tuple[int, int]:
        """Time and date in MS-DOS format: steps of two seconds, from 1980 to 2107."""
        when = min(max(self.when, EARLIEST), (2107, 12, 31, 23, 59, 59))
        year, month, day, hour, minute, second = when
        time = hour << 11 | minute << 5 | min(second, 59) // 2
        return time, (year - 1980) << 9 | month << 5 | day


class ZipWriter:
    """An archive that is being written. ``finish`` completes it."""

    def __init__(self, output: int | Write, folder: str) -> None:
        """Starts an archive.

        Args:
            output: the descriptor of an empty file; or what takes the bytes in order, such as an
                upload.
            folder: the folder for spools.
        """
        self._fd = output if isinstance(output, int) else -1
        self._write = partial(write_all, output) if isinstance(output, int) else output
        self._folder = folder
        self._central = Spool(folder, FEW)
        self._count = 0
        self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._central.close()

    def add(self, name: str, source: Source, when: Time = EARLIEST, *, deflate: bool) -> None:
        """Appends one member.

        Args:
            name: its name, with slashes between folders.
            source: its bytes.
            when: modification time: year, month, day, hour, minute, second.
            deflate: whether to deflate the member or to store it.

        Raises:
            DestinationError: the member cannot be written, or its name is too long.
        """
        raw = name.encode("utf-8", "surrogateescape")
        if len(raw) > 0xFFFF:
            raise DestinationError("a name in a ZIP archive cannot exceed 65535 bytes")
        wide = source.size >= FULL - (SLACK if deflate else 0)
        method = DEFLATED if deflate else STORED
        size = source.size
        blank = _Member(raw, method, when, 0, size, size, self._at, source.mode, wide)
        header = len(_local(blank))
        member = self._way(source)(blank, source)
        self._at += header + member.packed
        self._count += 1
        self._central.write(_entry(member))

    def _way(self, source: Source) -> Callable[[_Member, Source], _Member]:
        """Returns how a member is written: its header, which comes first, has its checksum."""
        if source.size <= CHUNK:
            return self._small
        return self._large if self._fd >= 0 else self._large_in_order

    def _small(self, blank: _Member, source: Source) -> _Member:
        """Writes a small member with one write."""
        crc, parts = 0, []
        for data, out in _packed(source, deflate=blank.method == DEFLATED):
            crc = zlib.crc32(data, crc)
            parts.append(out)
        member = blank._replace(crc=crc, packed=sum(map(len, parts)))
        self._write(b"".join((_local(member), *parts)))
        return member

    def _large(self, blank: _Member, source: Source) -> _Member:
        """Writes a large member in chunks, then updates its header."""
        self._write(_local(blank))
        crc = packed = 0
        for data, out in _packed(source, deflate=blank.method == DEFLATED):
            crc = zlib.crc32(data, crc)
            packed += len(out)
            self._write(out)
        member = blank._replace(crc=crc, packed=packed)
        _write_at(self._fd, _local(member), self._at)
        return member

    def _large_in_order(self, blank: _Member, source: Source) -> _Member:
        """Writes a large member after packing it into a spool."""
        crc = 0
        with Spool(self._folder, FEW) as spool:
            for data, out in _packed(source, deflate=blank.method == DEFLATED):
                crc = zlib.crc32(data, crc)
                spool.write(out)
            member = blank._replace(crc=crc, packed=spool.size)
            self._write(_local(member))
            for data in spool.source().chunks(0, spool.size):
                self._write(data)
        return member

    def finish(self) -> None:
        """Writes the central directory and the end record. No member can follow.

        Raises:
            DestinationError: they cannot be written.
        """
        directory = self._central.source()
        for data in directory.chunks(0, directory.size):
            self._write(data)
        count, size, at = self._count, directory.size, self._at
        if count > MOST_MEMBERS or max(size, at) >= FULL:
            end = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, at)
            self._write(end + struct.pack("<4sLQL", b"PK\6\7", 0, at + size, 1))
        few, short, near = min(count, 0xFFFF), min(size, FULL), min(at, FULL)
        last = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, few, few, short, near, 0)
        self._write(last)


def _packed(source: Source, *, deflate: bool) -> Iterator[tuple[bytes, bytes]]:
    """Yields each chunk, with its bytes in the archive."""
    if not deflate:
        yield from ((data, data) for data in source.chunks(0, source.size))
        return
    deflater = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    for data in source.chunks(0, source.size):
        yield data, deflater.compress(data)
    yield b"", deflater.flush()


def _local(member: _Member) -> bytes:
    """Returns the local header of a member. Its length does not depend on the content."""
    extra = struct.pack("<HHQQ", 1, 16, member.size, member.packed) if member.wide else b""
    size, packed = (FULL, FULL) if member.wide else (member.size, member.packed)
    fixed = LOCAL.pack(
        b"PK\3\4",
        *(member.version, member.flags, member.method, *member.stamp),
        *(member.crc, packed, size, len(member.name), len(extra)),
    )
    return fixed + member.name + extra


def _entry(member: _Member) -> bytes:
    """Returns the member's entry in the central directory."""
    large = [n for n in (member.size, member.packed) if member.wide]
    large += [member.offset] if member.offset >= FULL else []
    extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    size, packed = (FULL, FULL) if member.wide else (member.size, member.packed)
    version = 45 if large else 20
    fixed = CENTRAL.pack(
        b"PK\1\2",
        *(MADE_BY_UNIX | version, version, member.flags, member.method, *member.stamp),
        *(member.crc, packed, size, len(member.name), len(extra)),
        *(0, 0, 0, (0o100600 | member.mode & 0o644) << 16, min(member.offset, FULL)),
    )
    return fixed + member.name + extra


def _write_at(fd: int, data: bytes, offset: int) -> None:
    """Overwrites existing bytes."""
    try:
        os.pwrite(fd, data, offset)
    except OSError as error:
        raise DestinationError(f"cannot be written: {reason(error)}") from error
