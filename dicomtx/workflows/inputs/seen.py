"""Remembers the files that were found, so that each is processed once."""

import hashlib
import sqlite3

from dicomtx.storage.location import Location

SCHEMA = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;
CREATE TABLE seen (name BLOB PRIMARY KEY) WITHOUT ROWID;
"""


class Seen:
    """A set of files in a temporary database, so that memory use stays constant.

    Two locations are the same if their absolute forms are. A link and its target are different.
    """

    def __init__(self) -> None:
        """Creates an empty set."""
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.executescript(SCHEMA)

    def first(self, source: Location, note: str = "") -> bool:
        """Adds a file; returns whether it is new.

        Args:
            source: where it is.
            note: its error or the reason to skip it; the same file with another note is new.
        """
        text = repr((source.absolute(), note))
        name = hashlib.blake2b(text.encode(), digest_size=16).digest()
        added = self._base.execute("INSERT OR IGNORE INTO seen VALUES (?)", (name,))
        return added.rowcount == 1
