"""Digests of the stored values of a frame: what must be the same before and after."""

import hashlib

import numpy as np

from dicomtx.image_pixel import Frame


def digest(frame: Frame) -> bytes:
    """Returns a digest of the stored values; the bits above and below them do not count."""
    image = frame.image
    data: bytes | bytearray | memoryview = frame.data
    if image.bits_stored < image.bits_allocated:
        data = _masked(frame)
    return hashlib.blake2b(data, digest_size=16).digest()


def _masked(frame: Frame) -> bytes:
    image = frame.image
    words = np.frombuffer(frame.data, f"<u{image.bits_allocated // 8}")
    lowest = max(0, image.high_bit + 1 - image.bits_stored)
    mask = ((1 << image.bits_stored) - 1) << lowest
    masked: bytes = (words & words.dtype.type(mask)).tobytes()
    return masked
