"""A progress bar for the frames of one file, shown if the conversion takes long."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from dicomtx.cli.output.console import Console
from dicomtx.cli.output.terminal import draws

PATIENCE: Final = 1.0  # seconds without a bar
EVERY: Final = 0.1  # seconds between two drawings


@contextmanager
def frames_bar(
    console: Console, name: str, *, quiet: bool
) -> Iterator[Callable[[int, int], None] | None]:
    """Yields the function to report progress to; None if the bar would not be seen."""
    if quiet or not draws(console.errors):
        yield None
        return
    from dicomtx.cli.output.bar import Bar  # noqa: PLC0415 - only terminals need it

    bar = Bar(console.errors)
    started = time.monotonic()
    due = started + PATIENCE

    def show(made: int, count: int) -> None:
        nonlocal due
        now = time.monotonic()
        if made < count and now >= due:
            due = now + EVERY
            left = remaining(made, count, now - started)
            bar.draw(made / count, (f"{made} of {count} frames", left, name))

    try:
        yield show
    finally:
        bar.close()


def remaining(done: int, of: int, seconds: float) -> str:
    """Returns the time that is left, if ``done`` parts took ``seconds``; for 0, at least that."""
    left = round(seconds / max(1, done) * (of - done))
    return f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"
