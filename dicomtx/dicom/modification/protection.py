"""Elements that cannot be modified, because others describe or depend on them."""

from typing import Final

from dicomtx.dicom import tags
from dicomtx.dicom.modification.modification import Verb

_PIXELS: Final = "it describes how the pixels are stored; only a conversion changes it"
_DESCRIBING: Final = frozenset(
    {
        *(tags.SAMPLES_PER_PIXEL, tags.PHOTOMETRIC_INTERPRETATION, tags.PLANAR_CONFIGURATION),
        *(tags.NUMBER_OF_FRAMES, tags.ROWS, tags.COLUMNS, tags.BITS_ALLOCATED, tags.BITS_STORED),
        *(tags.HIGH_BIT, tags.PIXEL_REPRESENTATION),
        *(tags.SMALLEST_PIXEL_VALUE, tags.LARGEST_PIXEL_VALUE),
        *(tags.RED_PALETTE_DESCRIPTOR, tags.GREEN_PALETTE_DESCRIPTOR, tags.BLUE_PALETTE_DESCRIPTOR),
        *(tags.RED_PALETTE_DATA, tags.GREEN_PALETTE_DATA, tags.BLUE_PALETTE_DATA),
        *(tags.SEGMENTED_RED_PALETTE_DATA, tags.SEGMENTED_GREEN_PALETTE_DATA),
        tags.SEGMENTED_BLUE_PALETTE_DATA,
    }
)
_LOSSY: Final = "it records a lossy compression, which cannot be undone (PS3.3 C.7.6.1.1.5)"
_ELEMENTS: Final = {
    tags.SOP_CLASS_UID: "it says what kind of object the file is",
    tags.SOP_INSTANCE_UID: "it gets a new value, unless --keep-uids keeps it",
    tags.SPECIFIC_CHARACTER_SET: "the bytes of all other texts depend on it",
    tags.ORIGINAL_ATTRIBUTES: "dicomtx records the old values there",
    **dict.fromkeys((tags.LOSSY_IMAGE_COMPRESSION, tags.LOSSY_RATIO, tags.LOSSY_METHOD), _LOSSY),
    **dict.fromkeys(_DESCRIBING, _PIXELS),
}
_GROUPS: Final = {
    0x0002: "it belongs to the file, not to the data set; dicomtx keeps it right",
    0x0004: "it belongs to a DICOMDIR",
    0x7FE0: "it holds pixels; only a conversion changes it",
    0xFFFC: "it is padding",
    0xFFFE: "it delimits items",
}
_OVERLAYS: Final = 0x6000
_INSTANCE: Final = (tags.SOP_CLASS_UID, tags.SOP_INSTANCE_UID)
_NEEDED: Final = (tags.STUDY_INSTANCE_UID, tags.SERIES_INSTANCE_UID)


def protection(tag: int, path: tuple[int, ...], verb: Verb) -> str:
    """Returns why an element cannot be modified; empty if it can.

    Args:
        tag: the element.
        path: the sequences and items around it.
        verb: what is asked for.
    """
    group = tag >> 16
    if tag & 0xFFFF == 0 or group in _GROUPS:
        return _GROUPS.get(group, "it is a group length; dicomtx keeps it right")
    if group & 0xFF01 == _OVERLAYS and verb != "remove":
        return "it belongs to an overlay plane"
    if tags.ORIGINAL_ATTRIBUTES in path[::2]:
        return "it records an old value"
    if path and tag in _INSTANCE:
        return ""
    needed = tag in _NEEDED and verb == "remove" and not path
    return "every instance needs it" if needed else _ELEMENTS.get(tag, "")
