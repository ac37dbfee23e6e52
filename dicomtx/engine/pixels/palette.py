"""Expands PALETTE COLOR frames to RGB (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6)."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicomtx.codecs import samples
from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.pixel_data.palette import DATA, DESCRIPTORS, SEGMENTED, Palette
from dicomtx.image_pixel import Frame, ImagePixel

# attributes whose values are indices, which RGB does not have
OF_INDICES: Final = (
    tags.SMALLEST_PIXEL_VALUE,
    tags.LARGEST_PIXEL_VALUE,
    tags.PIXEL_PADDING_VALUE,
    tags.PIXEL_PADDING_RANGE_LIMIT,
)


def to_rgb(frame: Frame, palette: Palette) -> Frame:
    """Returns a frame of indices as RGB."""
    rgb = colours(samples.values(frame), palette)
    return Frame(rgb.tobytes(), rgb_of_palette(frame.image))


def colours(indices: NDArray[Any], palette: Palette) -> NDArray[np.uint8]:
    """Returns the colours of indices: the same shape with red, green and blue as its last axis."""
    tables = [np.frombuffer(table, np.uint8) for table in palette[1:]]
    places = (indices.astype(np.int64) - palette.first).clip(0, len(palette.red) - 1)
    found: NDArray[np.uint8] = np.stack(tables, axis=1)[places]
    return found


def edits(data_set: DataSet) -> Iterator[Edit]:
    """Yields the edits that remove the palette and the attributes whose values are indices."""
    yield Edit.short(tags.PLANAR_CONFIGURATION, 0)
    for tag in (*DESCRIPTORS, *DATA, *SEGMENTED, tags.PALETTE_UID, *OF_INDICES):
        if tag in data_set:
            yield Edit(tag)


def rgb_of_palette(image: ImagePixel) -> ImagePixel:
    """Returns the image with three 8-bit samples instead of an index."""
    return image._replace(
        samples_per_pixel=3,
        photometric_interpretation="RGB",
        bits_allocated=8,
        bits_stored=8,
        high_bit=7,
        pixel_representation=0,
    )
