"""Renders frames for display: applies the window or the palette."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicomtx.dicom.pixel_data.display import Presentation
from dicomtx.engine.pixels.palette import colours
from dicomtx.engine.pixels.values import Values, errors, for_people, values
from dicomtx.image_pixel import Frame

LARGEST_SIDE: Final = 2048
BARS: Final = 32

Bytes = NDArray[np.uint8]


def seen(frame: Frame, how: Presentation) -> Bytes:
    """Returns the picture of a frame: rows x columns, or rows x columns x RGB.

    Args:
        frame: any native frame.
        how: the presentation, with a window if the frame is grey.
    """
    frame = for_people(frame)
    image, found = frame.image, values(frame)
    step = _step(found)
    found = found[::step, ::step]
    if image.samples_per_pixel == 3:
        return _byte(found / ((1 << image.bits_stored) - 1) * 255)
    if found.ndim == 3:  # an unknown colour space: show the first sample
        found, how = found[..., 0], Presentation(1 << image.bits_stored - 1, 1 << image.bits_stored)
    if image.photometric_interpretation == "PALETTE COLOR" and how.palette:
        return colours(found, how.palette)
    shown = _byte(_windowed(found * how.slope + how.intercept, how) * 255)
    inverted: Bytes = 255 - shown
    return inverted if image.photometric_interpretation == "MONOCHROME1" else shown


def with_window(frame: Frame, how: Presentation) -> Presentation:
    """Returns the presentation; a grey frame without a window gets its own range as the window."""
    if how.width or frame.image.samples_per_pixel > 1:
        return how
    rescaled = values(frame) * how.slope + how.intercept
    low, high = float(rescaled.min()), float(rescaled.max())
    return how._replace(centre=(low + high) / 2, width=(high - low) or 1.0, function="LINEAR_EXACT")


def _windowed(rescaled: Values, how: Presentation) -> Any:
    """Returns values from 0 to 1, not clipped (PS3.3 C.11.2.1.2, C.11.2.1.3)."""
    if how.function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (rescaled - how.centre) / how.width, -700, 700)))
    if how.function == "LINEAR_EXACT":
        return (rescaled - how.centre) / how.width + 0.5
    if how.width <= 1:
        return (rescaled > how.centre - 0.5).astype(np.float64)
    return (rescaled - (how.centre - 0.5)) / (how.width - 1) + 0.5


def _byte(shown: Any) -> Bytes:
    found: Bytes = np.clip(np.rint(shown), 0, 255).astype(np.uint8)
    return found


def difference(a: Values, b: Values) -> tuple[Bytes, float]:
    """Returns the picture of the absolute differences, and the factor by which it amplifies them.

    It shows the largest error of the samples of a pixel, and of the pixels merged in large frames.
    """
    apart = errors(a, b)
    apart = apart.max(axis=2) if apart.ndim == 3 else apart
    step = _step(apart)
    for axis in (0, 1):
        apart = np.maximum.reduceat(apart, range(0, apart.shape[axis], step), axis)
    factor = 255 / (int(apart.max()) or 255)
    return _byte(apart * factor), factor


def _step(found: Values) -> int:
    """Returns how many pixels of a large frame become one in the picture, in each direction."""
    longest: int = max(found.shape[:2])
    return -(-longest // LARGEST_SIDE)


def histogram(a: Values, b: Values) -> list[tuple[int, int, int]]:
    """Returns the smallest error, the largest error and the number of samples for each bar."""
    apart = errors(a, b)
    largest = int(apart.max())
    width = -(-(largest + 1) // BARS)
    counts = np.bincount((apart // apart.dtype.type(width)).astype(np.int64).ravel())
    return [(n * width, n * width + width - 1, int(count)) for n, count in enumerate(counts)]
