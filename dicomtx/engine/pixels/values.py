"""Stored values of frames as arrays; converts two frames to the same colour space."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomtx.engine.pixels import colour
from dicomtx.errors import UnsupportedError
from dicomtx.image_pixel import Frame

Values = NDArray[Any]


class IncomparableError(UnsupportedError):
    """Two frames that cannot be compared, as their kinds differ."""


def values(frame: Frame) -> Values:
    """Returns the stored values: rows x columns, or rows x columns x samples.

    Bits above and below the values are ignored; signed values are sign-extended.
    """
    image = frame.image
    samples = (image.samples_per_pixel,) if image.samples_per_pixel > 1 else ()
    shape = (image.rows, image.columns, *samples)
    count, stored = image.samples_per_frame, image.bits_stored
    if image.bits_allocated == 1:
        packed = np.frombuffer(frame.data, np.uint8)
        return np.unpackbits(packed, count=count, bitorder="little").reshape(shape).astype(np.int32)
    if image.bits_allocated not in (8, 16, 32, 64):
        raise UnsupportedError(f"cannot compare samples of {image.bits_allocated} bits allocated")
    kind = np.dtype(f"<u{image.bits_allocated // 8}")
    words: Any = np.frombuffer(frame.data, kind, count).reshape(shape)
    if stored > 62:
        whole: Values = words.view("<i8" if image.signed else "<u8")
        return whole
    lowest = max(0, image.high_bit + 1 - stored)
    found: Values = (words >> lowest & (1 << stored) - 1).astype(
        np.int32 if stored < 31 else np.int64
    )
    return found - ((found >> (stored - 1)) << stored) if image.signed else found


def array(frame: Frame) -> Values:
    """Returns the stored values in integers as wide as Bits Allocated; one bit is uint8."""
    image = frame.image
    size = max(1, image.bits_allocated // 8)
    return values(frame).astype(f"{'i' if image.signed else 'u'}{size}")


def errors(a: Values, b: Values) -> Values:
    """Returns the exact absolute differences."""
    apart: Values = np.maximum(a, b) - np.minimum(a, b)
    # the difference of signed 64-bit values can exceed their range
    return apart.view(np.uint64) if apart.dtype == np.int64 else apart


def in_one_colour_space(a: Frame, b: Frame) -> tuple[Frame, Frame]:
    """Returns both frames with full-size chroma; as RGB if their colour spaces differ.

    Raises:
        IncomparableError: their colour spaces cannot be converted to RGB.
    """
    a, b = _full(a), _full(b)
    if _space(a) != _space(b):
        a, b = _rgb(a), _rgb(b)
    if _space(a) != _space(b):
        raise IncomparableError(f"A is {_space(a) or 'grey'}, B is {_space(b) or 'grey'}")
    return a, b


def for_people(frame: Frame) -> Frame:
    """Returns the frame for display, as RGB if its colour space can be converted."""
    return _rgb(_full(frame))


def _full(frame: Frame) -> Frame:
    return colour.to_full(frame) if frame.image.subsampled else frame


def _space(frame: Frame) -> str:
    """Returns the colour space; empty for one sample, which every interpretation stores alike."""
    image = frame.image
    return image.photometric_interpretation if image.samples_per_pixel > 1 else ""


def _rgb(frame: Frame) -> Frame:
    return colour.to_rgb(frame) if colour.becomes_rgb(frame.image) else frame
