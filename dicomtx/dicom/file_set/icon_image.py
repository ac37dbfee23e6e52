"""Encodes the Icon Image Sequence of a directory record (PS3.3 F.7)."""

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.element_header import element_header
from dicomtx.dicom.elements import EXPLICIT
from dicomtx.dicom.items import item


def icon_image(pixels: bytes, side: int) -> bytes:
    """Returns the element in explicit VR little endian.

    Args:
        pixels: 8-bit MONOCHROME2 pixels.
        side: number of rows and columns; must be even.
    """
    value = item(
        Edit.short(tags.SAMPLES_PER_PIXEL, 1),
        Edit.text(tags.PHOTOMETRIC_INTERPRETATION, "CS", "MONOCHROME2"),
        Edit.short(tags.ROWS, side),
        Edit.short(tags.COLUMNS, side),
        Edit.short(tags.BITS_ALLOCATED, 8),
        Edit.short(tags.BITS_STORED, 8),
        Edit.short(tags.HIGH_BIT, 7),
        Edit.short(tags.PIXEL_REPRESENTATION, 0),
        Edit(tags.PIXEL_DATA, "OB", pixels),
    )
    return element_header(tags.ICON_IMAGE_SEQUENCE, "SQ", len(value), EXPLICIT) + value
