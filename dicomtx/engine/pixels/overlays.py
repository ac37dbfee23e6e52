"""Extracts overlay planes from the unused bits of frames."""

from collections.abc import Sequence

import numpy as np

from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.pixel_data.overlay_planes import OverlayPlane
from dicomtx.image_pixel import Frame


def taken_out(frame: Frame, planes: Sequence[OverlayPlane]) -> tuple[Frame, tuple[bytes, ...]]:
    """Returns the frame without these planes, and each plane with one byte per pixel.

    The bits of the planes become zero. A signed value is sign-extended unless other bits above it
    are in use.
    """
    image = frame.image
    words = np.frombuffer(frame.data, f"<u{image.bits_allocated // 8}")
    taken = tuple((words >> plane.bit & 1).astype(np.uint8).tobytes() for plane in planes)
    bits = sum(1 << plane.bit for plane in planes)
    values = words & ~words.dtype.type(bits)
    if image.signed and image.high_bit == image.bits_stored - 1:
        above = (1 << image.bits_allocated) - (1 << image.bits_stored)
        others = values & above
        negative = (values >> image.high_bit & 1).astype(bool)
        values[negative & ((others == 0) | (others == above & ~bits))] |= above
    return Frame(values.tobytes(), image), taken


def removal(planes: Sequence[OverlayPlane], data_set: DataSet) -> list[Edit]:
    """Returns the edits that remove these planes with all their attributes."""
    groups = {plane.group for plane in planes}
    return [Edit(element.tag) for element in data_set.elements if element.tag >> 16 in groups]


def edits(planes: Sequence[OverlayPlane], frames: Sequence[Sequence[bytes]]) -> list[Edit]:
    """Returns the edits that store the extracted bits of all frames as separate overlay planes."""
    made: list[Edit] = []
    for number, plane in enumerate(planes):
        flat = np.frombuffer(b"".join(taken[number] for taken in frames), np.uint8)
        made += plane.edits(np.packbits(flat, bitorder="little").tobytes(), len(frames))
    return made
