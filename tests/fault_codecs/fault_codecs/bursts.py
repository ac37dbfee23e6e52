"""A codec that asks for more memory than there is."""

from .failing import failing


def _fail() -> None:
    bytearray(1 << 62)


decode, encode = failing(_fail)
