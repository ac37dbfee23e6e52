"""Opens members of ZIP archives as sources. Archives are treated as untrusted input."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from dicomtx.errors import DamagedError, SourceError
from dicomtx.storage.local_file import Stat
from dicomtx.storage.source import CHUNK, Source, Spool, temporary_folder

if TYPE_CHECKING:
    from dicomtx.storage.location import Location

STORED: Final = 0
DEFLATED: Final = 8
LOCAL: Final = struct.Struct("<4s5H3L2H")
IN_UTF8: Final = 0x800
SIZES_FOLLOW: Final = 8


class ZipMember(NamedTuple):
    """A member of an archive, as the central directory describes it.

    Attributes:
        archive: where the archive is.
        inside: its name in the archive, with slashes.
        at: offset of its local header.
        limit: offset of the next header or of the directory, where its data must end.
        method: 0 for stored, 8 for deflated.
        compressed: compressed size in bytes.
        size: uncompressed size in bytes.
        crc: CRC-32 of the member.
        error: why it must not be opened; empty if it can be.
    """

    archive: "Location"
    inside: str
    at: int
    limit: int
    method: int
    compressed: int
    size: int
    crc: int
    error: str = ""

    @property
    def name(self) -> str:
        """The name in messages: ``archive.zip/member``."""
        return f"{self.archive.name}/{self.inside}"

    @property
    def path(self) -> str:
        """The local file of the archive; empty if it is remote."""
        return self.archive.path

    def absolute(self) -> "ZipMember":
        """Returns the same member, with the absolute path of its archive."""
        return self._replace(archive=self.archive.absolute())

    def stat(self) -> Stat | None:
        """Returns the status of the archive with the member's size; None if it does not exist."""
        archive = self.archive.stat()
        return archive and archive._replace(size=self.size)

    @contextmanager
    def open(self) -> Iterator[Source]:
        """Opens the member. A stored member is read in place; others are inflated to a spool.

        Raises:
            SourceError: the archive cannot be read, or the member must not be opened, for example
                because it is encrypted.
            DamagedError: sizes, checksum or offset differ from the directory.
        """
        if self.error:
            raise SourceError(f"cannot be opened: {self.error}")
        with self.archive.open() as archive:
            data = _data(archive, self)
            if self.method == STORED:
                _check(self, data.size, _checksum(data))
                yield data
                return
            with Spool(temporary_folder()) as spool:
                _check(self, *_inflate(self, data, spool))
                source = spool.source()
                source.mode = archive.mode
                yield source


def name_of(raw: bytes, flags: int) -> str:
    """Decodes the name in a header as UTF-8 or, if that fails, as code page 437."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "surrogateescape") if flags & IN_UTF8 else raw.decode("cp437")
    return text.replace("\\", "/")


def _data(archive: Source, member: ZipMember) -> Source:
    """Returns the raw bytes of a member. Checks its header against the directory."""
    raw = archive.peek(member.at, LOCAL.size)
    if len(raw) < LOCAL.size or raw[:4] != b"PK\x03\x04":
        raise DamagedError("is not at its offset in the archive; did the archive change?")
    _, _, flags, method, _, _, crc, compressed, size, name, extra = LOCAL.unpack(raw)
    own_name = name_of(archive.peek(member.at + LOCAL.size, name), flags)
    wrong = (own_name, method) != (member.inside, member.method)
    if not flags & SIZES_FOLLOW and 0xFFFFFFFF not in (compressed, size):
        own = (crc, compressed, size)
        wrong |= own != (member.crc, member.compressed, member.size)
    if wrong:
        raise DamagedError("its header does not match the archive directory")
    start = member.at + LOCAL.size + name + extra
    if start + member.compressed > min(member.limit, archive.size):
        raise DamagedError("overlaps the data that follows in the archive")
    return archive.within(start, member.compressed)


def _checksum(data: Source) -> int:
    crc = 0
    for chunk in data.chunks(0, data.size):
        crc = zlib.crc32(chunk, crc)
    return crc


def _inflate(member: ZipMember, data: Source, spool: Spool) -> tuple[int, int]:
    """Inflates to ``spool``, never beyond the declared size. Returns size and checksum."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    crc = 0
    try:
        for chunk in data.chunks(0, data.size):
            piece = inflater.decompress(chunk, CHUNK)
            while piece:
                if spool.size + len(piece) > member.size:
                    raise DamagedError(f"is larger than its declared size of {member.size} bytes")
                crc = zlib.crc32(piece, crc)
                spool.write(piece)
                piece = inflater.decompress(inflater.unconsumed_tail, CHUNK)
    except zlib.error as error:
        raise DamagedError(f"cannot be inflated: {error}") from error
    if not inflater.eof:
        raise DamagedError("cannot be inflated: truncated")
    return spool.size, crc


def _check(member: ZipMember, size: int, crc: int) -> None:
    if size != member.size:
        raise DamagedError(f"has {size} bytes; the archive declares {member.size}")
    if crc != member.crc:
        raise DamagedError("is damaged: its checksum does not match the archive")
