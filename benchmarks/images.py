"""Synthetic multi-frame files of any size, written frame by frame."""

from collections.abc import Iterator
from itertools import cycle, islice

import numpy as np

from dicomtx.dicom import tags
from dicomtx.image_pixel import ImagePixel
from tests.dicom.builder import element, identity, image, module, part10

DISTINCT = 32
"""So many frames differ; then they come again. Together they are larger than a cache."""

NOISE = 10.24
CT = image(512, 512, allocated=16, stored=12)
TINY = image(32, 32)


def frames(pixel: ImagePixel, count: int, noise: float = NOISE) -> Iterator[bytes]:
    """Yields native frames: a smooth image with noise, like that of a scanner.

    ``noise`` is the standard deviation in steps of an image of 12 bits.
    """
    return islice(cycle(_distinct(pixel, min(count, DISTINCT), noise)), count)


def _distinct(pixel: ImagePixel, count: int, noise: float) -> list[bytes]:
    random = np.random.default_rng(1)
    bits = pixel.bits_stored
    y, x = np.mgrid[: pixel.rows, : pixel.columns]
    smooth = np.sin(x / 37) * np.cos(y / 53) * (1 << bits - 2) + (1 << bits - 1)
    made = []
    for _ in range(count):
        noisy = smooth + random.normal(0, noise / 4096 * (1 << bits), smooth.shape)
        noisy[np.hypot(y / pixel.rows - 0.5, x / pixel.columns - 0.5) > 0.48] = 0  # air
        whole = np.clip(noisy, 0, (1 << bits) - 1).astype(f"<u{pixel.bits_allocated // 8}")
        made.append(whole.tobytes())
    return made


def write(path: str, pixel: ImagePixel, count: int, noise: float = NOISE) -> str:
    """Writes a native file and returns its path. Holds only a few frames in memory."""
    size = count * pixel.frame_bytes
    vr = "OW" if pixel.bits_allocated > 8 else "OB"
    data_set = identity() + module(pixel, frames=str(count))
    with open(path, "wb") as file:
        file.write(part10("explicit", data_set + element(tags.PIXEL_DATA, vr, length=size)))
        file.writelines(frames(pixel, count, noise))
    return path
