"""What a data set says of its image, and the edits that a new encoding asks for."""

from typing import Final

from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.elements import PIXEL_DATA
from dicomtx.errors import DamagedError
from dicomtx.image_pixel import ImagePixel

SAMPLES_PER_PIXEL: Final = 0x00280002
PHOTOMETRIC_INTERPRETATION: Final = 0x00280004
PLANAR_CONFIGURATION: Final = 0x00280006
NUMBER_OF_FRAMES: Final = 0x00280008
ROWS: Final = 0x00280010
COLUMNS: Final = 0x00280011
BITS_ALLOCATED: Final = 0x00280100
BITS_STORED: Final = 0x00280101
HIGH_BIT: Final = 0x00280102
PIXEL_REPRESENTATION: Final = 0x00280103
FLOAT_PIXEL_DATA: Final = 0x7FE00008
DOUBLE_FLOAT_PIXEL_DATA: Final = 0x7FE00009
ICON_IMAGE_SEQUENCE: Final = 0x00880200


def image_pixel(data_set: DataSet) -> ImagePixel | None:
    """Returns the Image Pixel module (PS3.3 C.7.6.3), or None without Pixel Data.

    Raises:
        DamagedError: there is Pixel Data, but not what is needed to read it.
    """
    if PIXEL_DATA not in data_set:
        return None
    needed = {
        "Rows": ROWS,
        "Columns": COLUMNS,
        "Bits Allocated": BITS_ALLOCATED,
    }
    numbers = {name: data_set.number(tag) for name, tag in needed.items()}
    missing = [name for name, number in numbers.items() if not number]
    if missing:
        raise DamagedError(f"there is Pixel Data, but no {' and no '.join(missing)}")
    allocated = numbers["Bits Allocated"] or 0
    stored = data_set.number(BITS_STORED) or allocated
    high_bit = data_set.number(HIGH_BIT)
    samples = data_set.number(SAMPLES_PER_PIXEL) or 1
    default = "MONOCHROME2" if samples == 1 else "RGB"
    return ImagePixel(
        rows=numbers["Rows"] or 0,
        columns=numbers["Columns"] or 0,
        samples_per_pixel=samples,
        photometric_interpretation=data_set.text(PHOTOMETRIC_INTERPRETATION) or default,
        bits_allocated=allocated,
        bits_stored=min(stored, allocated),
        high_bit=stored - 1 if high_bit is None else high_bit,
        pixel_representation=data_set.number(PIXEL_REPRESENTATION) or 0,
        planar_configuration=data_set.number(PLANAR_CONFIGURATION) or 0,
        number_of_frames=number_of_frames(data_set) or 1,
    )


def number_of_frames(data_set: DataSet) -> int | None:
    """Returns Number of Frames, None if it is missing or makes no sense."""
    text = data_set.text(NUMBER_OF_FRAMES).split("\\")[0]
    return int(text) if text.isdigit() and int(text) else None


def image_edits(before: ImagePixel, after: ImagePixel) -> list[Edit]:
    """Returns the edits of the Image Pixel module that make it say ``after``."""
    edits = []
    if after.photometric_interpretation != before.photometric_interpretation:
        photometric_interpretation = after.photometric_interpretation
        edits.append(Edit.text(PHOTOMETRIC_INTERPRETATION, "CS", photometric_interpretation))
    if after.planar_configuration != before.planar_configuration:
        edits.append(Edit.short(PLANAR_CONFIGURATION, after.planar_configuration))
    if after.number_of_frames != before.number_of_frames:
        edits.append(Edit.text(NUMBER_OF_FRAMES, "IS", str(after.number_of_frames)))
    return edits


def has_encapsulated_icon(data_set: DataSet) -> bool:
    """Whether an icon's Pixel Data is encapsulated (PS3.3 C.7.6.1.1.6)."""
    for icon in data_set.items(ICON_IMAGE_SEQUENCE):
        pixels = icon.find(PIXEL_DATA)
        if pixels and pixels.undefined:
            return True
    return False
