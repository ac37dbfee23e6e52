"""Which files were found already, so that a file that two arguments lead to is one file."""

import hashlib
import sqlite3

from dicomtx.storage.location import Location

SCHEMA = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;
CREATE TABLE seen (name BLOB PRIMARY KEY) WITHOUT ROWID;
"""


class Seen:
    """A set of files, kept in a temporary database: memory stays flat.

    Two locations are the same if they have the same absolute form. Links are files of their own.
    """

    def __init__(self) -> None:
        """Begins with an empty set."""
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.executescript(SCHEMA)

    def first(self, source: Location, note: str = "") -> bool:
        """Adds a file; returns whether it is new.

        Args:
            source: where it is.
            note: why it is left out: a file is not the same as an error that names it.
        """
        text = repr((source.absolute(), note))
        name = hashlib.blake2b(text.encode(), digest_size=16).digest()
        added = self._base.execute("INSERT OR IGNORE INTO seen VALUES (?)", (name,))
        return added.rowcount == 1
