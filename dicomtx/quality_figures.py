"""How far what was decoded again is from what was encoded with a loss: figures for a report."""

from typing import Any, NamedTuple


class FrameQuality(NamedTuple):
    """The figures of one frame.

    Attributes:
        psnr: dB, over the range of the file's values; None where nothing differs.
        mean_error: the mean size of an error, sample by sample.
        largest_error: the largest of them.
        ratio: bytes of the native frame to bytes of its code stream.
    """

    psnr: float | None
    mean_error: float
    largest_error: int
    ratio: float


class Quality(NamedTuple):
    """The figures of a file.

    Attributes:
        psnr: of all frames together in dB; None where nothing differs.
        mean_error: the mean size of an error.
        largest_error: the largest of all.
        ratio: bytes of all native frames to bytes of all code streams.
        peak: what PSNR is measured against: the largest minus the smallest value of the source.
        worst_frame: number of the frame with the lowest PSNR, from 1 on.
        frames: the figures of each frame.
    """

    psnr: float | None
    mean_error: float
    largest_error: int
    ratio: float
    peak: int
    worst_frame: int
    frames: tuple[FrameQuality, ...]

    def as_json(self) -> dict[str, Any]:
        """Returns the object that ``--json`` prints."""
        return self._asdict() | {"frames": [frame._asdict() for frame in self.frames]}
