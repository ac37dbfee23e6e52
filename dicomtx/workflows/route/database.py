"""The database of a spool. Several processes use it at once: each opens its own connection."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Final

from dicomtx.errors import DestinationError
from dicomtx.storage.own_files import own_file

VERSION: Final = 1
BESIDE: Final = ("", "-wal", "-shm")  # SQLite gives them the mode of the database
PATIENCE: Final = 60.0  # seconds to wait for another process that writes
INSTEAD: Final = "use another --spool"
SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS instances (
  id INTEGER PRIMARY KEY AUTOINCREMENT, file TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL,
  hash TEXT NOT NULL, sop_class_uid TEXT NOT NULL, sop_instance_uid TEXT NOT NULL,
  syntax TEXT NOT NULL, calling_aet TEXT NOT NULL, called_aet TEXT NOT NULL, sender TEXT NOT NULL,
  route TEXT NOT NULL, received REAL NOT NULL, open INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT, instance INTEGER NOT NULL REFERENCES instances,
  destination TEXT NOT NULL, conversion TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting',
  step TEXT NOT NULL, output TEXT NOT NULL DEFAULT '', output_syntax TEXT NOT NULL DEFAULT '',
  output_hash TEXT NOT NULL DEFAULT '', output_uid TEXT NOT NULL DEFAULT '',
  verification TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL, status TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '', changed REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS by_instance ON deliveries (instance);
CREATE INDEX IF NOT EXISTS unfinished ON deliveries (destination, state, instance)
  WHERE state IN ('waiting', 'sending', 'dead');
CREATE INDEX IF NOT EXISTS to_convert ON deliveries (id)
  WHERE step = 'convert' AND state = 'waiting';
CREATE INDEX IF NOT EXISTS to_send ON deliveries (destination, due, id)
  WHERE step = 'send' AND state = 'waiting';
CREATE INDEX IF NOT EXISTS open_instances ON instances (id) WHERE open = 1;
CREATE TABLE IF NOT EXISTS counters (
  name TEXT NOT NULL, destination TEXT NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY (name, destination)
) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""


def connected(path: str, *, make: bool = True) -> sqlite3.Connection:
    """Returns a connection, in autocommit mode. Each commit survives a power failure.

    Raises:
        DestinationError: the file is not a spool's, belongs to another user, or cannot be written.
    """
    _check_owner(path, make=make)
    try:
        base = sqlite3.connect(
            path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise DestinationError(f"{path} cannot be opened: {error}") from error
    try:
        _prepare(base)
    except sqlite3.Error as error:
        base.close()
        raise DestinationError(f"{path} cannot be used: {error}") from error
    return base


@contextmanager
def open_database(path: str, *, make: bool = True) -> Iterator[sqlite3.Connection]:
    """Yields a connection, and closes it; see ``connected``."""
    with closing(connected(path, make=make)) as base:
        try:
            yield base
        except sqlite3.Error as error:
            raise DestinationError(f"{path} cannot be used: {error}") from error


@contextmanager
def transaction(base: sqlite3.Connection) -> Iterator[None]:
    """Commits the statements of the block together, or none of them."""
    base.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite has rolled back by itself
            base.execute("ROLLBACK")
        raise
    base.execute("COMMIT")


def _check_owner(path: str, *, make: bool) -> None:
    if not (make or os.path.exists(path)):
        raise DestinationError(f"{os.path.dirname(path)} is not a spool: it has no queue")
    for ending in BESIDE:
        with own_file(path + ending, make=make and not ending, instead=INSTEAD):
            pass


def _prepare(base: sqlite3.Connection) -> None:
    base.execute("PRAGMA trusted_schema = OFF")
    version = base.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, VERSION):
        raise sqlite3.DatabaseError(f"it has version {version}, not {VERSION}")
    if version == 0:
        base.execute("PRAGMA journal_mode = WAL")
        base.executescript(SCHEMA)
    base.execute("PRAGMA synchronous = FULL")
