"""A codec that has a bug."""

from .failing import failing


def _fail() -> None:
    raise ValueError("no such table\x1b[31m\nat all")


decode, encode = failing(_fail)
