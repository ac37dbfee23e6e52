"""Measured quality of lossy compression, for reports."""

from typing import NamedTuple


class FrameQuality(NamedTuple):
    """The measured quality of one frame.

    Attributes:
        psnr: in dB, relative to the range of the file's values; None if no sample differs.
        mean_error: the mean absolute error of a sample.
        largest_error: the largest absolute error of a sample.
        ratio: size of the native frame divided by the size of its code stream.
    """

    psnr: float | None
    mean_error: float
    largest_error: int
    ratio: float


class Quality(NamedTuple):
    """The measured quality of a file.

    Attributes:
        psnr: of all frames together, in dB; None if no sample differs.
        mean_error: the mean absolute error of a sample.
        largest_error: the largest absolute error of a sample.
        ratio: size of all native frames divided by the size of all code streams.
        peak: the peak of PSNR: the largest minus the smallest value of the source.
        worst_frame: number of the frame with the lowest PSNR, starting at 1.
        frames: the quality of each frame.
    """

    psnr: float | None
    mean_error: float
    largest_error: int
    ratio: float
    peak: int
    worst_frame: int
    frames: tuple[FrameQuality, ...]

    def as_json(self) -> dict[str, object]:
        """Returns the object that ``--json`` prints."""
        return self._asdict() | {"frames": [frame._asdict() for frame in self.frames]}
