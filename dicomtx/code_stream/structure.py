"""The two structures of image formats: marker segments and boxes."""

from collections.abc import Iterator
from typing import Final

ALONE: Final = frozenset((0x01, *range(0xD0, 0xD9)))  # TEM, RST0 to RST7, SOI: no length follows


def segments(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yields marker segments from position ``at`` on: the marker's second byte, and the payload.

    It ends at an incomplete segment, or where there is no marker. Fill bytes (FF) before a marker
    are skipped (ISO/IEC 10918-1 B.1.1.2).
    """
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in ALONE:
            at += 2
        else:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if not at + 4 <= end <= len(data):
                return
            yield marker, data[at + 4 : end]
            at = end


def boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yields the boxes of a JP2, JPH or JPEG XL file: type, start and end of the contents.

    The end is inside ``data`` even if the box is longer (ISO/IEC 15444-1 I.4).
    """
    at = 0
    while at + 8 <= len(data):
        length, kind, start = (
            int.from_bytes(data[at : at + 4], "big"),
            data[at + 4 : at + 8],
            at + 8,
        )
        if length == 1:
            length, start = int.from_bytes(data[start : start + 8], "big"), start + 8
        end = at + length if length else len(data)
        if end < start:
            return
        yield kind, min(start, len(data)), min(end, len(data))
        at = end
