"""Frames without markers, deflated or uncompressed; their size determines where they end."""

import zlib
from typing import NamedTuple

from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax


class Unmarked(NamedTuple):
    """The frames of a syntax whose streams have neither a magic number nor an end marker.

    Attributes:
        deflated: each frame is a deflate stream, otherwise a native frame.
        size: bytes of a native frame.
    """

    deflated: bool
    size: int

    def end(self, data: bytes) -> int:
        """Returns the position after the frame at the start of ``data``; 0 if there is none."""
        if not self.deflated:
            return self.size if len(data) >= self.size else 0
        inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        try:
            found = len(inflater.decompress(data, self.size + 1))
        except zlib.error:
            return 0
        return len(data) - len(inflater.unused_data) if inflater.eof and found == self.size else 0

    def starts(self, data: bytes) -> list[int]:
        """Returns where frames start if several follow each other; the first starts at 0.

        Each can be padded to an even length.
        """
        return self._deflated_starts(data) if self.deflated else self._native_starts(len(data))

    def _deflated_starts(self, data: bytes) -> list[int]:
        found, end = [0], self.end(data)
        while end:
            places = (place for place in (end, end + 1) if place < len(data))
            start, length = next(((p, n) for p in places if (n := self.end(data[p:]))), (0, 0))
            if start:
                found.append(start)
            end = start and start + length
        return found

    def _native_starts(self, length: int) -> list[int]:
        for step in (self.size + self.size % 2, self.size):
            frames = length // step if step else 0
            if frames > 1 and length - frames * step == frames * step % 2:
                return [frame * step for frame in range(frames)]
        return [0]


def unmarked(syntax: TransferSyntax, image: ImagePixel | None) -> Unmarked | None:
    """Returns how to separate frames of a syntax by size; None if they have markers."""
    if image is None or not image.frame_bytes or not syntax.encapsulated:
        return None
    if syntax.family not in ("deflate", "native"):
        return None
    return Unmarked(syntax.family == "deflate", image.frame_bytes)
