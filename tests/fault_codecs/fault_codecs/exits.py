"""A codec that ends the process without a word."""

import os

from .failing import failing


def _fail() -> None:
    os._exit(3)


decode, encode = failing(_fail)
