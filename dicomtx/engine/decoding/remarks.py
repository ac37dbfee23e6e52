"""Warnings about the frames that were read: salvaged frames and ignored data."""

from collections.abc import Iterable

from dicomtx.codecs import guard
from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax


class Remarks:
    """Findings by frame. A frame may be read more than once.

    Attributes:
        syntax: of the code streams.
        cut: the frames whose streams are truncated.
        lost: the frames that could not be decoded.
        clipped: how many values beyond Bits Stored were clipped, by frame; never 0.
        padded: the frames with data other than padding after their code streams.
        unended: the frames whose code streams lack only the end marker.
    """

    def __init__(self, syntax: TransferSyntax) -> None:
        """Starts without findings."""
        self.syntax = syntax
        self.cut: list[int] = []
        self.lost: list[int] = []
        self.clipped: dict[int, int] = {}
        self.padded: list[int] = []
        self.unended: list[int] = []

    def look_behind(self, index: int, stream: bytes, image: ImagePixel | None) -> None:
        """Records how the code stream of a frame ends."""
        if guard.bytes_behind_end(stream, self.syntax, image):
            self.padded.append(index)
        if guard.lacks_end_marker(stream, self.syntax):
            self.unended.append(index)

    def texts(self) -> list[str]:
        """Returns the warnings."""
        cut = [f"salvaged: frame {n + 1} is truncated; filled in" for n in sorted(self.cut)]
        lost = (f"salvaged: frame {n + 1} could not be decoded; set to zero" for n in self.lost)
        last = "RLE segments" if self.syntax.family == "RLE" else "end marker"
        padded = _counted(self.padded, f"bytes after the {last} ignored as padding")
        unended = _counted(self.unended, "the end marker is missing, but all tile-parts are there")
        return [*cut, *sorted(lost), *padded, *unended, *self._clipping()]

    def _clipping(self) -> list[str]:
        count = sum(self.clipped.values())
        if not count:
            return []
        values = "1 value" if count == 1 else f"{count} values"
        return [f"{values} of the lossy code streams exceeded Bits Stored and were clipped"]


def _counted(frames: Iterable[int], text: str) -> list[str]:
    """Returns one warning for all the frames, if there are any."""
    if not (found := sorted(set(frames))):
        return []
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return [f"frame {found[0] + 1}{more}: {text}"]
