"""Writes encapsulated Pixel Data in any layout that PS3.5 A.4 allows."""

import struct
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from dicomtx.dicom import tags
from dicomtx.dicom.creation.content import edits_of
from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.rope import PixelData, Rope

Table = Literal["basic", "empty", "extended"]


class Layout(NamedTuple):
    """The layout of encapsulated Pixel Data.

    Attributes:
        table: the offset table; ``extended`` leaves the Basic Offset Table empty.
        fragments: the fragments of each frame; fewer if a frame is very short.
        stale: the error in the offsets after the first one, in bytes. With a single frame, the
            first offset is wrong.
    """

    table: Table = "basic"
    fragments: int = 1
    stale: int = 0


def laid_out(streams: Sequence[bytes], layout: Layout) -> tuple[PixelData, list[Edit]]:
    """Returns Pixel Data, and the edits that set or remove the Extended Offset Table.

    Args:
        streams: the code stream of each frame.
        layout: the layout.
    """
    items, offsets, lengths = Rope(), [], []
    for stream in streams:
        offsets.append(items.size)
        for part in _parts(stream, layout.fragments):
            items.add(struct.pack("<HHI", 0xFFFE, 0xE000, len(part)) + part)
        lengths.append(items.size - offsets[-1] - 8)
    sound = 1 if len(offsets) > 1 else 0
    offsets[sound:] = [offset + layout.stale for offset in offsets[sound:]]
    basic = offsets if layout.table == "basic" else []
    value = Rope()
    value.add(struct.pack(f"<HHI{len(basic)}I", 0xFFFE, 0xE000, 4 * len(basic), *basic))
    value.extend(items)
    value.add(struct.pack("<HHI", 0xFFFE, 0xE0DD, 0))
    return PixelData(value, "OB", encapsulated=True), _table_edits(layout, offsets, lengths)


def _parts(stream: bytes, count: int) -> Iterator[bytes]:
    """Yields the fragments of a stream, each of even length."""
    size = max(2, -(-len(stream) // count // 2) * 2)
    for at in range(0, len(stream), size):
        part = stream[at : at + size]
        yield part + b"\0" * (len(part) % 2)


def _table_edits(layout: Layout, offsets: list[int], lengths: list[int]) -> list[Edit]:
    if layout.table == "extended":
        return edits_of({"ExtendedOffsetTable": offsets, "ExtendedOffsetTableLengths": lengths})
    return [Edit(tags.EXTENDED_OFFSET_TABLE), Edit(tags.EXTENDED_OFFSET_TABLE_LENGTHS)]
