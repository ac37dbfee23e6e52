"""What a terminal shows."""

import os
import pty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def screen(shown: list[str]) -> Iterator[TextIO]:
    """Yields a terminal, and appends what was written to it to ``shown``, at the end."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        yield stream
    shown.append(_read(ours))
    os.close(ours)


def _read(descriptor: int) -> str:
    """Returns what can be read from a terminal whose other end is closed."""
    data = b""
    try:
        while part := os.read(descriptor, 1 << 16):
            data += part
    except OSError:  # the other end is closed
        pass
    return data.decode()
