"""A progress bar for the frames of one file, shown if the conversion takes long."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dicomtx.cli.output.console import Console

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE: Final = 1.0  # seconds without a bar


class FramesBar:
    """A progress bar on standard error. rich is imported only when the bar appears."""

    def __init__(self, console: Console, name: str) -> None:
        """Starts the clock, but shows nothing yet."""
        self._console = console
        self._name = name
        self._started = time.monotonic()
        self._bar: tuple[Progress, TaskID] | None = None

    def show(self, made: int, count: int) -> None:
        """Shows that ``made`` of ``count`` frames are done."""
        if self._bar is None:
            if made == count or time.monotonic() - self._started < PATIENCE:
                return
            self._bar = self._drawn(count)
        bar, task = self._bar
        bar.update(task, completed=made)

    def close(self) -> None:
        """Removes the bar."""
        if self._bar:
            self._bar[0].stop()

    def _drawn(self, count: int) -> "tuple[Progress, TaskID]":
        from rich.console import Console as RichConsole
        from rich.markup import escape
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("frames"),
            TimeRemainingColumn(),
            console=RichConsole(file=self._console.errors),
            transient=True,
        )
        bar.start()
        return bar, bar.add_task(escape(self._name), total=count)


@contextmanager
def frames_bar(
    console: Console, name: str, *, quiet: bool
) -> Iterator[Callable[[int, int], None] | None]:
    """Yields the function to report progress to; None if the bar would not be seen."""
    if quiet or not console.errors.isatty():
        yield None
        return
    bar = FramesBar(console, name)
    try:
        yield bar.show
    finally:
        bar.close()
