"""Progress: a bar on a terminal, otherwise a line every ten seconds, and a final summary."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from dicomtx.cli.output.console import Console
from dicomtx.cli.output.frames_bar import remaining
from dicomtx.cli.output.outcome import Report
from dicomtx.cli.output.terminal import draws
from dicomtx.sizes import size
from dicomtx.workflows.reports.totals import Totals

EVERY: Final = 10.0  # seconds between lines
DRAWN: Final = 0.2  # seconds between drawings of the bar
STATUSES: Final = ("done", "kept", "refused", "failed", "skipped")
BAD: Final = ("refused", "failed")


@contextmanager
def shown(
    console: Console, totals: Totals, files: int, *, tell: Report, command: str = "batch"
) -> Iterator[None]:
    """Shows the progress of a command while the block runs, and the summary at its end."""
    started = time.monotonic()
    if tell.quiet:
        yield
        return
    try:
        with moving(console, totals, files, command):
            yield
    finally:
        text = summary(totals, time.monotonic() - started, command)
        console.line(text, bad(totals), to_errors=tell.as_json)


@contextmanager
def moving(console: Console, totals: Totals, files: int, command: str) -> Iterator[None]:
    """Shows the progress of a command while the block runs, without a summary."""
    started = time.monotonic()

    def facts() -> tuple[str, ...]:
        return _facts(totals, files, time.monotonic() - started)

    if draws(console.errors):
        with _bar(console, totals, files, facts):
            yield
    else:
        with _repeated(EVERY, lambda: console.note(f"{command}: {', '.join(facts())}")):
            yield


def summary(totals: Totals, seconds: float, command: str = "batch") -> str:
    """Returns the last line: counts by status, bytes before and after, time."""
    return f"{command}: {counts(totals, STATUSES)}, {_sizes(totals)}, {seconds:.1f} s"


def counts(totals: Totals, statuses: Iterable[str]) -> str:
    """Returns how many files have each status, and how many of them are lossy."""
    cautions = ", ".join(_cautions(totals))
    more = f" ({cautions})" if cautions else ""
    told = (f"{totals.by_status[s]} {s}{more if s == 'done' else ''}" for s in statuses)
    return ", ".join(told)


def tell_if_none_listed(console: Console, sources: Iterable[str], files: int) -> None:
    """Says that a list of paths on standard input had none, which is seldom meant."""
    if not files and "-" in sources:
        console.note("warning: standard input named no files", "warning")


def bad(totals: Totals) -> dict[str, str]:
    """Returns the words of a summary that have a colour, with their styles."""
    wrong = {f"{totals.by_status[s]} {s}": "error" for s in BAD if totals.by_status[s]}
    return wrong | dict.fromkeys(_cautions(totals), "warning")


def _cautions(totals: Totals) -> Iterator[str]:
    """Yields how many results are lossy, salvaged or not verified."""
    words = {"LOSSY": totals.lossy, "SALVAGED": totals.salvaged, "not verified": totals.unverified}
    yield from (f"{count} {word}" for word, count in words.items() if count)


def _sizes(totals: Totals) -> str:
    written = totals.written
    ratio = f" ({written.ratio:.1f}:1)" if written.ratio else ""
    return f"{size(written.bytes_in)} -> {size(written.bytes_out)}{ratio}"


def _facts(totals: Totals, files: int, seconds: float) -> tuple[str, ...]:
    """Returns what is known so far, the most important first."""
    without = sum(totals.by_status[status] for status in BAD)
    speed = totals.written.bytes_in / max(0.001, seconds) / 1e6
    return (
        f"{totals.files} of {files} files",
        remaining(totals.files, files, seconds),
        f"{without} refused or failed",
        _sizes(totals),
        f"{speed:.1f} MB/s",
    )


@contextmanager
def _bar(
    console: Console, totals: Totals, files: int, facts: Callable[[], tuple[str, ...]]
) -> Iterator[None]:
    """Draws a bar on the terminal, below the lines that are printed meanwhile."""
    from dicomtx.cli.output.bar import Bar  # noqa: PLC0415 - only terminals need it

    console.bar = bar = Bar(console.errors)
    try:
        with _repeated(DRAWN, lambda: bar.draw(totals.files / max(1, files), facts())):
            yield
    finally:
        bar.close()
        console.bar = None


@contextmanager
def _repeated(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    """Calls a function again and again, in a thread, while the block runs."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(seconds):
            act()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
