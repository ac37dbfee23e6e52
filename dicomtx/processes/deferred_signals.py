"""Work that is too short and too near the end to be broken off by a signal."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Has interrupts and SIGTERM wait until the block is left: then they do what they always do."""
    if threading.current_thread() is not threading.main_thread():  # no signal ever comes here
        yield
        return
    heard: list[int] = []

    def listen(number: int, _frame: FrameType | None) -> None:
        heard.append(number)

    before = [(number, signal.signal(number, listen)) for number in SIGNALS]
    try:
        yield
    finally:
        for caught, handler in before:
            signal.signal(caught, handler)
        for number in heard[:1]:
            signal.raise_signal(number)
