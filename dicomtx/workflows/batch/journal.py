"""The journal of a batch: which files are done, so that the same command can resume.

All outputs are committed as "planned" before the first file is converted. So a file at such a path
is known to be dicomtx's, even if the run was killed. Outcomes are committed one by one.
"""

import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Self

from dicomtx.errors import DicomtxError
from dicomtx.storage.local_file import Stat
from dicomtx.storage.lock import locked
from dicomtx.storage.outputs import LOCAL, Outputs, outputs_at
from dicomtx.storage.source import Written
from dicomtx.workflows.batch import plan_options, uid_map
from dicomtx.workflows.batch.journal_entry import (
    PLANNED,
    WRITTEN,
    JournalEntry,
    Key,
    path_of,
    text_of,
)
from dicomtx.workflows.batch.journal_file import open_database
from dicomtx.workflows.batch.plan_options import EarlierPlans
from dicomtx.workflows.batch.uid_map import UidMap
from dicomtx.workflows.batch.work_list import AT_ONCE, WorkList
from dicomtx.workflows.convert.outcomes import content_hash
from dicomtx.workflows.convert.request import Outcome

START: Final = ".dicomtx-journal."
NAME: Final = f"{START}sqlite"
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS files (
  source TEXT NOT NULL, member TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
  plan TEXT NOT NULL, output TEXT NOT NULL, status TEXT NOT NULL, output_size INTEGER NOT NULL,
  output_mtime_ns INTEGER NOT NULL, output_hash TEXT NOT NULL, exit_code INTEGER NOT NULL,
  error TEXT NOT NULL, PRIMARY KEY (source, member)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outputs (
  output TEXT PRIMARY KEY, source TEXT NOT NULL, member TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS to_come (what TEXT PRIMARY KEY) WITHOUT ROWID;
"""
TABLES: Final = SCHEMA + uid_map.SCHEMA + plan_options.SCHEMA
REFERENCES: Final = "references"


@dataclass(eq=False)
class Journal:
    """An open journal; no other process can open it meanwhile."""

    base: sqlite3.Connection
    uids: UidMap
    earlier: EarlierPlans
    work: WorkList
    place: Outputs

    @classmethod
    def on(cls, base: sqlite3.Connection, outputs: Outputs) -> Self:
        """Returns the journal in an open database."""
        return cls(base, UidMap(base), EarlierPlans(base), WorkList(base), outputs)

    def entry(self, source: str, member: str) -> JournalEntry | None:
        """Returns the record of a source; None if there is none."""
        query = "SELECT * FROM files WHERE source = ? AND member = ?"
        row = self.base.execute(query, (text_of(source), text_of(member))).fetchone()
        if row is None:
            return None
        return JournalEntry(Key(source, member, *row[2:5]), path_of(row[5]), *row[6:])

    def wrote(self, output: str) -> tuple[str, str] | None:
        """Returns the source and the member that a run planned or wrote this output for.

        None: dicomtx did not write it.
        """
        query = "SELECT source, member FROM outputs WHERE output = ?"
        row = self.base.execute(query, (self._name(output),)).fetchone()
        return row and (path_of(row[0]), path_of(row[1]))

    def plan(self, key: Key, output: str) -> None:
        """Records a file to convert, and claims the path of its output.

        The record keeps the content of an output of an earlier run, which is still there.
        """
        self._claim(output, key.source, key.member)
        content = (0, 0, "")
        before = self.entry(key.source, key.member)
        if before and before.output == self.place.absolute(output):
            content = (before.output_size, before.output_mtime_ns, before.output_hash)
        self._put(key, output, PLANNED, (*content, 0, ""))

    def claim(self, output: str, source: str, member: str) -> None:
        """Records durably that dicomtx wrote this output, and from which source."""
        self._claim(output, source, member)
        self.base.commit()

    def commit_plan(self) -> tuple[int, int]:
        """Makes the plan durable; returns how many outcomes are known, and how many files to do."""
        self.base.commit()
        self.base.execute("PRAGMA wal_checkpoint(FULL)")
        return self.work.counts()

    def discard_plan(self) -> None:
        """Discards everything planned since the journal was opened."""
        self.base.rollback()

    def add(self, key: Key, outcome: Outcome) -> None:
        """Records the outcome of a file durably; ``key`` is its source in the converted state."""
        self.enter(key, outcome)
        self.base.commit()

    def enter(self, key: Key, outcome: Outcome) -> None:
        """Records the outcome of a file; it becomes durable with the next commit.

        A file that failed may have written its output before. So the claim on the path stays while
        a file is there. The next run checks whether that is a result of the source.
        """
        output, found = outcome.destination, Stat()
        status: str = outcome.status
        if status in WRITTEN:
            there = Stat(outcome.stored[0], outcome.stored[1]) if outcome.stored else _stat(output)
            found, status = (there, status) if there else (found, PLANNED)  # the next run checks it
        elif _is_gone(output):  # a later file there is not dicomtx's
            self.base.execute("DELETE FROM outputs WHERE output = ?", (self._name(output),))
        why = outcome.warnings[0] if status == "skipped" else outcome.error
        told = (found.size, found.mtime_ns, outcome.output_hash, outcome.exit_code, why)
        self._put(key, output, status, told)
        self.uids.add(outcome)

    def outputs(self, plan: str, *, in_place: bool) -> Iterator[tuple[Key, str]]:
        """Yields the sources of one plan, and their outputs.

        The digest of a reviewed file is the common digest, a colon, and its own. Files skipped
        in place count as written, because they are where their outputs belong.
        """
        skipped = "skipped" if in_place else ""
        last = ("", "")
        query = (
            "SELECT source, member, size, mtime_ns, plan, output FROM files"
            " WHERE (plan = ? OR plan LIKE ? || ':%')"
            " AND (output_size > 0 OR status = ?)"
            " AND (source, member) > (?, ?) ORDER BY source, member LIMIT ?"
        )
        while rows := self.base.execute(query, (plan, plan, skipped, *last, AT_ONCE)).fetchall():
            for source, member, *rest, output in rows:
                yield Key(path_of(source), path_of(member), *rest), path_of(output)
            last = rows[-1][:2]

    def update_output(self, key: Key, fd: int) -> None:
        """Records durably the new content of an output: that of an open file."""
        status = os.fstat(fd)
        content = (status.st_size, status.st_mtime_ns, content_hash(Written(fd=fd)))
        self.base.execute(
            "UPDATE files SET output_size = ?, output_mtime_ns = ?, output_hash = ?"
            " WHERE source = ? AND member = ?",
            (*content, text_of(key.source), text_of(key.member)),
        )
        self.base.commit()

    def add_pending(self, what: str) -> None:
        """Records a step that remains after all files are done."""
        self.base.execute("INSERT OR IGNORE INTO to_come VALUES (?)", (what,))
        self.base.commit()

    def is_pending(self, what: str) -> bool:
        """Whether this step remains."""
        query = "SELECT 1 FROM to_come WHERE what = ?"
        return self.base.execute(query, (what,)).fetchone() is not None

    def clear_pending(self, what: str) -> None:
        """Records that this step is done."""
        self.base.execute("DELETE FROM to_come WHERE what = ?", (what,))
        self.base.commit()

    @property
    def unfinished(self) -> Collection[str]:
        """The outputs that were planned and whose outcome is not known."""
        return _Unfinished(self.base)

    def _name(self, output: str) -> str:
        return text_of(self.place.absolute(output))

    def _claim(self, output: str, source: str, member: str) -> None:
        row = (self._name(output), text_of(source), text_of(member))
        self.base.execute("INSERT OR REPLACE INTO outputs VALUES (?, ?, ?)", row)

    def _put(
        self,
        key: Key,
        output: str,
        status: str,
        result: tuple[int, int, str, int, str],
    ) -> None:
        names = (text_of(key.source), text_of(key.member))
        row = (*names, *key[2:], self._name(output), status, *result)
        marks = ", ".join("?" * len(row))
        self.base.execute(f"INSERT OR REPLACE INTO files VALUES ({marks})", row)  # noqa: S608


class _Unfinished(Collection[str]):
    """The outputs that were planned and whose outcome is not known."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    def __contains__(self, output: object) -> bool:
        query = "SELECT 1 FROM outputs JOIN files USING (output) WHERE output = ? AND status = ?"
        return self._base.execute(query, (text_of(str(output)), PLANNED)).fetchone() is not None

    def __iter__(self) -> Iterator[str]:
        query = "SELECT output FROM files WHERE status = ?"
        return (path_of(row[0]) for row in self._base.execute(query, (PLANNED,)))

    def __len__(self) -> int:
        query = "SELECT COUNT(*) FROM files WHERE status = ?"
        return int(self._base.execute(query, (PLANNED,)).fetchone()[0])


@contextmanager
def open_journal(path: str, outputs: Outputs = LOCAL) -> Iterator[Journal]:
    """Yields the journal at this path; no other run can open it meanwhile.

    Args:
        path: the path of the journal.
        outputs: where the outputs are.

    Raises:
        DestinationError: another run uses it, it cannot be written, or it is not a journal.
    """
    with locked(path), open_database(path, TABLES) as base:
        yield Journal.on(base, outputs)


def _stat(output: str) -> Stat | None:
    """Returns the status of an output; None if it is missing, or the status is unknown."""
    try:
        return outputs_at(output).stat(output)
    except DicomtxError:
        return None


def _is_gone(output: str) -> bool:
    """Whether an output is certainly missing."""
    try:
        return not outputs_at(output).exists(output)
    except DicomtxError:
        return False
