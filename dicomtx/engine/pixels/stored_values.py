"""Compares all bits of the words of frames."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicomtx.codecs.checksum import crc32
from dicomtx.image_pixel import Frame

DIGEST: Final = 4  # bytes
BLOCK: Final = 1 << 18  # bytes compared at a time, to stay in the processor's cache


def digest(frame: Frame) -> bytes:
    """Returns the CRC-32 of a frame's words: it detects faults, not forgeries."""
    return crc32(frame.data).to_bytes(DIGEST)


def same(one: Frame, other: Frame) -> bool:
    """Returns whether two frames of one image have the same words."""
    some, others = _bytes(one), _bytes(other)
    if len(some) != len(others):
        return False
    starts = range(0, len(some), BLOCK)
    return all(np.array_equal(some[n : n + BLOCK], others[n : n + BLOCK]) for n in starts)


def _bytes(frame: Frame) -> NDArray[Any]:
    return np.frombuffer(frame.data, np.uint8)
