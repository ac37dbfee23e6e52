"""A thumbnail of a frame for the records of a DICOMDIR (PS3.3 F.7, PS3.11 D.3)."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicomtx.dicom.pixel_data.display import Presentation
from dicomtx.engine.pixels.rendering import seen, with_window
from dicomtx.image_pixel import Frame

LUMINANCE: Final = (0.299, 0.587, 0.114)


def icon(frame: Frame, how: Presentation, aspect: float, side: int) -> bytes:
    """Returns 8-bit MONOCHROME2 pixels: the whole frame, centred on black.

    Args:
        frame: any native frame.
        how: the presentation; without a window, the frame's own range is the window.
        aspect: the height of a pixel relative to its width.
        side: the number of rows and of columns.
    """
    picture: NDArray[Any] = seen(frame, with_window(frame, how)).astype(np.float64)
    if picture.ndim == 3:
        picture = picture @ np.array(LUMINANCE)
    height, width = picture.shape[0] * aspect, float(picture.shape[1])
    scale = side / max(height, width)
    rows, columns = (min(side, max(1, round(length * scale))) for length in (height, width))
    small = _resized(_resized(picture, rows).T, columns).T
    made = np.zeros((side, side), np.uint8)
    top, left = (side - rows) // 2, (side - columns) // 2
    made[top : top + rows, left : left + columns] = np.rint(small)
    return made.tobytes()


def _resized(picture: NDArray[Any], count: int) -> NDArray[Any]:
    """Returns ``count`` rows: means of merged rows, or repeated rows."""
    edges = np.arange(count + 1) * picture.shape[0] // count
    sums: NDArray[Any] = np.add.reduceat(picture, edges[:-1], axis=0)
    means: NDArray[Any] = sums / np.maximum(np.diff(edges), 1)[:, np.newaxis]
    return means
