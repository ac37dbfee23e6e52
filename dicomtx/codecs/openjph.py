"""HTJ2K by OpenJPH, through the imagecodecs package: its tables are filled by one thread."""

from functools import cache
from threading import Lock
from typing import Any, Final

import imagecodecs
import numpy as np

# OpenJPH fills static tables at the first frame that a process encodes, without a lock of its own:
# of two threads that begin together, one may encode with tables that the other is filling
FILLING: Final = Lock()


def encode(array: Any, **options: Any) -> bytes:
    """Returns the code stream of an array; the options are those of ``htj2k_encode``."""
    with FILLING:
        _fill_tables()
    return bytes(imagecodecs.htj2k_encode(array, **options))


@cache
def _fill_tables() -> None:
    """Encodes a little of what uses all tables: colour, both transforms."""
    little = np.zeros((8, 8, 3), np.uint8)
    for reversible in (True, False):
        imagecodecs.htj2k_encode(little, rgb=True, planar=False, reversible=reversible)
