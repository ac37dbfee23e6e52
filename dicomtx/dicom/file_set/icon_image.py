"""Icon Image Sequence, as it stands in a directory record (PS3.3 F.7)."""

from typing import Final

from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.element_header import element_header
from dicomtx.dicom.elements import EXPLICIT, PIXEL_DATA
from dicomtx.dicom.items import item

ICON_IMAGE: Final = 0x00880200


def icon_image(pixels: bytes, side: int) -> bytes:
    """Returns the element, explicit VR, little endian.

    Args:
        pixels: 8 bits each, MONOCHROME2.
        side: rows and columns; an even number.
    """
    value = item(
        Edit.short(0x00280002, 1),
        Edit.text(0x00280004, "CS", "MONOCHROME2"),
        Edit.short(0x00280010, side),
        Edit.short(0x00280011, side),
        Edit.short(0x00280100, 8),
        Edit.short(0x00280101, 8),
        Edit.short(0x00280102, 7),
        Edit.short(0x00280103, 0),
        Edit(PIXEL_DATA, "OB", pixels),
    )
    return element_header(ICON_IMAGE, "SQ", len(value), EXPLICIT) + value
