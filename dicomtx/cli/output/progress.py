"""Progress: a bar on a terminal, otherwise a line every ten seconds, and a final summary."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

from dicomtx.cli.output.console import Console
from dicomtx.cli.output.outcome import Report
from dicomtx.sizes import size
from dicomtx.workflows.reports.totals import Totals

if TYPE_CHECKING:
    from rich.progress import Progress

EVERY: Final = 10.0  # seconds between lines
STATUSES: Final = ("done", "kept", "refused", "failed", "skipped")

Lines = Callable[[], AbstractContextManager[None]]


@contextmanager
def shown(console: Console, totals: Totals, files: int, *, tell: Report) -> Iterator[Lines]:
    """Shows the progress while the block runs, and the summary at its end.

    Yields a function that returns a context manager: print lines inside that context.
    """
    started = time.monotonic()
    if tell.quiet:
        yield nullcontext
        return
    try:
        with moving(console, totals, files, "batch") as lines:
            yield lines
    finally:
        text = summary(totals, time.monotonic() - started)
        (console.error if tell.as_json else console.result)(text)


@contextmanager
def moving(console: Console, totals: Totals, files: int, command: str) -> Iterator[Lines]:
    """Shows the progress of a command while the block runs, without a summary."""
    way = _bar if console.errors.isatty() else _lines
    with way(console, totals, (files, command), time.monotonic()) as lines:
        yield lines


def summary(totals: Totals, seconds: float) -> str:
    """Returns the last line: counts by status, bytes before and after, time."""
    return f"batch: {counts(totals, STATUSES)}, {_sizes(totals)}, {seconds:.1f} s"


def counts(totals: Totals, statuses: Iterable[str]) -> str:
    """Returns how many files have each status, and how many of them are lossy."""
    lossy = f" ({totals.lossy} LOSSY)" if totals.lossy else ""
    told = (f"{totals.by_status[s]} {s}{lossy if s == 'done' else ''}" for s in statuses)
    return ", ".join(told)


def _sizes(totals: Totals) -> str:
    written = totals.written
    ratio = f" ({written.ratio:.1f}:1)" if written.ratio else ""
    return f"{size(written.bytes_in)} -> {size(written.bytes_out)}{ratio}"


def _speed(totals: Totals, started: float) -> str:
    seconds = max(0.001, time.monotonic() - started)
    return f"{totals.written.bytes_in / seconds / 1e6:.1f} MB/s"


def _facts(totals: Totals, started: float) -> str:
    failed = totals.by_status["failed"] + totals.by_status["refused"]
    return f"{_speed(totals, started)}, {_sizes(totals)}, {failed} failed"


@contextmanager
def _lines(
    console: Console, totals: Totals, of: tuple[int, str], started: float
) -> Iterator[Lines]:
    """Prints a line every ten seconds."""
    files, command = of
    ended = threading.Event()

    def print_lines() -> None:
        while not ended.wait(EVERY):
            left = _left(totals.files, files, time.monotonic() - started)
            facts = _facts(totals, started)
            console.note(f"{command}: {totals.files} of {files} files, {facts}, {left} left")

    printer = threading.Thread(target=print_lines, daemon=True)
    printer.start()
    try:
        yield nullcontext
    finally:
        ended.set()
        printer.join()


def _left(done: int, files: int, seconds: float) -> str:
    if not done:
        return "unknown time"
    left = round(seconds / done * (files - done))
    return f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02}"


@contextmanager
def _bar(console: Console, totals: Totals, of: tuple[int, str], started: float) -> Iterator[Lines]:
    """Draws a bar on the terminal."""
    from rich.console import Console as Terminal
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[facts]}"))
    terminal = Terminal(file=console.errors)
    with Progress(*columns, TimeRemainingColumn(), console=terminal, transient=True) as progress:
        task = progress.add_task(of[1], total=of[0], facts="")

        @contextmanager
        def lines() -> Iterator[None]:
            progress.update(task, completed=totals.files, facts=_facts(totals, started))
            yield

        with _above(progress, console):
            yield lines


@contextmanager
def _above(progress: "Progress", console: Console) -> Iterator[None]:
    """Prints lines above the bar, so that they do not break it."""
    before = console.error
    console.error = lambda text: progress.console.print(text, markup=False, highlight=False)  # type: ignore[method-assign]
    try:
        yield
    finally:
        console.error = before  # type: ignore[method-assign]
