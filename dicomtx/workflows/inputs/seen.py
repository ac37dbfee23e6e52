"""Which files were found already, so that a file that two arguments lead to is one file."""

import hashlib
import os
import sqlite3

from dicomtx.storage.zip.member import Member

SCHEMA = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;
CREATE TABLE seen (name BLOB PRIMARY KEY) WITHOUT ROWID;
"""


class Seen:
    """A set of files, kept in a temporary database: memory stays flat.

    Two paths mean the same file if they have the same absolute form. Links are files of their own.
    """

    def __init__(self) -> None:
        """Begins with an empty set."""
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.executescript(SCHEMA)

    def first(self, path: str, member: Member | None = None, note: str = "") -> bool:
        """Adds a file; returns whether it is new.

        Args:
            path: the file, or the archive that it is in.
            member: which one of the archive; None for a file.
            note: why it is left out: a file is not the same as an error that names it.
        """
        text = repr((absolute(path), member, note))
        name = hashlib.blake2b(text.encode(), digest_size=16).digest()
        added = self._base.execute("INSERT OR IGNORE INTO seen VALUES (?)", (name,))
        return added.rowcount == 1


def absolute(path: str) -> str:
    """Returns the absolute form of a path; ``..`` behind a link leads where the link leads."""
    if os.pardir in path.split(os.sep):
        folder, name = os.path.split(path)
        if name == os.pardir:
            return os.path.realpath(path)
        return os.path.join(os.path.realpath(folder), name)
    return os.path.abspath(path)
