"""Headers in an explicit VR data set whose VR is not two capital letters, such as "??"."""

from typing import Final, Literal

from dicomtx.dicom.dictionary import vr_of
from dicomtx.dicom.vrs import VRS
from dicomtx.storage.source import Source

UNDEFINED: Final = 0xFFFFFFFF
ITEMS: Final = 0xFFFE  # the group of items and delimiters

Order = Literal["little", "big"]


def is_implicit(source: Source, at: int, tag: int, order: Order) -> bool:
    """Returns whether the header has no VR and a length of 4 bytes, as in implicit VR.

    Some writers mix both encodings. Others write an unknown VR with a length of 2 bytes. The
    header after the value decides. If neither fits, the header is implicit.

    Args:
        source: the bytes of the data set.
        at: the offset of the header.
        tag: its tag.
        order: the byte order of the data set.
    """
    raw = source.peek(at, 8)
    whole, half = (int.from_bytes(raw[n:8], order) for n in (4, 6))
    if whole == UNDEFINED or _follows(source, at + 8 + whole, tag, order):
        return True
    return not _follows(source, at + 8 + half, tag, order)


def _follows(source: Source, at: int, before: int, order: Order) -> bool:
    """Returns whether the source ends at ``at``, or has a header there that can follow a tag."""
    raw = source.peek(at, 8) if at < source.size else b""
    if len(raw) < 8:
        return at == source.size
    tag = int.from_bytes(raw[:2], order) << 16 | int.from_bytes(raw[2:4], order)
    if tag >> 16 == ITEMS or (raw[4:6] in VRS and tag):
        return True
    return tag > before and vr_of(tag, signed=False) != "UN"


def described(source: Source, at: int) -> str:
    """Returns a message with the position and the bytes of the VR of the header at ``at``."""
    vr = source.peek(at + 4, 2).decode("latin-1")
    return f"an unknown VR at byte {at + 4}: {vr!a}"
