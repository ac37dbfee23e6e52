"""A codec that reads where nothing is."""

import ctypes

from .failing import failing


def _fail() -> None:
    ctypes.string_at(0)


decode, encode = failing(_fail)
