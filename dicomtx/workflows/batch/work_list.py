"""The items of one run of a batch: files to do, and files whose outcome is already known."""

import sqlite3
from collections.abc import Iterator
from typing import Final

from dicomtx.workflows.batch.journal_entry import path_of, text_of

SCHEMA: Final = """
CREATE TEMP TABLE work (
  id INTEGER PRIMARY KEY, output TEXT UNIQUE, source TEXT, known INTEGER NOT NULL,
  rank INTEGER NOT NULL, content BLOB NOT NULL
);
CREATE INDEX temp.in_turn ON work (known, rank, id);
"""
AT_ONCE: Final = 500
LARGE: Final = 4 << 20  # bytes of a file that takes so long that it should not be the last
FIRST: Final = -(1 << 62)  # below every rank


class WorkList:
    """The items in a temporary table of the journal, so that memory use stays constant."""

    def __init__(self, base: sqlite3.Connection) -> None:
        """Creates the table."""
        self._base = base
        base.executescript(SCHEMA)

    def add(
        self,
        content: bytes,
        place: str = "",
        source: str = "",
        *,
        size: int = 0,
        known: bool = True,
    ) -> bool:
        """Adds an item of this run; returns False if another item has the same output.

        Args:
            content: the pickled item.
            place: the real path of its output, if it has one.
            source: the real path of its source, if that is in a local file.
            size: the bytes of its source; large ones are done first.
            known: whether its outcome is already known.
        """
        rank = -size if size >= LARGE else 0
        row = (text_of(place) if place else None, text_of(source), known, rank, content)
        query = "INSERT INTO work (output, source, known, rank, content) VALUES (?, ?, ?, ?, ?)"
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
        """Yields the items that are known, or those to do.

        Large files come first, the largest at the beginning. So no worker begins with a large file
        when the others have none left. All others come in the order they were added.
        """
        last = (FIRST, 0)
        query = (
            "SELECT rank, id, content FROM work WHERE known = ? AND (rank, id) > (?, ?)"
            " ORDER BY rank, id LIMIT ?"
        )
        while rows := self._base.execute(query, (known, *last, AT_ONCE)).fetchall():
            yield from (content for _, _, content in rows)
            last = rows[-1][:2]
