"""Colour spaces of native frames (PS3.3 C.7.6.3.1.2)."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicomtx.image_pixel import Frame

# ITU-R BT.601 in 16-bit fixed point, rounded as the JPEG libraries do
SCALE: Final = 16
HALF: Final = 1 << SCALE - 1
CR_TO_RED: Final = 91881
CB_TO_GREEN: Final = -22554
CR_TO_GREEN: Final = -46802
CB_TO_BLUE: Final = 116130


def to_rgb(frame: Frame) -> Frame:
    """Returns a YBR_FULL frame of 8-bit samples as RGB."""
    samples = np.frombuffer(frame.data, np.uint8).reshape(-1, 3)
    luma = samples[:, 0].astype(np.int32)
    chroma = np.arange(-128, 128, dtype=np.int32)
    blue, red = samples[:, 1], samples[:, 2]
    rgb = np.empty_like(samples)
    rgb[:, 0] = _byte(luma + ((chroma * CR_TO_RED + HALF) >> SCALE)[red])
    green = (chroma * CB_TO_GREEN)[blue] + (chroma * CR_TO_GREEN + HALF)[red]
    rgb[:, 1] = _byte(luma + (green >> SCALE))
    rgb[:, 2] = _byte(luma + ((chroma * CB_TO_BLUE + HALF) >> SCALE)[blue])
    return Frame(rgb.tobytes(), frame.image._replace(photometric_interpretation="RGB"))


def _byte(values: NDArray[np.int32]) -> NDArray[Any]:
    return np.clip(values, 0, 255).astype(np.uint8)


def to_full(frame: Frame) -> Frame:
    """Returns a native YBR_FULL_422 frame (Y Y Cb Cr for two pixels) with chroma in each pixel."""
    image = frame.image._replace(photometric_interpretation="YBR_FULL")
    pairs = np.frombuffer(frame.data, f"<u{image.bits_allocated // 8}").reshape(-1, 4)
    pixels = np.empty((len(pairs), 2, 3), pairs.dtype)
    pixels[:, :, 0] = pairs[:, :2]
    pixels[:, :, 1:] = pairs[:, None, 2:]
    return Frame(pixels.tobytes(), image)
