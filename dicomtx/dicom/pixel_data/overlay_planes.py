"""Overlay planes (PS3.3 C.9.2) in unused bits of Pixel Data (retired)."""

from typing import Final, NamedTuple

from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.image_pixel import ImagePixel

BITS_ALLOCATED: Final = 0x0100
BIT_POSITION: Final = 0x0102
NUMBER_OF_FRAMES: Final = 0x0015
DATA: Final = 0x3000


class OverlayPlane(NamedTuple):
    """An overlay plane: its group (60xx) and its bit in each pixel."""

    group: int
    bit: int

    def edits(self, data: bytes, frames: int) -> list[Edit]:
        """Returns the edits that move the plane to Overlay Data.

        Args:
            data: the plane of all frames, one bit per pixel, the first in the lowest bit.
            frames: number of frames.
        """
        edits = [
            Edit.short(self.group << 16 | BITS_ALLOCATED, 1),
            Edit.short(self.group << 16 | BIT_POSITION, 0),
            Edit(self.group << 16 | DATA, "OW", data + b"\0" * (len(data) % 2)),
        ]
        if frames > 1:
            edits.append(Edit.text(self.group << 16 | NUMBER_OF_FRAMES, "IS", str(frames)))
        return edits


def embedded_planes(data_set: DataSet, image: ImagePixel) -> tuple[OverlayPlane, ...]:
    """Returns the overlay planes in bits of Pixel Data outside the stored values."""
    planes = []
    for group in range(0x6000, 0x6020, 2):
        bit = data_set.number(group << 16 | BIT_POSITION)
        if bit is None or (group << 16 | DATA) in data_set or image.samples_per_pixel != 1:
            continue
        lowest = image.high_bit + 1 - image.bits_stored
        if not lowest <= bit <= image.high_bit and bit < image.bits_allocated:
            planes.append(OverlayPlane(group, bit))
    return tuple(planes)
