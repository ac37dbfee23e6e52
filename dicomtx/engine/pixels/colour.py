"""Colour spaces of native frames (PS3.3 C.7.6.3.1.2)."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dicomtx.image_pixel import PARTIAL, Frame, ImagePixel

SCALE: Final = 16
HALF: Final = 1 << SCALE - 1


class _Matrix(NamedTuple):
    """The conversion of YCbCr to RGB (ITU-R BT.601), in 16-bit fixed point.

    Attributes:
        black: the luma of black.
        luma: the factor of luma above black.
        cr_to_red: the factor of Cr - 128 in red; the other names follow the same pattern.
    """

    black: int
    luma: int
    cr_to_red: int
    cb_to_green: int
    cr_to_green: int
    cb_to_blue: int


MATRICES: Final = {
    "YBR_FULL": _Matrix(0, 1 << SCALE, 91881, -22554, -46802, 116130),  # rounded as by libjpeg
    PARTIAL: _Matrix(16, 76309, 104597, -25675, -53279, 132201),
}


def becomes_rgb(image: ImagePixel) -> bool:
    """Returns whether ``to_rgb`` converts such frames."""
    known = image.samples_per_pixel == 3 and image.photometric_interpretation in MATRICES
    return known and image.bits_allocated == 8


def to_rgb(frame: Frame) -> Frame:
    """Returns an 8-bit YCbCr frame with full-size chroma as RGB."""
    matrix = MATRICES[frame.image.photometric_interpretation]
    samples = np.frombuffer(frame.data, np.uint8).reshape(-1, 3)
    levels = np.arange(256, dtype=np.int32)
    luma = ((levels - matrix.black) * matrix.luma + HALF)[samples[:, 0]]
    chroma = levels - 128
    blue, red = samples[:, 1], samples[:, 2]
    rgb = np.empty_like(samples)
    rgb[:, 0] = _byte(luma + (chroma * matrix.cr_to_red)[red])
    green = (chroma * matrix.cb_to_green)[blue] + (chroma * matrix.cr_to_green)[red]
    rgb[:, 1] = _byte(luma + green)
    rgb[:, 2] = _byte(luma + (chroma * matrix.cb_to_blue)[blue])
    return Frame(rgb.tobytes(), frame.image._replace(photometric_interpretation="RGB"))


def _byte(scaled: NDArray[np.int32]) -> NDArray[Any]:
    values: NDArray[Any] = np.clip(scaled >> SCALE, 0, 255)
    return values.astype(np.uint8)


def to_full(frame: Frame) -> Frame:
    """Returns a native 4:2:2 frame (Y Y Cb Cr for two pixels) with full-size chroma."""
    partial = frame.image.photometric_interpretation.startswith(PARTIAL)
    image = frame.image._replace(photometric_interpretation=PARTIAL if partial else "YBR_FULL")
    pairs = np.frombuffer(frame.data, f"<u{image.bits_allocated // 8}").reshape(-1, 4)
    pixels = np.empty((len(pairs), 2, 3), pairs.dtype)
    pixels[:, :, 0] = pairs[:, :2]
    pixels[:, :, 1:] = pairs[:, None, 2:]
    return Frame(pixels.tobytes(), image)
