"""The VR of each element by its tag (PS3.6), for encodings without VRs.

``vr_by_tag.txt`` is generated from pydicom's dictionaries; a test compares and regenerates it.
"""

import os
from functools import cache
from typing import Final

TABLE: Final = os.path.join(os.path.dirname(__file__), "vr_by_tag.txt")


@cache
def table() -> dict[int, str]:
    """Returns VR by tag. "xs" is US or SS, depending on Pixel Representation."""
    vrs: dict[int, str] = {}
    with open(TABLE, encoding="ascii") as lines:
        for line in lines:
            vr, *tags = line.split()
            vrs.update((int(tag, 16), vr) for tag in tags)
    return vrs


def vr_of(tag: int, *, signed: bool) -> str:
    """Returns the VR of an element in a data set whose pixels are ``signed``; UN if unknown."""
    group, element = tag >> 16, tag & 0xFFFF
    if element == 0:
        return "UL"
    if group & 1:
        return "LO" if 0x10 <= element <= 0xFF else "UN"
    vr = table().get(tag) or table().get(_repeated(tag), "UN")
    return ("SS" if signed else "US") if vr == "xs" else vr


def _repeated(tag: int) -> int:
    """Returns the tag with its repeating digits set to zero: 6002,3000 is 6000,3000."""
    group = tag >> 16
    if group >> 8 in (0x50, 0x60, 0x7F):
        return tag & 0xFF00FFFF
    if group == 0x0020 and 0x3100 <= tag & 0xFFFF <= 0x31FF:
        return tag & 0xFFFFFF00
    if group == 0x0028 and tag & 0xFFFF >= 0x0400:
        return tag & 0xFFFFFF0F
    if group == 0x1000:
        return tag & 0xFFFF000F
    return tag & 0xFFFF0000 if group == 0x1010 else tag
