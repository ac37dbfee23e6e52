"""Overlay planes out of the unused bits of frames."""

import numpy as np

from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.overlay_planes import OverlayPlane
from dicomtx.image_pixel import Frame


class OverlayCollector:
    """Takes the planes out of the frames of one file, one after the other."""

    def __init__(self, planes: tuple[OverlayPlane, ...]) -> None:
        """Starts without frames."""
        self._planes = planes
        self._bits: list[list[bytes]] = [[] for _ in planes]

    def take(self, frame: Frame) -> Frame:
        """Returns the frame with only its stored values in it, sign-extended."""
        image = frame.image
        words = np.frombuffer(frame.data, f"<u{image.bits_allocated // 8}")
        for plane, bits in zip(self._planes, self._bits, strict=True):
            bits.append((words >> plane.bit & 1).astype(np.uint8).tobytes())
        above = image.bits_allocated - image.bits_stored
        kind = "i" if image.signed else "u"
        values = (words << above).view(f"<{kind}{image.bits_allocated // 8}") >> above
        return Frame(values.tobytes(), image)

    def edits(self) -> list[Edit]:
        """Returns the edits that make planes of their own of what was taken."""
        edits: list[Edit] = []
        for plane, bits in zip(self._planes, self._bits, strict=True):
            flat = np.frombuffer(b"".join(bits), np.uint8)
            data = np.packbits(flat, bitorder="little").tobytes()
            edits += plane.edits(data, len(bits))
        return edits
