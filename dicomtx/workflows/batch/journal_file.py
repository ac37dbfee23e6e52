"""Opens the database of a journal, and refuses files that dicomtx did not make."""

import os
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Final

from dicomtx.errors import DestinationError
from dicomtx.storage.own_files import own_file, status_of

VERSION: Final = 2
BESIDE: Final = ("-wal", "-journal")  # files of SQLite; with an exclusive lock there is no -shm
STEPS: Final = 100_000  # instructions of SQLite between two checks for signals: a few milliseconds
BEFORE: Final = """
PRAGMA trusted_schema = OFF; PRAGMA locking_mode = EXCLUSIVE;
"""
BEHIND: Final = f"""
PRAGMA synchronous = NORMAL; PRAGMA temp_store = FILE; PRAGMA user_version = {VERSION};
"""


@contextmanager
def open_database(path: str, schema: str) -> Iterator[sqlite3.Connection]:
    """Yields the database of a journal, and creates it if it does not exist.

    If a signal handler raises during a long statement, the exception leaves the block.

    Args:
        path: path of the file.
        schema: SQL that creates the missing tables.

    Raises:
        DestinationError: the file belongs to another user, has something that ``schema`` does not
            create, or cannot be read or written.
    """
    signals = _Signals()
    with own_file(path) as held:
        for ending in BESIDE:  # created before SQLite does, so that no other user can
            with own_file(path + ending, make=not status_of(held, path).st_size):
                pass
        base = _connected(path)
        base.set_progress_handler(signals.look, STEPS)
        try:
            _prepare(base, schema)
            if not os.path.samestat(status_of(path, path), status_of(held, path)):
                raise sqlite3.DatabaseError("the file was replaced while it was opened")
        except DestinationError:
            base.close()
            raise
        except sqlite3.Error as error:
            base.close()
            raise signals.raised or DestinationError(
                f"{path} cannot be used as a journal: {error}"
            ) from error
        try:
            yield base
        except sqlite3.Error as error:
            raise signals.raised or DestinationError(
                f"{path} cannot be written: {error}"
            ) from error
        finally:
            base.close()


def _connected(path: str) -> sqlite3.Connection:
    try:
        return sqlite3.connect(path, isolation_level="DEFERRED")
    except sqlite3.Error as error:
        raise DestinationError(f"{path} cannot be used as a journal: {error}") from error


def _prepare(base: sqlite3.Connection, schema: str) -> None:
    """Creates the missing tables, after checking that there is nothing unknown."""
    base.executescript(BEFORE)
    version = base.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, VERSION):
        raise sqlite3.DatabaseError(f"it has version {version}, not {VERSION}")
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(schema)
        unknown = _made(base) - _made(fresh)
    if unknown:
        kind, name, _ = min(unknown)
        raise sqlite3.DatabaseError(
            f"it has a {kind} {name} that dicomtx does not create; remove the file"
        )
    base.execute("PRAGMA journal_mode = WAL")
    base.executescript(schema + BEHIND)


def _made(base: sqlite3.Connection) -> set[tuple[str, str, str]]:
    """Returns the objects in a database: kind, name, and the statement that creates them."""
    rows = base.execute("SELECT type, name, sql FROM sqlite_schema")
    return {(kind, name, " ".join((sql or "").split())) for kind, name, sql in rows}


class _Signals:
    """Lets signal handlers run during a long statement, and keeps the exception they raise.

    Attributes:
        raised: the exception of a handler; SQLite only reports that the statement was interrupted.
        look: the progress handler; returns whether to interrupt the statement.
    """

    def __init__(self) -> None:
        self.raised: BaseException | None = None
        self._looking = self._look()
        self.look = self._looking.__next__
        self.look()

    def _look(self) -> Generator[int, None, None]:
        """Yields once per check. Python runs signal handlers when a generator resumes."""
        while True:
            try:
                while True:
                    yield 0
            except GeneratorExit:
                return
            except BaseException as error:  # noqa: BLE001 - whatever a handler raises
                self.raised = error
            yield 1
