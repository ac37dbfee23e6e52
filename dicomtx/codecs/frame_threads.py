"""How many threads a codec can use for one frame: several only if no other is in progress.

OpenJPEG then codes code-blocks in parallel, libjxl groups of pixels, and the RLE encoder byte
planes. The stream is the same. OpenJPH, libjpeg-turbo and CharLS have no threads. Only encoding and
the check of the result use threads. The streams of a source are untrusted, and one thread decodes
them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_THREADS: Final = ContextVar("frame threads", default=1)  # threads of a pool start with 1


def threads() -> int:
    """Returns the number of threads for the frame that this thread works on."""
    return _THREADS.get()


@contextmanager
def frame_threads(number: int) -> Iterator[None]:
    """Allows this many threads for each frame within the block."""
    token = _THREADS.set(number)
    try:
        yield
    finally:
        _THREADS.reset(token)
