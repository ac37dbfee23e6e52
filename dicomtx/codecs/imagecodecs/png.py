"""Writes pictures for web pages."""

from typing import Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray

FAST: Final = 1  # filters matter more than effort: smaller than level 6 without filters


def png(picture: NDArray[np.uint8]) -> bytes:
    """Returns the picture as PNG (ISO/IEC 15948), 8 bits per sample.

    Args:
        picture: rows x columns for grey, or rows x columns x 3 for RGB.
    """
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(picture), level=FAST))
