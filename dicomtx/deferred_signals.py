"""Defers signals during imports, and during short work that must not be interrupted."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
AGAIN: Final = 0.01  # seconds until a signal that came during an import is raised again
MOST: Final = 500  # times: an import that hangs, or runs the program, can be interrupted, too

Handler = Callable[[int, FrameType | None], object]


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


def after_imports(handler: Handler) -> Handler:
    """Returns a handler of a signal that waits until no module is being imported, or 5 seconds.

    The exception of a handler can get lost during an import. Python ignores it where it removes
    the lock of a module, and the code of extension modules prints it or raises another one.
    """
    waited = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal waited
        if waited < MOST and _imports(frame):
            waited += 1
            main = threading.main_thread().ident  # whose system calls the signal interrupts
            threading.Timer(AGAIN, signal.pthread_kill, (main, number)).start()
        else:
            waited = 0
            handler(number, frame)

    return handle


def _imports(frame: FrameType | None) -> bool:
    """Returns whether the import system called this frame, directly or not."""
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib."):
            return True
        frame = frame.f_back
    return False
