"""Expands PALETTE COLOR frames to RGB (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6)."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dicomtx.codecs import samples
from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.errors import DamagedError, UnsupportedError
from dicomtx.image_pixel import Frame, ImagePixel

DESCRIPTORS: Final = (
    tags.RED_PALETTE_DESCRIPTOR,
    tags.GREEN_PALETTE_DESCRIPTOR,
    tags.BLUE_PALETTE_DESCRIPTOR,
)
DATA: Final = (tags.RED_PALETTE_DATA, tags.GREEN_PALETTE_DATA, tags.BLUE_PALETTE_DATA)
SEGMENTED: Final = (
    tags.SEGMENTED_RED_PALETTE_DATA,
    tags.SEGMENTED_GREEN_PALETTE_DATA,
    tags.SEGMENTED_BLUE_PALETTE_DATA,
)
# attributes whose values are indices, which RGB does not have
OF_INDICES: Final = (
    tags.SMALLEST_PIXEL_VALUE,
    tags.LARGEST_PIXEL_VALUE,
    tags.PIXEL_PADDING_VALUE,
    tags.PIXEL_PADDING_RANGE_LIMIT,
)


class Palette(NamedTuple):
    """The colours of a palette.

    Attributes:
        first: the value of the first colour; lower values have it too.
        colours: 8 bits each for red, green and blue.
    """

    first: int
    colours: NDArray[np.uint8]

    def expanded(self, frame: Frame) -> Frame:
        """Returns a frame of indices as RGB."""
        values = samples.values(frame).astype(np.int64) - self.first
        rgb = self.colours[values.clip(0, len(self.colours) - 1)]
        return Frame(rgb.tobytes(), rgb_of_palette(frame.image))


def read(data_set: DataSet) -> Palette:
    """Returns the palette of a data set.

    Raises:
        UnsupportedError: the palette is segmented.
        DamagedError: it is missing, or does not match its descriptors.
    """
    if any(tag in data_set for tag in SEGMENTED):
        raise UnsupportedError("segmented palettes cannot be expanded")
    found = [_table(data_set, *tags) for tags in zip(DESCRIPTORS, DATA, strict=True)]
    firsts, tables = {first for first, _ in found}, [table for _, table in found]
    if len(firsts) != 1 or len({len(table) for table in tables}) != 1:
        raise DamagedError("the tables of the palette differ in length or first value")
    return Palette(firsts.pop(), np.stack(tables, axis=1))


def _table(data_set: DataSet, descriptor: int, data: int) -> tuple[int, NDArray[Any]]:
    """Returns the first value mapped, and the entries in 8 bits (PS3.3 C.7.6.3.1.5)."""
    order = data_set.encoding.order
    said, raw = data_set.value(descriptor), data_set.value(data)
    if len(said) != 6 or not raw:
        raise DamagedError("a table of the palette is missing")
    count = int.from_bytes(said[:2], order) or 1 << 16
    first = int.from_bytes(said[2:4], order, signed=data_set.signed)
    if len(raw) >= 2 * count:
        words = np.frombuffer(raw[: 2 * count], "<u2" if order == "little" else ">u2")
        # some writers store 8-bit entries in words, whatever the descriptor says
        eight = int(words.max()) < 1 << 8
        return first, (words if eight else words >> 8).astype(np.uint8)
    if len(raw) >= count:
        if order == "big":  # the bytes of OW are in words
            raw = np.frombuffer(raw, ">u2").astype("<u2").tobytes()
        return first, np.frombuffer(raw[:count], np.uint8)
    raise DamagedError(f"a table of the palette has {len(raw)} bytes for {count} entries")


def edits(data_set: DataSet) -> Iterator[Edit]:
    """Yields the edits that remove the palette and the attributes whose values are indices."""
    yield Edit.short(tags.PLANAR_CONFIGURATION, 0)
    for tag in (*DESCRIPTORS, *DATA, tags.PALETTE_UID, *OF_INDICES):
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
