"""The items of one run of a batch: files to do, and files whose outcome is already known."""

import sqlite3
from collections.abc import Iterator
from typing import Final

from dicomtx.workflows.batch.journal_entry import path_of, text_of

SCHEMA: Final = """
CREATE TEMP TABLE work (
  id INTEGER PRIMARY KEY, output TEXT UNIQUE, source TEXT, known INTEGER NOT NULL,
  content BLOB NOT NULL
);
CREATE INDEX temp.known ON work (known, id);
"""
AT_ONCE: Final = 500


class WorkList:
    """The items in a temporary table of the journal, so that memory use stays constant."""

    def __init__(self, base: sqlite3.Connection) -> None:
        """Creates the table."""
        self._base = base
        base.executescript(SCHEMA)

    def add(self, content: bytes, place: str = "", source: str = "", *, known: bool = True) -> bool:
        """Adds an item of this run; returns False if another item has the same output.

        Args:
            content: the pickled item.
            place: the real path of its output, if it has one.
            source: the real path of its source, if that is in a local file.
            known: whether its outcome is already known.
        """
        row = (text_of(place) if place else None, text_of(source), known, content)
        query = "INSERT INTO work (output, source, known, content) VALUES (?, ?, ?, ?)"
        try:
            self._base.execute(query, row)
        except sqlite3.IntegrityError:
            return False
        return True

    def source_of(self, place: str) -> str:
        """Returns the real path of the source whose output is this path; empty for none."""
        query = "SELECT source FROM work WHERE output = ?"
        row = self._base.execute(query, (text_of(place),)).fetchone()
        return path_of(row[0]) if row else ""

    def find_overwritten_source(self) -> str:
        """Returns a source that the output of another file would overwrite; empty for none."""
        query = "SELECT source FROM work WHERE source IN (SELECT output FROM work WHERE NOT known)"
        row = self._base.execute(query).fetchone()
        return path_of(row[0]) if row else ""

    def counts(self) -> tuple[int, int]:
        """Returns how many outcomes are known, and how many files are to do."""
        query = "SELECT COUNT(*), COALESCE(SUM(known), 0) FROM work"
        count, known = self._base.execute(query).fetchone()
        return known, count - known

    def items(self, *, known: bool) -> Iterator[bytes]:
        """Yields the items in the order they were added: those known, or those to do."""
        last = 0
        query = "SELECT id, content FROM work WHERE known = ? AND id > ? ORDER BY id LIMIT ?"
        while rows := self._base.execute(query, (known, last, AT_ONCE)).fetchall():
            yield from (content for _, content in rows)
            last = rows[-1][0]
