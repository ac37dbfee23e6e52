"""Remembers what peers have confirmed, so that a run that was killed can go on."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from dicomtx.storage.local_file import Stat
from dicomtx.storage.location import Location
from dicomtx.workflows.batch.journal_file import open_database
from dicomtx.workflows.send.sent import Sent

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS delivered (
    destination TEXT NOT NULL, source TEXT NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    sop_instance_uid TEXT NOT NULL, transfer_syntax_uid TEXT NOT NULL, status TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (destination, source)
) WITHOUT ROWID;
"""


class Journal:
    """The instances that peers have confirmed: a row for each file and destination."""

    def __init__(self, base: sqlite3.Connection) -> None:
        """Takes the open database."""
        self._base = base

    def delivered(self, destination: str, source: Location) -> str:
        """Returns when the peer confirmed a file that has not changed since; empty if never."""
        stat = source.stat() or Stat()
        row = self._base.execute(
            "SELECT at FROM delivered WHERE destination = ? AND source = ?"
            " AND size = ? AND mtime_ns = ?",
            (destination, source.absolute().name, stat.size, stat.mtime_ns),
        ).fetchone()
        return str(row[0]) if row else ""

    def add(self, source: Location, stat: Stat, sent: Sent) -> None:
        """Records a file that the peer has confirmed.

        Args:
            source: the file.
            stat: its status before it was sent.
            sent: what became of it.
        """
        with self._base:
            self._base.execute(
                "INSERT OR REPLACE INTO delivered VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    sent.destination,
                    source.absolute().name,
                    stat.size,
                    stat.mtime_ns,
                    sent.new_sop_instance_uid or sent.sop_instance_uid,
                    sent.target_syntax,
                    sent.peer_status,
                    time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                ),
            )


@contextmanager
def open_journal(path: str) -> Iterator[Journal]:
    """Yields a journal, and creates its file if it does not exist.

    Raises:
        DestinationError: the file is not such a journal, or cannot be written.
    """
    with open_database(path, SCHEMA) as base:
        yield Journal(base)
