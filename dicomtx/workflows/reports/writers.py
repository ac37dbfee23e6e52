"""Writes reports on many files row by row, as ``.jsonl``, ``.csv`` or ``.html``."""

import csv
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final, Protocol

from dicomtx.deferred_signals import undisturbed
from dicomtx.errors import UsageError
from dicomtx.printable import csv_cell
from dicomtx.run_facts import RunFacts
from dicomtx.storage.atomic_write import PRIVATE, atomic_write
from dicomtx.storage.source import write_all
from dicomtx.workflows.convert.request import Outcome
from dicomtx.workflows.reports.totals import Totals

ENDINGS: Final = (".jsonl", ".csv", ".html")
MEASURED: Final = ("psnr", "mean_error", "largest_error", "worst_frame")
"""The columns of a table for the quality of a lossy result."""


def _columns(kind: type[Outcome]) -> tuple[str, ...]:
    """Returns the columns of a table of such outcomes."""
    return (*(n for n in kind._fields if n not in ("quality", "stored")), "size_ratio", *MEASURED)


COLUMNS: Final = _columns(Outcome)
"""The columns of a table of conversions."""


class _Form(Protocol):
    """A report format."""

    def row(self, outcome: Outcome) -> bytes:
        """Returns the bytes of one row."""

    def end(self, totals: Mapping[str, Any], run: RunFacts | None) -> Iterator[bytes]:
        """Yields the bytes after the rows."""


class Report:
    """A report that is being written. Memory does not grow with the number of outcomes.

    Attributes:
        totals: the totals over the added outcomes.
        complete: set this to false if some files were not processed.
    """

    def __init__(
        self, form: _Form, write: Callable[[bytes], None], run: RunFacts | None = None
    ) -> None:
        """Starts a report; ``run`` is what it says about this run."""
        self.totals = Totals()
        self.complete = True
        self._form = form
        self._write = write
        self._run = run
        self._started = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        """Adds one row."""
        self.totals.add(outcome)
        self._write(self._form.row(outcome))

    def finish(self) -> None:
        """Adds the totals and the facts of the run."""
        passed = round(time.monotonic() - self._started, 3)
        totals = self.totals.as_json() | {"elapsed": passed, "complete": self.complete}
        for data in self._form.end(totals, self._run):
            self._write(data)


def check_report(path: str) -> None:
    """Checks the name of a report before any work.

    Raises:
        UsageError: the name does not end in .jsonl, .csv or .html.
    """
    if os.path.splitext(path)[1].lower() not in ENDINGS:
        raise UsageError(f"--report {path}: the name must end in {', '.join(ENDINGS)}")


def check_reports(paths: Iterable[str]) -> None:
    """Checks the names of several reports before any work.

    Raises:
        UsageError: a name does not end in .jsonl, .csv or .html, or two are the same file.
    """
    places: set[str] = set()
    for path in paths:
        check_report(path)
        place = os.path.realpath(path)
        if place in places:
            raise UsageError(f"--report {path}: named twice")
        places.add(place)


@contextmanager
def open_report(path: str, run: RunFacts | None = None) -> Iterator[Report]:
    """Yields a report that replaces the file ``path`` at the end of the block.

    The report appears even if the block ends with an error or an interrupt. It then has the
    outcomes so far, marked as incomplete.

    Args:
        path: the file to write.
        run: what the report says about this run; None for nothing.

    Raises:
        UsageError: the name does not end in .jsonl, .csv or .html.
        DestinationError: the report cannot be written.
    """
    check_report(path)
    folder = os.path.dirname(path) or os.curdir
    ended: BaseException | None = None
    with (
        ExitStack() as end,
        atomic_write(path, overwrite=True, mode=PRIVATE, below=folder) as fd,
        _form(path) as form,
    ):
        report = Report(form, lambda data: write_all(fd, data), run)
        try:
            yield report
        except BaseException as error:  # noqa: BLE001 - raised again below
            ended = error
            report.complete = False
        end.enter_context(undisturbed())  # until the report is in place
        report.finish()
    if ended:
        raise ended


@contextmanager
def _form(path: str) -> Iterator[_Form]:
    ending = os.path.splitext(path)[1].lower()
    if ending == ".html":
        from dicomtx.workflows.reports.html import Page  # noqa: PLC0415 - seldom needed

        with Page(os.path.dirname(os.path.realpath(path))) as page:
            yield page
    else:
        yield _Lines() if ending == ".jsonl" else _Table()


class _Lines:
    """JSON Lines: the object of ``--json`` for each file, then totals and the run."""

    def row(self, outcome: Outcome) -> bytes:
        return json.dumps(outcome.as_json()).encode() + b"\n"

    def end(self, totals: Mapping[str, Any], run: RunFacts | None) -> Iterator[bytes]:
        last = {"totals": totals} | ({"run": run.as_json()} if run else {})
        yield json.dumps(last).encode() + b"\n"


class _Table:
    """CSV (RFC 4180) that is safe to open in a spreadsheet. The last row has totals and the run."""

    def __init__(self) -> None:
        self._line = ""
        self._writer = csv.writer(self)
        self._columns: tuple[str, ...] = ()  # until the first row

    def write(self, line: str) -> None:
        """Receives a line from the csv module's writer."""
        self._line = line

    def row(self, outcome: Outcome) -> bytes:
        attempts = [f"{a.codec} {a.direction}: {a.reason}" for a in outcome.attempts]
        quality = outcome.quality
        measured = {name: getattr(quality, name) for name in MEASURED} if quality else {}
        values = outcome.as_json() | {"attempts": attempts} | measured
        return self._head(type(outcome)) + self._written(values)

    def end(self, totals: Mapping[str, Any], run: RunFacts | None) -> Iterator[bytes]:
        counts = [f"{count} {status}" for status, count in totals["by_status"].items()]
        if not totals["complete"]:
            counts.append("not complete")
        row = {"path": f"totals of {totals['files']} files", "status": "totals", "warnings": counts}
        sums = {name: totals[name] for name in ("bytes_in", "bytes_out", "seconds")}
        row["messages"] = [f"{name}: {value}" for name, value in run.rows()] if run else []
        yield self._head(Outcome) + self._written(row | sums | {"size_ratio": totals["ratio"]})

    def _head(self, kind: type[Outcome]) -> bytes:
        """Returns the first line, before the first row only."""
        if self._columns:
            return b""
        self._columns = _columns(kind)
        return ",".join(self._columns).encode() + b"\r\n"

    def _written(self, values: Mapping[str, Any]) -> bytes:
        self._writer.writerow([csv_cell(values.get(column)) for column in self._columns])
        return self._line.encode("utf-8", "backslashreplace")
