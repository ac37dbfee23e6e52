"""Encodes elements that are given by keyword."""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.dictionary import vr_of
from dicomtx.dicom.element_header import tag_bytes
from dicomtx.dicom.elements import EXPLICIT
from dicomtx.dicom.items import item

Number = int | float
Value = str | bytes | Number | Sequence[Number] | Sequence[Mapping[str, "Value"]]
"""Text with backslashes between values; a keyword for VR AT; bytes; numbers; items."""
Content = Mapping[str, Value]
"""Values by the keywords of PS3.6."""

CODES: Final = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "OV": "Q"}
BYTES: Final = ("OB", "OW", "UN")


def edits_of(content: Content, *, signed: bool = False) -> list[Edit]:
    """Returns the elements in tag order.

    Args:
        content: the values by keyword.
        signed: whether a VR that depends on Pixel Representation is SS.
    """
    tagged = sorted((_tag(keyword), value) for keyword, value in content.items())
    return [_edit(tag, value, signed=signed) for tag, value in tagged]


def _tag(keyword: str) -> int:
    from pydicom.datadict import tag_for_keyword

    tag = tag_for_keyword(keyword)
    assert tag is not None, keyword
    return tag


def _edit(tag: int, value: Value, *, signed: bool) -> Edit:
    vr = vr_of(tag, signed=signed)
    if vr == "SQ":
        return Edit(tag, vr, b"".join(_items(value, signed=signed)))
    if isinstance(value, bytes):
        vr = vr if vr in BYTES else "OW"
        return Edit(tag, vr, value + b"\0" * (len(value) % 2))
    if vr == "AT":
        assert isinstance(value, str), tag
        return Edit(tag, vr, tag_bytes(_tag(value), EXPLICIT))
    if vr in CODES:
        numbers = _numbers(value)
        return Edit(tag, vr, struct.pack(f"<{len(numbers)}{CODES[vr]}", *numbers))
    assert isinstance(value, str | int), (tag, value)
    return Edit.text(tag, vr, str(value))


def _items(value: Value, *, signed: bool) -> Iterator[bytes]:
    assert isinstance(value, Sequence)
    for content in value:
        assert isinstance(content, Mapping), content
        yield item(*edits_of(content, signed=signed))


def _numbers(value: Value) -> list[Number]:
    if isinstance(value, int | float):
        return [value]
    assert isinstance(value, Iterable)
    return [number for number in value if isinstance(number, int | float)]
