"""Quality goals in one vocabulary, and the measured errors of a lossy frame."""

from collections.abc import Iterable
from math import inf, log10, sqrt
from typing import Final, Literal, NamedTuple

import numpy as np

from dicomtx.codecs import samples
from dicomtx.engine.pixels import colour
from dicomtx.image_pixel import Frame
from dicomtx.quality_figures import FrameQuality, Quality
from dicomtx.settings import Settings, goal_text
from dicomtx.transfer_syntaxes import TransferSyntax

DEFAULT_QUALITY: Final = 90
BLOCK: Final = 1 << 20  # samples compared at a time

GoalKind = Literal["quality", "near", "ratio", "psnr", "max_error"]


class Goal(NamedTuple):
    """A quality goal.

    Attributes:
        kind: one of ``dicomtx.settings.GOALS``.
        value: the number that goes with it.
        text: the goal as the user gave it, for messages.
    """

    kind: GoalKind
    value: float
    text: str


def asked(settings: Settings, target: TransferSyntax) -> Goal:
    """Returns the goal of these settings in terms of the target.

    Quality is JPEG's own scale. For other syntaxes it becomes a PSNR: 30 dB plus 0.2 dB per unit.
    """
    text = goal_text(settings)
    if settings.near is not None:
        return Goal("max_error", settings.near, text)
    if settings.max_error is not None:
        return Goal("max_error", settings.max_error, text)
    if settings.ratio is not None:
        return Goal("ratio", settings.ratio, text)
    if settings.psnr is not None:
        return Goal("psnr", settings.psnr, text)
    quality = settings.quality or DEFAULT_QUALITY
    text = text or f"the default quality {quality}"
    if target.family == "JPEG":
        return Goal("quality", quality, text)
    psnr = 30 + quality / 5
    return Goal("psnr", psnr, f"{text} (a PSNR of {psnr:g} dB)")


class Range(NamedTuple):
    """The smallest and the largest value of some frames."""

    smallest: int
    largest: int

    @property
    def peak(self) -> int:
        """The peak value for PSNR; 1 if all values are the same."""
        return max(1, self.largest - self.smallest)

    @classmethod
    def of(cls, frame: Frame) -> "Range":
        """Returns the range of a frame's values; in RGB for colour."""
        values = samples.values(shown(frame))
        return cls(int(values.min()), int(values.max()))

    @classmethod
    def around(cls, ranges: "Iterable[Range]") -> "Range":
        """Returns the range that covers all of these."""
        low, high = zip(*ranges, strict=True)
        return cls(min(low), max(high))


class Errors(NamedTuple):
    """The differences between a decoded frame and the one that was encoded.

    Attributes:
        squared: the mean squared error, in RGB for colour.
        mean: the mean absolute error of the stored samples.
        largest: the largest absolute error of the stored samples.
        native: bytes of the native frame.
        encoded: bytes of its code stream.
        found: the range of the decoded stored values.
    """

    squared: float
    mean: float
    largest: int
    native: int
    encoded: int
    found: Range

    @property
    def ratio(self) -> float:
        """Native bytes per byte of the code stream."""
        return self.native / self.encoded

    def psnr(self, peak: int) -> float:
        """Returns the PSNR in dB; infinite if nothing differs."""
        return decibels(peak, sqrt(self.squared)) if self.squared else inf


def decibels(peak: float, error: float) -> float:
    """Returns how many dB an error is below a peak."""
    return 20 * log10(peak / error)


def shown(frame: Frame) -> Frame:
    """Returns a frame of 8-bit YBR_FULL as RGB, and others unchanged."""
    return colour.to_rgb(frame) if colour.becomes_rgb(frame.image) else frame


def measured(before: Frame, after: Frame, encoded: int) -> Errors:
    """Returns the errors of a frame whose code stream has ``encoded`` bytes."""
    squared, total, largest, found = _compared(before, after)
    if shown(before) is not before:
        squared = _compared(shown(before), shown(after))[0]
    count = before.image.samples_per_frame
    native = before.image.frame_bytes
    return Errors(squared / count, total / count, largest, native, encoded, found)


def _compared(before: Frame, after: Frame) -> tuple[float, int, int, Range]:
    """Returns the sums of squared and of absolute errors, the largest error, and the range."""
    old, new = (samples.values(frame).reshape(-1) for frame in (before, after))
    squared, total, largest = 0.0, 0, 0
    for start in range(0, len(old), BLOCK):
        block = slice(start, start + BLOCK)
        errors = np.abs(old[block].astype(np.int64) - new[block])
        squared += float(errors @ errors)
        total += int(errors.sum())
        largest = max(largest, int(errors.max()))
    return squared, total, largest, Range(int(new.min()), int(new.max()))


def summary(frames: list[Errors], peak: int) -> Quality:
    """Returns the quality figures of all frames."""
    together = Errors(
        sum(frame.squared for frame in frames) / len(frames),
        sum(frame.mean for frame in frames) / len(frames),
        max(frame.largest for frame in frames),
        sum(frame.native for frame in frames),
        sum(frame.encoded for frame in frames),
        Range.around(frame.found for frame in frames),
    )
    worst = max(range(len(frames)), key=lambda number: frames[number].squared)
    figures = _figures(together, peak)
    return Quality(*figures, peak, worst + 1, tuple(_figures(frame, peak) for frame in frames))


def _figures(errors: Errors, peak: int) -> FrameQuality:
    psnr = errors.psnr(peak)
    return FrameQuality(
        None if psnr == inf else round(psnr, 2),
        round(errors.mean, 4),
        errors.largest,
        round(errors.ratio, 4),
    )
