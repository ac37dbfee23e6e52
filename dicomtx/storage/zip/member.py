"""Members of ZIP archives as sources: read by position, and never believed."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from dicomtx.errors import DamagedError, SourceError
from dicomtx.storage.source import CHUNK, Source, Spool, open_source, temporary_folder

STORED: Final = 0
DEFLATED: Final = 8
LOCAL: Final = struct.Struct("<4s5H3L2H")
IN_UTF8: Final = 0x800
SIZES_FOLLOW: Final = 8


class Member(NamedTuple):
    """One member of an archive by position, as its central directory tells it; it pickles.

    Attributes:
        name: as the archive has it, with slashes.
        at: offset of its local header.
        limit: offset that its data cannot go beyond: the next header, or the directory.
        method: 0 is stored, 8 is deflated.
        compressed: bytes in the archive.
        size: bytes of the member.
        crc: CRC-32 of the member.
        error: why it is not opened; empty if it may be.
    """

    name: str
    at: int
    limit: int
    method: int
    compressed: int
    size: int
    crc: int
    error: str = ""


@contextmanager
def open_member(path: str, member: Member) -> Iterator[Source]:
    """Opens a member: in its place in the archive if it is stored, else inflated to a spool.

    Raises:
        SourceError: the archive cannot be read, or the member is not opened, such as an encrypted
            one.
        DamagedError: it is not what the directory says: sizes, checksum, place.
    """
    if member.error:
        raise SourceError(f"is not opened: {member.error}")
    with open_source(path) as archive:
        data = _data(archive, member)
        if member.method == STORED:
            _check(member, data.size, _checksum(data))
            yield data
            return
        with Spool(temporary_folder()) as spool:
            _check(member, *_inflate(member, data, spool))
            source = spool.source()
            source.mode = archive.mode
            yield source


def name_of(raw: bytes, flags: int) -> str:
    """Returns the name in a header: UTF-8, marked as such or not, else code page 437."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "surrogateescape") if flags & IN_UTF8 else raw.decode("cp437")
    return text.replace("\\", "/")


def _data(archive: Source, member: Member) -> Source:
    """Returns the member's bytes in the archive, once its own header agrees with the directory."""
    raw = archive.peek(member.at, LOCAL.size)
    if len(raw) < LOCAL.size or raw[:4] != b"PK\x03\x04":
        raise DamagedError("is not where the archive says; did it change meanwhile?")
    _, _, flags, method, _, _, crc, compressed, size, name, extra = LOCAL.unpack(raw)
    own_name = name_of(archive.peek(member.at + LOCAL.size, name), flags)
    wrong = (own_name, method) != (member.name, member.method)
    if not flags & SIZES_FOLLOW and 0xFFFFFFFF not in (compressed, size):
        own = (crc, compressed, size)
        wrong |= own != (member.crc, member.compressed, member.size)
    if wrong:
        raise DamagedError("its header contradicts the directory of the archive")
    start = member.at + LOCAL.size + name + extra
    if start + member.compressed > min(member.limit, archive.size):
        raise DamagedError("reaches into what follows in the archive")
    return archive.within(start, member.compressed)


def _checksum(data: Source) -> int:
    crc = 0
    for chunk in data.chunks(0, data.size):
        crc = zlib.crc32(chunk, crc)
    return crc


def _inflate(member: Member, data: Source, spool: Spool) -> tuple[int, int]:
    """Inflates to ``spool``, never more than was announced; returns size and checksum."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    crc = 0
    try:
        for chunk in data.chunks(0, data.size):
            piece = inflater.decompress(chunk, CHUNK)
            while piece:
                if spool.size + len(piece) > member.size:
                    raise DamagedError(f"is larger than the {member.size} bytes that it should be")
                crc = zlib.crc32(piece, crc)
                spool.write(piece)
                piece = inflater.decompress(inflater.unconsumed_tail, CHUNK)
    except zlib.error as error:
        raise DamagedError(f"cannot be inflated: {error}") from error
    if not inflater.eof:
        raise DamagedError("cannot be inflated: it is cut off")
    return spool.size, crc


def _check(member: Member, size: int, crc: int) -> None:
    if size != member.size:
        raise DamagedError(f"has {size} bytes, not the {member.size} that it should have")
    if crc != member.crc:
        raise DamagedError("does not have the checksum that the archive says: it is damaged")
