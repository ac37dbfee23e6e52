"""HTJ2K by OpenJPH, through the imagecodecs package, with thread-safe initialization."""

from functools import cache
from threading import Lock
from typing import Any, Final

import imagecodecs
import numpy as np

from dicomtx.codecs import stream_repair
from dicomtx.errors import CodecError
from dicomtx.image_pixel import ImagePixel

# OpenJPH fills static tables at the first frame that a process encodes, without a lock. A second
# thread could encode with incomplete tables.
FILLING: Final = Lock()
SMALLEST: Final = 64  # largest sides of the smallest resolution (PS3.5 10.18)


def encode(array: Any, **options: Any) -> bytes:
    """Returns the code stream of an array; the options are those of ``htj2k_encode``."""
    with FILLING:
        _fill_tables()
    return bytes(imagecodecs.htj2k_encode(array, **options))


@cache
def _fill_tables() -> None:
    """Encodes a small image both ways, in colour, so that all tables are in use."""
    little = np.zeros((8, 8, 3), np.uint8)
    for reversible in (True, False):
        imagecodecs.htj2k_encode(little, rgb=True, planar=False, reversible=reversible)


def checked(stream: bytes, image: ImagePixel) -> bytes:
    """Returns an RPCL stream after checking its smallest resolution (PS3.5 10.18).

    imagecodecs 2026.10 limits the levels to how often the smaller side can be halved.

    Raises:
        CodecError: there are too few levels.
    """
    levels = stream_repair.decomposition_levels(stream)
    if max(image.rows, image.columns) > SMALLEST << levels:
        raise CodecError(
            f"{levels} decomposition levels are too few for {image.rows} x {image.columns}:"
            " the smallest resolution is at most 64 x 64 (PS3.5 10.18). Try --to htj2k-lossless"
        )
    return stream
