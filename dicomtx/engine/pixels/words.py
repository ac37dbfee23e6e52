"""The bits above Bits Stored in native frames.

These bits have no meaning if they are all zero, or if they repeat the sign of signed data. Other
bits can be a padding value of 65535, an overlay plane, or a value that is too large. This module
ignores them if High Bit says that the value is not in the low bits.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicomtx.image_pixel import Frame, ImagePixel

Words = NDArray[Any]
WIDTHS: Final = (8, 16, 32, 64)


def fits(frame: Frame) -> bool:
    """Returns whether a stream of Bits Stored bits can restore every word of the frame.

    Decoders fill the bits above with zeros, or with the sign of signed data.
    """
    if not _has_bits_above(frame.image):
        return True
    words = _words(frame)
    low, high = _range(frame.image)
    return bool(low <= words.min() and words.max() <= high)


def with_bits_above(frame: Frame, ignored: int = 0) -> int:
    """Returns how many words have bits above Bits Stored that are neither zero nor the sign.

    Args:
        frame: a native frame.
        ignored: a mask of bits that do not count: those of overlay planes.
    """
    return 0 if fits(frame) else int(np.count_nonzero(bits_above(frame, ignored)))


def bits_above(frame: Frame, ignored: int = 0) -> Words:
    """Returns the bits above Bits Stored, in place; zero if they have no meaning."""
    image = frame.image
    if not _has_bits_above(image):
        return np.zeros(image.samples_per_frame, np.uint8)
    words = _words(frame).view(f"<u{image.bits_allocated // 8}")
    mask = _above(image) & ~ignored
    above = words & mask
    if image.signed:
        negative = (words >> (image.bits_stored - 1) & 1).astype(bool)
        above[negative & (above == mask)] = 0
    return above


def without_bits_above(frame: Frame, kept: int = 0) -> Frame:
    """Returns the frame with zeros above Bits Stored, or the sign of signed data.

    Args:
        frame: a native frame.
        kept: a mask of bits that do not change: those of overlay planes.
    """
    image = frame.image
    if not _has_bits_above(image):
        return frame
    words = _words(frame)
    shift = image.bits_allocated - image.bits_stored
    values = (words << shift) >> shift
    if kept:
        unsigned = words.view(f"<u{words.itemsize}")
        values = values.view(unsigned.dtype) & (_all(image) & ~kept) | unsigned & kept
    return frame._replace(data=values.tobytes())


def clipped(frame: Frame) -> tuple[Frame, int]:
    """Returns the frame with its values clipped to Bits Stored, and how many were out of range."""
    if fits(frame):
        return frame, 0
    words = _words(frame)
    within = np.clip(words, *_range(frame.image))
    return frame._replace(data=within.tobytes()), int(np.count_nonzero(within != words))


def _has_bits_above(image: ImagePixel) -> bool:
    """Returns whether words have bits above a value that starts at the lowest bit."""
    low = image.high_bit == image.bits_stored - 1
    return low and image.bits_stored < image.bits_allocated and image.bits_allocated in WIDTHS


def _words(frame: Frame) -> Words:
    """Returns the words with the sign of the data set."""
    kind = "i" if frame.image.signed else "u"
    return np.frombuffer(frame.data, f"<{kind}{frame.image.bits_allocated // 8}")


def _range(image: ImagePixel) -> tuple[int, int]:
    """Returns the lowest and the highest value of Bits Stored."""
    low = -(1 << image.bits_stored - 1) if image.signed else 0
    return low, low + (1 << image.bits_stored) - 1


def _all(image: ImagePixel) -> int:
    return (1 << image.bits_allocated) - 1


def _above(image: ImagePixel) -> int:
    """Returns the bits of a word above Bits Stored."""
    return _all(image) & ~((1 << image.bits_stored) - 1)
