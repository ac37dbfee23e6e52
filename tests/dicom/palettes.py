"""Palettes for data sets: descriptors, plain tables and segmented tables."""

import struct
from collections.abc import Sequence

from dicomtx.dicom.elements import EXPLICIT, Encoding
from tests.dicom.builder import element, identity, image, module, order, part10

DATA = 0x00281201
SEGMENTED = 0x00281221


def palette(
    tables: Sequence[bytes],
    entries: int,
    bits: int,
    *,
    first: int = 0,
    encoding: Encoding = EXPLICIT,
    data: int = DATA,
) -> bytes:
    """Returns the elements of a palette; the tables are as they are in the file.

    Args:
        tables: red, green and blue.
        entries: Number of Table Entries, below 65536.
        bits: the bits that the descriptors say.
        first: First Stored Pixel Value Mapped.
        encoding: of the elements.
        data: the tag of the red table.
    """
    said = struct.pack(f"{order(encoding)}3H", entries, first & 0xFFFF, bits)
    descriptors = [element(0x00281101 + at, "US", said, encoding) for at in range(3)]
    found = [element(data + at, "OW", table, encoding) for at, table in enumerate(tables)]
    return b"".join([*descriptors, *found])


def segmented(fields: Sequence[int], bits: int, encoding: Encoding = EXPLICIT) -> bytes:
    """Returns the segments of one table as OW; the fields have as many bits as an entry."""
    if bits == 16:
        return struct.pack(f"{order(encoding)}{len(fields)}H", *fields)
    raw = bytes(fields) + b"\0" * (len(fields) % 2)
    words = struct.unpack(f"<{len(raw) // 2}H", raw)
    return struct.pack(f"{order(encoding)}{len(words)}H", *words)


def segmented_image(bits: int, encoding: Encoding = EXPLICIT) -> tuple[bytes, list[list[int]]]:
    """Returns a file with a segmented palette, and the colours of its 16 pixels.

    Args:
        bits: of a palette entry.
        encoding: explicit VR, in either byte order.
    """
    one = 1 if bits == 8 else 256
    fields = (
        [0, 2, 250 * one, 10 * one, 1, 14, 150 * one],
        [0, 1, 7 * one, 1, 15, 22 * one],
        [0, 1, 9 * one, 1, 15, 9 * one],
    )
    colours = ([250, *range(10, 151, 10)], [*range(7, 23)], [9] * 16)
    tables = [segmented(part, bits, encoding) for part in fields]
    elements = palette(tables, 16, bits, encoding=encoding, data=SEGMENTED)
    indices = struct.pack(f"{order(encoding)}16H", *range(16))
    pixel = image(4, 4, photometric="PALETTE COLOR", allocated=16)
    pixels = element(0x7FE00010, "OW", indices, encoding)
    syntax = "explicit-vr-big-endian" if encoding.big_endian else "explicit"
    whole = part10(syntax, identity(encoding) + module(pixel, encoding) + elements + pixels)
    return whole, [list(colour) for colour in zip(*colours, strict=True)]
