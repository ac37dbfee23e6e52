"""Detects images that are displayed in colour but are not PALETTE COLOR."""

import re
from typing import Final

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.item_search import items_with, sequences
from dicomtx.errors import DamagedError
from dicomtx.image_pixel import ImagePixel
from dicomtx.storage.source import CHUNK

RED_PALETTE: Final = (
    tags.RED_PALETTE_DESCRIPTOR,
    tags.RED_PALETTE_DATA,
    tags.SEGMENTED_RED_PALETTE_DATA,
)
GREY: Final = ("", "MONOCHROME", "TRUE_COLOR")
# Pixel Presentation COLOR or MIXED in any encoding. Every frame of an enhanced image has this
# element, so items are read only if this occurs.
COLOURED: Final = re.compile(
    rb"(?:\x08\0\x05\x92|\0\x08\x92\x05)(?:CS..|....)(?:COLOR|MIXED)", re.DOTALL
)
LONGEST_MATCH: Final = 13


def is_mapped(data_set: DataSet, image: ImagePixel) -> bool:
    """Returns whether grey values are displayed in colour.

    This is so with a Supplemental Palette (PS3.3 C.7.6.19), an Enhanced Palette (C.7.6.23), the
    palette of an optical path (C.8.12.5), or if Pixel Presentation of the image or of a frame is
    COLOR or MIXED.
    """
    if image.samples_per_pixel > 1 or image.photometric_interpretation == "PALETTE COLOR":
        return False
    top = any(tag in data_set for tag in RED_PALETTE)
    if top or data_set.text(tags.PIXEL_PRESENTATION) not in GREY:
        return True
    try:
        return _has_nested_palette(data_set) or _has_coloured_frame(data_set)
    except DamagedError:
        return True  # unknown; assume colour, because loss is irreversible


def _has_nested_palette(data_set: DataSet) -> bool:
    """Returns whether an item has a palette, unless it is an icon or private."""
    found = (path[::2] for tag in RED_PALETTE for path, _ in items_with(data_set, tag))
    return any(tags.ICON_IMAGE_SEQUENCE not in p and not any(t >> 16 & 1 for t in p) for p in found)


def _has_coloured_frame(data_set: DataSet) -> bool:
    if not any(_names_colour(data_set, at, end) for at, end in sequences(data_set)):
        return False
    items = items_with(data_set, tags.PIXEL_PRESENTATION)
    return any(item.text(tags.PIXEL_PRESENTATION) not in GREY for _, item in items)


def _names_colour(data_set: DataSet, at: int, end: int) -> bool:
    for start in range(at, end, CHUNK):
        size = min(end - start, CHUNK + LONGEST_MATCH)  # windows overlap, so that no match is split
        if COLOURED.search(data_set.source.peek(start, size)):
            return True
    return False
