"""Maps old to new SOP Instance UIDs, to update references and for ``--uid-map``."""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Final

from dicomtx.deferred_signals import undisturbed
from dicomtx.errors import UsageError
from dicomtx.storage.atomic_write import PRIVATE, atomic_write
from dicomtx.storage.source import write_all
from dicomtx.workflows.convert.request import Outcome

ENDINGS: Final = (".tsv", ".json")
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS uids (old TEXT PRIMARY KEY, new TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uids_by_new ON uids (new);
CREATE TABLE IF NOT EXISTS seeds (what TEXT PRIMARY KEY, seed TEXT NOT NULL) WITHOUT ROWID;
"""
FRESH: Final = "CREATE TEMP TABLE IF NOT EXISTS fresh (old TEXT PRIMARY KEY) WITHOUT ROWID;"
STALE: Final = "DELETE FROM uids WHERE old = ? AND old NOT IN (SELECT old FROM fresh)"


class UidMap(Mapping[str, str]):
    """Old and new UIDs in a database table, so that memory use stays constant.

    The owner of the connection, such as the journal, commits.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Creates the tables if they do not exist."""
        self._connection = connection
        connection.executescript(SCHEMA + FRESH)

    def add(self, outcome: Outcome) -> None:
        """Records the new UIDs of an outcome, if it has any. The last outcome of an old UID wins.

        An instance that was written again and kept its UID loses its earlier entry. If a file was
        overwritten, entries that lead to its old UID lead to its new one now.
        """
        old, new = outcome.sop_instance_uid, outcome.new_sop_instance_uid
        pairs = dict(outcome.new_uids) | ({old: new} if old and new else {})
        for before, after in pairs.items():
            self._put(before, after, in_place=outcome.path == outcome.destination)
        if old and not new and outcome.target_syntax:
            self._connection.execute(STALE, (old,))

    def _put(self, old: str, new: str, *, in_place: bool) -> None:
        if in_place:
            self._connection.execute("UPDATE uids SET new = ? WHERE new = ?", (new, old))
        self._connection.execute("INSERT OR REPLACE INTO uids VALUES (?, ?)", (old, new))
        self._connection.execute("INSERT OR IGNORE INTO fresh VALUES (?)", (old,))

    def seed(self, what: str) -> str:
        """Returns the secret that new UIDs depend on; the same for every run that does ``what``.

        So a run that was killed, or that found more files later, goes on with the same new UIDs.
        """
        row = (what, os.urandom(16).hex())
        self._connection.execute("INSERT OR IGNORE INTO seeds VALUES (?, ?)", row)
        found = self._connection.execute("SELECT seed FROM seeds WHERE what = ?", (what,))
        return str(found.fetchone()[0])

    def __getitem__(self, old: str) -> str:
        found = self._connection.execute("SELECT new FROM uids WHERE old = ?", (old,)).fetchone()
        if found is None:
            raise KeyError(old)
        return str(found[0])

    def __iter__(self) -> Iterator[str]:
        for row in self._connection.execute("SELECT old FROM uids ORDER BY old"):
            yield row[0]

    def __len__(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM uids").fetchone()[0])


def check_uid_map(path: str) -> None:
    """Checks the file name before any file is converted.

    Raises:
        UsageError: the ending is neither .tsv nor .json.
    """
    if os.path.splitext(path)[1].lower() not in ENDINGS:
        raise UsageError(f"--uid-map {path}: the name must end in {' or '.join(ENDINGS)}")


def write_uid_map(path: str, uid_map: Mapping[str, str]) -> None:
    """Writes old and new UIDs: as tab-separated lines, or as one JSON object.

    Raises:
        UsageError: the ending is neither .tsv nor .json.
        DestinationError: the file cannot be written.
    """
    check_uid_map(path)
    as_json = path.lower().endswith(".json")
    below = os.path.dirname(path) or os.curdir
    with undisturbed(), atomic_write(path, overwrite=True, mode=PRIVATE, below=below) as fd:
        write_all(fd, b"{" if as_json else b"")
        for n, old in enumerate(uid_map):
            if as_json:
                line = f"{',' * (n > 0)}\n  {json.dumps(old)}: {json.dumps(uid_map[old])}"
            else:
                line = f"{old}\t{uid_map[old]}\n"
            write_all(fd, line.encode())
        write_all(fd, b"\n}\n" if as_json else b"")
