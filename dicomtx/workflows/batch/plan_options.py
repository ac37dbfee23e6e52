"""The options of each run that wrote to a destination, to say what changed between two runs."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS plans (plan TEXT PRIMARY KEY, options TEXT NOT NULL) WITHOUT ROWID;
"""
VERSION: Final = "the version of dicomtx"
UNKNOWN: Final = "the journal does not say which"
HIDDEN: Final = "#"  # begins a value that is a digest


class Earlier(NamedTuple):
    """Files that an earlier run finished with other options.

    Attributes:
        files: number of files.
        kept: whether they stay as they are; otherwise they are converted again.
        changed: the options that differ, with their values then and now.
    """

    files: int
    kept: bool
    changed: tuple[str, ...]

    @property
    def only_version(self) -> bool:
        """Whether only the version of dicomtx differs."""
        return all(text.startswith(VERSION) for text in self.changed)


class EarlierPlans:
    """Counts finished files by the plan of the run that wrote them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Uses the journal's connection; its owner commits."""
        self._connection = connection
        self._files: Counter[tuple[str, bool]] = Counter()

    def record(self, plan: str, options: Mapping[str, str]) -> None:
        """Records the options of this run."""
        row = (plan, json.dumps(options))
        self._connection.execute("INSERT OR REPLACE INTO plans VALUES (?, ?)", row)

    def count(self, plan: str, *, kept: bool) -> None:
        """Counts a file that a run with another plan finished."""
        self._files[plan.partition(":")[0], kept] += 1

    def compared(self, options: Mapping[str, str]) -> Iterator[Earlier]:
        """Yields the counted files of each earlier plan, and which options differ from now."""
        for (plan, kept), files in self._files.most_common():
            row = self._connection.execute("SELECT options FROM plans WHERE plan = ?", (plan,))
            then = row.fetchone()
            changed = _changed(json.loads(then[0]), options) if then else (UNKNOWN,)
            yield Earlier(files, kept, changed)


def _changed(then: dict[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    names = [name for name in {**now, **then} if then.get(name, "") != now.get(name, "")]
    told = (_difference(name, then.get(name, ""), now.get(name, "")) for name in names)
    return tuple(told) or ("--from-plan",)  # a reviewed plan differs in its lines


def _difference(name: str, then: str, now: str) -> str:
    if HIDDEN in (then[:1], now[:1]):
        return name
    return f"{name} ({then or 'not set'}, now {now or 'not set'})"
