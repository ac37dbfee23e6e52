"""Remembers which stored instances wait for transcoding, and what each was when it arrived.

Several processes write it. A row is committed before the sender gets its answer, so no kill makes
an instance stay as it came.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from dicomtx.errors import DestinationError
from dicomtx.workflows.receive.received import Received, record_of

NAME: Final = "receive.sqlite"
PATIENCE: Final = 60.0  # seconds to wait for another process
VERSION: Final = 1
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS instances (
    path TEXT PRIMARY KEY, digest BLOB NOT NULL, pending INTEGER NOT NULL, record TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS waiting ON instances (pending) WHERE pending;
"""


class Waiting(NamedTuple):
    """An instance that waits for transcoding: path, digest as it arrived, and its record."""

    path: str
    digest: bytes
    record: Received


class Journal:
    """The journal of a destination."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keeps other processes from writing until the end of the block; then it is durable.

        Raises:
            DestinationError: the journal cannot be written.
        """
        try:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._base.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._base.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise DestinationError(f"the journal cannot be written: {error}") from error

    def digest_of(self, path: str) -> bytes:
        """Returns the digest of the data set that arrived for a path; empty if none is known."""
        row = self._base.execute("SELECT digest FROM instances WHERE path = ?", (path,)).fetchone()
        return row[0] if row else b""

    def put(self, path: str, digest: bytes, record: Received, *, pending: bool = True) -> None:
        """Notes a stored instance, and whether it waits for transcoding."""
        self._base.execute(
            "INSERT OR REPLACE INTO instances VALUES (?, ?, ?, ?)",
            (path, digest, pending, json.dumps(record.as_json()) if pending else ""),
        )

    def done(self, path: str) -> None:
        """Notes that an instance does not wait any more."""
        self._base.execute("UPDATE instances SET pending = 0, record = '' WHERE path = ?", (path,))

    def forget(self, path: str) -> None:
        """Removes the row of a file that is gone."""
        self._base.execute("DELETE FROM instances WHERE path = ?", (path,))

    def waiting(self, most: int) -> list[Waiting]:
        """Returns some of the instances that wait."""
        rows = self._base.execute(
            "SELECT path, digest, record FROM instances WHERE pending LIMIT ?", (most,)
        )
        return [
            Waiting(path, digest, record_of(json.loads(record))) for path, digest, record in rows
        ]

    def is_pending(self, path: str, digest: bytes) -> bool:
        """Whether this very instance still waits."""
        found = self._base.execute(
            "SELECT 1 FROM instances WHERE pending AND path = ? AND digest = ?", (path, digest)
        )
        return found.fetchone() is not None


def path_in(folder: str) -> str:
    """Returns the path of the journal in the private folder of a destination."""
    return os.path.join(folder, NAME)


def open_journal(folder: str) -> Journal:
    """Opens the journal in a private folder, and makes it if there is none.

    Raises:
        DestinationError: it cannot be read or written.
    """
    path = path_in(folder)
    try:
        base = sqlite3.connect(path, PATIENCE, isolation_level=None, check_same_thread=False)
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = FULL")
        version = base.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise DestinationError(f"{path} was made by another version of dicomtx")
        base.executescript(SCHEMA + f"PRAGMA user_version = {VERSION};")
    except sqlite3.Error as error:
        raise DestinationError(f"{path} cannot be used as a journal: {error}") from error
    return Journal(base)
