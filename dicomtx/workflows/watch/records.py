"""The records of a watched folder, which survive whatever ends the run.

A file in conversion has no record: it is converted again after a kill. A record is made before its
result is delivered, or before the file moves to the dead letters. It says all that is needed to
finish that. Without it, the next run could not know whether somebody took the result already.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Self

from dicomtx.storage.lock import locked
from dicomtx.workflows.batch import journal
from dicomtx.workflows.batch.journal_file import open_database
from dicomtx.workflows.watch.settled import Identity

START: Final = ".dicomtx-watch"
NAME: Final = f"{START}.sqlite"
STAGING: Final = f"{START}.d"
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS files (source TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
"""
State = Literal["publishing", "delivered", "burying", "failed"]


class Record(NamedTuple):
    """What is done with one file. All paths are absolute.

    Attributes:
        source: its path.
        identity: its state when it was taken.
        state: publishing (the result is delivered now), delivered (and the source stays), burying
            (it moves to the dead letters now) or failed (and stays).
        token: the name of the result in the staging folder, and of the source while it is removed.
        output: path of the result; empty if there is none.
        stamp: the identity of the result before it is delivered.
        removes: whether the source is removed, or moved to ``aside``.
        aside: where the source moves; empty if it does not.
        reason: the outcome to write beside a dead letter, as JSON.
    """

    source: str
    identity: Identity
    state: State
    token: str = ""
    output: str = ""
    stamp: Identity | None = None
    removes: bool = False
    aside: str = ""
    reason: str = ""

    @classmethod
    def read(cls, text: str) -> Self:
        """Returns the record that ``text`` holds."""
        record = cls(*json.loads(text))
        stamp = record.stamp and Identity(*record.stamp)
        return record._replace(identity=Identity(*record.identity), stamp=stamp)


@dataclass(eq=False)
class Records:
    """The records; no other process can open them meanwhile.

    A new record survives a power failure. A record that was forgotten may come back after one, and
    does no harm.
    """

    base: sqlite3.Connection

    def of(self, source: str) -> Record | None:
        """Returns the record of a file; None if there is none."""
        query = "SELECT record FROM files WHERE source = ?"
        row = self.base.execute(query, (_text(source),)).fetchone()
        return Record.read(row[0]) if row else None

    def all(self) -> Iterator[Record]:
        """Yields all records, as they are now."""
        rows = self.base.execute("SELECT record FROM files ORDER BY source").fetchall()
        yield from (Record.read(row[0]) for row in rows)

    def sources(self) -> Iterator[str]:
        """Yields the paths of all files that have a record, as they are now."""
        rows = self.base.execute("SELECT source FROM files").fetchall()
        yield from (os.fsdecode(row[0].encode("latin-1")) for row in rows)

    def put(self, record: Record) -> None:
        """Records what is done with a file."""
        row = (_text(record.source), json.dumps(record))
        self._commit("INSERT OR REPLACE INTO files VALUES (?, ?)", row, sync="FULL")

    def forget(self, source: str) -> None:
        """Removes the record of a file."""
        self._commit("DELETE FROM files WHERE source = ?", (_text(source),), sync="NORMAL")

    def _commit(self, statement: str, values: tuple[str, ...], *, sync: str) -> None:
        self.base.execute(f"PRAGMA synchronous = {sync}")
        self.base.execute(statement, values)
        self.base.commit()


@contextmanager
def open_records(path: str, destination: str) -> Iterator[Records]:
    """Yields the records in this file, and locks the destination against other runs.

    Raises:
        DestinationError: another run uses either, or the file cannot be written.
    """
    with (
        locked(os.path.join(destination, journal.NAME)),  # batch, too
        locked(path),
        open_database(path, SCHEMA) as base,
    ):
        yield Records(base)


def _text(path: str) -> str:
    """Returns a path as text, one character per byte: a file name need not be valid text."""
    return os.fsencode(path).decode("latin-1")
