"""Reads the palette of PALETTE COLOR images, segmented or not (PS3.3 C.7.6.3.1.5, C.7.9)."""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.pixel_data import segmented_palette
from dicomtx.errors import DamagedError

DESCRIPTORS: Final = (
    tags.RED_PALETTE_DESCRIPTOR,
    tags.GREEN_PALETTE_DESCRIPTOR,
    tags.BLUE_PALETTE_DESCRIPTOR,
)
DATA: Final = (tags.RED_PALETTE_DATA, tags.GREEN_PALETTE_DATA, tags.BLUE_PALETTE_DATA)
SEGMENTED: Final = (
    tags.SEGMENTED_RED_PALETTE_DATA,
    tags.SEGMENTED_GREEN_PALETTE_DATA,
    tags.SEGMENTED_BLUE_PALETTE_DATA,
)
LARGEST_SEGMENT: Final = 8  # bytes for one entry, in an indirect segment of words


class Palette(NamedTuple):
    """The colours of a palette, with 8-bit entries.

    Attributes:
        first: the value of the first colour; lower values have it too.
        red: one byte for each colour.
        green: the same for green.
        blue: the same for blue.
    """

    first: int
    red: bytes
    green: bytes
    blue: bytes


class _Descriptor(NamedTuple):
    entries: int
    first: int
    bits: int


def read_palette(data_set: DataSet) -> Palette:
    """Returns the palette of a data set.

    Raises:
        DamagedError: it is missing, or does not match its descriptors.
    """
    red, green, blue = (_descriptor(data_set, tag) for tag in DESCRIPTORS)
    if not red[:2] == green[:2] == blue[:2]:
        raise DamagedError("the tables of the palette differ in length or first value")
    tables = [
        _table(data_set, descriptor, *places)
        for descriptor, *places in zip((red, green, blue), DATA, SEGMENTED, strict=True)
    ]
    return Palette(red.first, *_in_8_bits(tables, red.entries))


def _descriptor(data_set: DataSet, tag: int) -> _Descriptor:
    raw, order = data_set.value(tag), data_set.encoding.order
    if len(raw) != 6:
        raise DamagedError("a table of the palette is missing")
    return _Descriptor(
        int.from_bytes(raw[:2], order) or 1 << 16,
        int.from_bytes(raw[2:4], order, signed=data_set.signed),
        int.from_bytes(raw[4:], order),
    )


def _table(data_set: DataSet, descriptor: _Descriptor, plain: int, segmented: int) -> bytes:
    """Returns the entries: bytes, or words in little endian."""
    entries = descriptor.entries
    raw = _start(data_set, plain, 2 * entries)
    if len(raw) == 2 * entries:
        return raw
    if len(raw) >= entries:
        return raw[:entries]
    if raw:
        raise DamagedError(f"a table of the palette has {len(raw)} bytes for {entries} entries")
    raw = _start(data_set, segmented, LARGEST_SEGMENT * entries + 2)
    if not raw:
        raise DamagedError("a table of the palette is missing")
    if descriptor.bits > 8:
        return struct.pack(f"<{entries}H", *segmented_palette.expanded(raw, entries, 2))
    return bytes(segmented_palette.expanded(raw, entries, 1))


def _start(data_set: DataSet, tag: int, most: int) -> bytes:
    """Returns up to ``most`` bytes of a value of words, in little endian."""
    element = data_set.find(tag)
    if element is None or element.undefined:
        return b""
    raw = data_set.source.peek(element.value, min(element.length, most + most % 2))
    if data_set.encoding.big_endian:
        swapped = bytearray(raw + b"\0" * (len(raw) % 2))
        swapped[::2], swapped[1::2] = swapped[1::2], swapped[::2]
        return bytes(swapped[:most])
    return raw[:most]


def _in_8_bits(tables: Sequence[bytes], entries: int) -> list[bytes]:
    """Returns the high bytes of words; the low bytes if that is where all entries have theirs.

    Some writers store 8-bit entries in words, whatever the descriptor says.
    """
    deep = any(any(table[1::2]) for table in tables if len(table) > entries)
    return [table[deep::2] if len(table) > entries else table for table in tables]
