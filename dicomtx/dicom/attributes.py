"""Reads the Image Pixel module, and returns the edits that a new encoding needs."""

from collections.abc import Iterator
from typing import Final

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.item_search import items_with
from dicomtx.dicom.values import numbers
from dicomtx.errors import DamagedError
from dicomtx.image_pixel import ImagePixel

MOST_MISSING: Final = 100  # at least 1/100 of Pixel Data must be present, as sizes can be forged
NEEDED: Final = {"Rows": tags.ROWS, "Columns": tags.COLUMNS, "Bits Allocated": tags.BITS_ALLOCATED}


def missing(data_set: DataSet) -> tuple[str, ...]:
    """Returns the names of the missing attributes without which Pixel Data cannot be read."""
    if tags.PIXEL_DATA not in data_set:
        return ()
    return tuple(name for name, tag in NEEDED.items() if not data_set.number(tag))


def image_pixel(data_set: DataSet) -> ImagePixel | None:
    """Returns the Image Pixel module (PS3.3 C.7.6.3), or None if it is missing or incomplete."""
    if tags.PIXEL_DATA not in data_set or missing(data_set):
        return None
    allocated = data_set.number(tags.BITS_ALLOCATED) or 0
    stored = min(data_set.number(tags.BITS_STORED) or allocated, allocated)
    high_bit = data_set.number(tags.HIGH_BIT)
    if high_bit is None or not stored - 1 <= high_bit < allocated:
        high_bit = stored - 1
    samples = data_set.number(tags.SAMPLES_PER_PIXEL) or 1
    default = "MONOCHROME2" if samples == 1 else "RGB"
    return ImagePixel(
        rows=data_set.number(tags.ROWS) or 0,
        columns=data_set.number(tags.COLUMNS) or 0,
        samples_per_pixel=samples,
        photometric_interpretation=data_set.text(tags.PHOTOMETRIC_INTERPRETATION) or default,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high_bit,
        pixel_representation=data_set.number(tags.PIXEL_REPRESENTATION) or 0,
        planar_configuration=data_set.number(tags.PLANAR_CONFIGURATION) or 0,
        number_of_frames=number_of_frames(data_set) or 1,
    )


def number_of_frames(data_set: DataSet) -> int | None:
    """Returns Number of Frames, or None if it is missing or not a number above 0.

    Raises:
        DamagedError: it is too large for an IS.
    """
    try:
        number = numbers.integer(data_set.text(tags.NUMBER_OF_FRAMES))
    except OverflowError as error:
        raise DamagedError(f"Number of Frames is damaged: {error} (PS3.5 6.2)") from error
    return number if number and number > 0 else None


def image_edits(before: ImagePixel, after: ImagePixel) -> list[Edit]:
    """Returns the edits that change the Image Pixel module from ``before`` to ``after``."""
    edits = []
    if after.photometric_interpretation != before.photometric_interpretation:
        photometric_interpretation = after.photometric_interpretation
        edits.append(Edit.text(tags.PHOTOMETRIC_INTERPRETATION, "CS", photometric_interpretation))
    if after.planar_configuration != before.planar_configuration:
        edits.append(Edit.short(tags.PLANAR_CONFIGURATION, after.planar_configuration))
    numbers = {
        tags.SAMPLES_PER_PIXEL: (before.samples_per_pixel, after.samples_per_pixel),
        tags.BITS_ALLOCATED: (before.bits_allocated, after.bits_allocated),
        tags.BITS_STORED: (before.bits_stored, after.bits_stored),
        tags.HIGH_BIT: (before.high_bit, after.high_bit),
        tags.PIXEL_REPRESENTATION: (before.pixel_representation, after.pixel_representation),
    }
    edits += (Edit.short(tag, new) for tag, (old, new) in numbers.items() if old != new)
    if after.number_of_frames != before.number_of_frames:
        edits.append(Edit.text(tags.NUMBER_OF_FRAMES, "IS", str(after.number_of_frames)))
    return edits


def label_edits(data_set: DataSet, after: ImagePixel) -> list[Edit]:
    """Returns the edits that change the data set's Image Pixel module to ``after``."""
    said = image_pixel(data_set)
    edits = image_edits(said, after) if said else []
    there = tags.NUMBER_OF_FRAMES in data_set and number_of_frames(data_set) is None
    if there and after.number_of_frames == 1:  # the value is not a number
        edits.append(Edit.text(tags.NUMBER_OF_FRAMES, "IS", "1"))
    return edits


def nested_encapsulated(data_set: DataSet) -> Iterator[tuple[tuple[int, ...], DataSet]]:
    """Yields the items with encapsulated Pixel Data (icons), and their paths."""
    for path, item in items_with(data_set, tags.PIXEL_DATA):
        pixels = item.find(tags.PIXEL_DATA)
        if pixels and pixels.undefined:
            yield path, item
