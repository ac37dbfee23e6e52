"""Reads the fragments and offset tables of encapsulated Pixel Data (PS3.5 A.4)."""

import struct
from typing import NamedTuple

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import EXPLICIT, Element, header
from dicomtx.dicom.pixel_data.pixel_form import has_items
from dicomtx.errors import DamagedError
from dicomtx.limits import how_to_raise
from dicomtx.storage.source import Source


class Fragment(NamedTuple):
    """The bytes of one item of encapsulated Pixel Data, without its header."""

    offset: int
    size: int


Frame = tuple[Fragment, ...]


class Encapsulation(NamedTuple):
    """The items of encapsulated Pixel Data, as found in the file.

    Attributes:
        basic_offset_table: offsets of the Basic Offset Table; empty if it has none.
        extended_offset_table: offsets of (7FE0,0001); empty if it has none.
        fragments: all fragments in order.
        terminated: whether a sequence delimiter is present, or not needed.
    """

    basic_offset_table: tuple[int, ...]
    extended_offset_table: tuple[int, ...]
    fragments: tuple[Fragment, ...]
    terminated: bool


def table_kind(data_set: DataSet, frames: int) -> str:
    """Returns the offset table that encapsulated Pixel Data has: basic, extended or empty.

    Returns an empty text for any other form: both tables, or a table that is not of ``frames``
    entries. The entries themselves are not checked.
    """
    element = data_set.find(tags.PIXEL_DATA)
    if element is None or not has_items(data_set.source, element):
        return ""
    basic = header(data_set.source, element.value, EXPLICIT).length
    extended = data_set.find(tags.EXTENDED_OFFSET_TABLE)
    forms = {(4 * frames, None): "basic", (0, 8 * frames): "extended", (0, None): "empty"}
    return forms.get((basic, extended.length if extended else None), "")


def read(data_set: DataSet, warnings: list[str] | None = None) -> Encapsulation:
    """Returns the fragments and offset tables of a data set's Pixel Data.

    Args:
        data_set: a data set with encapsulated Pixel Data.
        warnings: if given, a truncated fragment is kept and a warning is added here.

    Raises:
        DamagedError: the items are damaged or truncated.
    """
    element = data_set.find(tags.PIXEL_DATA)
    if element is None:
        raise DamagedError("no Pixel Data")
    source = data_set.source
    if not element.undefined and not has_items(source, element):  # one bare code stream
        whole = Fragment(element.value, element.end - element.value)
        return Encapsulation((), (), (whole,), terminated=True)
    found, terminated = _items(source, element, warnings)
    if not found:
        raise DamagedError("Pixel Data has no Basic Offset Table and no fragments")
    table, *fragments = found
    return Encapsulation(
        _unpacked(source.read(table.offset, table.size), "I"),
        _unpacked(data_set.value(tags.EXTENDED_OFFSET_TABLE), "Q"),
        tuple(fragments),
        terminated or not element.undefined,
    )


def _items(
    source: Source, element: Element, warnings: list[str] | None
) -> tuple[list[Fragment], bool]:
    """Returns the items of Pixel Data, and whether a sequence delimiter follows them."""
    found: list[Fragment] = []
    at = element.value
    while at + 8 <= element.end:
        item = header(source, at, EXPLICIT)
        if item.tag == tags.SEQUENCE_DELIMITATION:
            return found, True
        if item.tag != tags.ITEM or item.end > element.end:
            what = f"fragment {len(found)} of Pixel Data is damaged or truncated"
            if warnings is None:
                raise DamagedError(f"{what}. Try --salvage to recover what is readable.")
            warnings.append(f"salvaged: {what}")
            if item.tag == tags.ITEM:
                found.append(Fragment(item.value, element.end - item.value))
            break
        if len(found) > source.limits.fragments:  # the first item is the offset table
            most = source.limits.fragments
            raise DamagedError(
                f"Pixel Data has more than {most} fragments; {how_to_raise('fragments')}"
            )
        found.append(Fragment(item.value, item.length))
        at = item.end
    return found, False


def _unpacked(raw: bytes, code: str) -> tuple[int, ...]:
    size = struct.calcsize(code)
    return struct.unpack(f"<{len(raw) // size}{code}", raw[: len(raw) // size * size])
