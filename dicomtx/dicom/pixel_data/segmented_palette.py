"""Expands the tables of segmented palettes (PS3.3 C.7.9.2)."""

import struct
from collections.abc import Sequence
from typing import Final

from dicomtx.errors import DamagedError

DISCRETE: Final = 0
LINEAR: Final = 1
INDIRECT: Final = 2
OFFSET: Final = 4  # bytes of the offset in an indirect segment


def expanded(raw: bytes, entries: int, width: int) -> list[int]:
    """Returns the entries of one table.

    Every segment adds at least one entry, so the work is limited by the number of entries.

    Args:
        raw: the segments; words in little endian.
        entries: the number of entries that the descriptor says.
        width: bytes of an entry, and of each other field of a segment: 1 or 2.

    Raises:
        DamagedError: the segments do not give that many entries, or are not valid.
    """
    count = len(raw) // width
    fields = struct.unpack_from(f"<{count}{'B' if width == 1 else 'H'}", raw)
    table: list[int] = []
    at = 0
    try:
        while len(table) < entries:
            if fields[at] == INDIRECT:
                start = (at + 2) * width
                place = int.from_bytes(raw[start : start + OFFSET], "little") // width
                for _ in range(fields[at + 1]):
                    place = _expand(fields, place, table, entries)
                at += 2 + OFFSET // width
            else:
                at = _expand(fields, at, table, entries)
    except IndexError:
        raise DamagedError(
            f"the segments of the palette end after {len(table)} of {entries} entries"
        ) from None
    if any(fields[at:]):
        raise DamagedError(f"the segments of the palette have more than {entries} entries")
    return table


def _expand(fields: Sequence[int], at: int, table: list[int], entries: int) -> int:
    """Appends the entries of one discrete or linear segment. Returns where the segment ends."""
    kind, length, first = fields[at], fields[at + 1], fields[at + 2]
    if not 0 < length <= entries - len(table):
        raise DamagedError(
            f"a segment of the palette has {length} entries; {entries - len(table)} are left"
        )
    if kind == DISCRETE:
        found = fields[at + 2 : at + 2 + length]
        if len(found) < length:
            raise IndexError
        table += found
        return at + 2 + length
    if kind == LINEAR and table:
        start = table[-1]
        table += (
            round((start * (length - step) + first * step) / length)
            for step in range(1, length + 1)
        )
        return at + 3
    raise DamagedError("the palette has a segment of an unknown type, or in a place of another")
