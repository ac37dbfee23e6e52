"""Members of ZIP archives as sources: read by position, and never believed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from dicomtx.sources import Source


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
    """Opens a member: in its place in the archive if it is stored, else inflated to a spool."""
    raise NotImplementedError(path, member)
    yield Source()
