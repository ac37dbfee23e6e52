"""A codec that calls abort, as C++ does with an exception that nobody catches."""

import os

from .failing import failing


def _fail() -> None:
    os.write(2, b"terminate called\n  what():  bad stream\n")
    os.abort()


decode, encode = failing(_fail)
