"""The report of many files: ``.jsonl``, ``.csv`` or ``.html``, written row by row."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from dicomtx.workflows.request import Outcome


class Report(Protocol):
    """Where outcomes go; it keeps its own Totals and ends itself when the block is left."""

    def add(self, outcome: Outcome) -> None:
        """Writes one row."""


@contextmanager
def open_report(path: str) -> Iterator[Report]:
    """Yields a report; it appears whole when the block is left, on errors and Ctrl-C too.

    Raises:
        UsageError: the ending is none of .jsonl, .csv, .html.
    """
    raise NotImplementedError(path)
