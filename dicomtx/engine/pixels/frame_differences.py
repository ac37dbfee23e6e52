"""Compares the frames of two files, one pair at a time."""

from dataclasses import dataclass, replace
from math import log10, sqrt

import numpy as np

from dicomtx.engine.pixels import words
from dicomtx.engine.pixels.frames import Frames
from dicomtx.engine.pixels.ssim import structural_similarity
from dicomtx.engine.pixels.values import (
    IncomparableError,
    Values,
    errors,
    in_one_colour_space,
    values,
)
from dicomtx.image_pixel import Frame


@dataclass(frozen=True, slots=True)
class FrameDifference:
    """The differences of one frame.

    Attributes:
        frame: its number, from 1.
        equal: all stored values are the same, and all meaningful bits above Bits Stored.
        samples: number of stored values that differ.
        largest_error: the largest absolute difference.
        mean_error: the mean absolute difference of all stored values.
        psnr: dB, relative to the range of A's stored values over all frames. None for equal
            frames, and if all values of A are the same.
        ssim: structural similarity; None if it was not, or cannot be, computed.
        high_bits: number of words whose bits above Bits Stored differ; zeros and the sign count
            as equal.
    """

    frame: int
    equal: bool
    samples: int = 0
    largest_error: int = 0
    mean_error: float = 0.0
    psnr: float | None = None
    ssim: float | None = None
    high_bits: int = 0


@dataclass(frozen=True, slots=True)
class FrameDifferences:
    """The differences of the frames of two files.

    Attributes:
        frames: the differences of each frame that both files have.
        peak: A's largest stored value minus its smallest one, the peak for PSNR.
        ssim_left_out: scikit-image is not installed.
    """

    frames: tuple[FrameDifference, ...]
    peak: int = 0
    ssim_left_out: bool = False


def compared(a: Frames, b: Frames) -> FrameDifferences:
    """Returns the differences of the frames that both files have.

    Raises:
        IncomparableError: their sizes differ, or their colour spaces cannot be compared.
        UnsupportedError: Bits Allocated is not supported.
        CodecError: a frame cannot be decoded.
    """
    lowest, highest = [], []
    found, squares = [], []
    for index in range(min(a.count, b.count)):
        frames = a.read(index), b.read(index)
        left, right = _values(*frames)
        lowest.append(int(left.min()))
        highest.append(int(left.max()))
        difference, square = _difference(index + 1, left, right)
        found.append(_with_high_bits(difference, *frames))
        squares.append(square)
    peak = max(highest, default=0) - min(lowest, default=0)
    rated = [replace(d, psnr=_psnr(peak, square)) for d, square in zip(found, squares, strict=True)]
    return _with_ssim(a, b, FrameDifferences(tuple(rated), peak))


def pair(a: Frames, b: Frames, index: int) -> tuple[Values, Values]:
    """Returns the stored values of one frame of each file, in the same colour space."""
    return _values(a.read(index), b.read(index))


def _values(left: Frame, right: Frame) -> tuple[Values, Values]:
    if left.image.samples_per_pixel == right.image.samples_per_pixel:
        left, right = in_one_colour_space(left, right)
    of_a, of_b = values(left), values(right)
    if of_a.shape != of_b.shape:
        raise IncomparableError(f"A's frames are {_size(of_a)}, B's frames are {_size(of_b)}")
    if {of_a.dtype.kind, of_b.dtype.kind} == {"i", "u"}:  # no type holds both
        raise IncomparableError("unsigned 64-bit values cannot be compared with signed values")
    return of_a, of_b


def _size(found: Values) -> str:
    samples = f" of {found.shape[2]} samples" if found.ndim == 3 else ""
    return f"{found.shape[1]} x {found.shape[0]}{samples}"


def _difference(number: int, a: Values, b: Values) -> tuple[FrameDifference, float]:
    """Returns the difference without the fields that need the peak, and the mean squared error."""
    if np.array_equal(a, b):
        return FrameDifference(number, equal=True), 0.0
    apart = errors(a, b)
    precise = apart.astype(np.float64)
    made = FrameDifference(
        frame=number,
        equal=False,
        samples=int(np.count_nonzero(apart)),
        largest_error=int(apart.max()),
        mean_error=float(precise.mean()),
    )
    return made, float(np.square(precise).mean())


def _with_high_bits(difference: FrameDifference, a: Frame, b: Frame) -> FrameDifference:
    """Returns the difference with the number of words that differ above Bits Stored."""
    if words.fits(a) and words.fits(b):
        return difference
    above, other = words.bits_above(a), words.bits_above(b)
    if above.size == other.size:
        count = int(np.count_nonzero(above != other))
    else:  # one has half the chroma
        count = max(int(np.count_nonzero(found)) for found in (above, other))
    return replace(difference, equal=difference.equal and not count, high_bits=count)


def _psnr(peak: int, square: float) -> float | None:
    return 20 * log10(peak / sqrt(square)) if peak and square else None


def _with_ssim(a: Frames, b: Frames, found: FrameDifferences) -> FrameDifferences:
    """Returns the differences with SSIM, which needs the peak and so a second pass."""
    rated = list(found.frames)
    for index, difference in enumerate(rated):
        if difference.equal:
            rated[index] = replace(difference, ssim=1.0)
            continue
        try:
            ssim = structural_similarity(*pair(a, b, index), found.peak)
        except ImportError:
            return replace(found, ssim_left_out=True)
        rated[index] = replace(difference, ssim=ssim)
    return replace(found, frames=tuple(rated))
