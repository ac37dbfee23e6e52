"""Defers signals during short work that must not be interrupted."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Defers SIGINT and SIGTERM until the block ends, and then raises the first one again.

    A handler that was not installed from Python cannot be restored, so it stays in place.
    """
    if threading.current_thread() is not threading.main_thread():  # only the main gets signals
        yield
        return
    heard: list[int] = []

    def listen(number: int, _frame: FrameType | None) -> None:
        heard.append(number)

    before = [
        (number, signal.signal(number, listen))
        for number in SIGNALS
        if signal.getsignal(number) is not None
    ]
    try:
        yield
    finally:
        for caught, handler in before:
            signal.signal(caught, handler)
        for number in heard[:1]:
            signal.raise_signal(number)
