"""The stored values of a frame: what must be the same before and after."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicomtx.image_pixel import Frame

DIGEST: Final = 16  # bytes
BLOCK: Final = 1 << 18  # bytes compared at once, so that they stay in the processor's cache


def digest(frame: Frame) -> bytes:
    """Returns a digest of the stored values; the bits above and below them do not count."""
    from hashlib import blake2b  # noqa: PLC0415 - brings OpenSSL: 4 ms

    image = frame.image
    data: Any = frame.data
    if image.bits_stored < image.bits_allocated:
        words, mask = _words(frame), _mask(frame)
        data = words & words.dtype.type(mask)
    return blake2b(data, digest_size=DIGEST).digest()


def same(one: Frame, other: Frame) -> bool:
    """Returns whether two frames of one image have the same stored values."""
    if len(one.data) != len(other.data):
        return False
    words, others, mask = _words(one), _words(other), _mask(one)
    step = BLOCK // words.itemsize
    for start in range(0, len(words), step):
        differ = words[start : start + step] ^ others[start : start + step]
        if (differ & differ.dtype.type(mask)).any():
            return False
    return True


def _words(frame: Frame) -> NDArray[np.unsignedinteger[Any]]:
    """Returns the words of the samples; bytes where all of their bits are stored."""
    image = frame.image
    size = 1 if image.bits_stored == image.bits_allocated else image.bits_allocated // 8
    return np.frombuffer(frame.data, f"<u{size}")


def _mask(frame: Frame) -> int:
    """Returns the bits of such a word that are stored."""
    image = frame.image
    if image.bits_stored == image.bits_allocated:
        return 0xFF
    return ((1 << image.bits_stored) - 1) << max(0, image.high_bit + 1 - image.bits_stored)
