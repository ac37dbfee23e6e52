"""Which files and rows of a spool are still needed."""

from typing import Final

from dicomtx.workflows.route.database import transaction
from dicomtx.workflows.route.queue import Queue

AT_ONCE: Final = 1000  # instances to remove in one transaction


def is_needed(queue: Queue, file: str) -> bool:
    """Returns whether a file belongs to an instance that is not delivered everywhere."""
    row = queue.base.execute(
        "SELECT 1 FROM instances WHERE file = ? AND open = 1 UNION ALL"
        " SELECT 1 FROM deliveries WHERE output = ? AND state NOT IN ('delivered', 'dropped')",
        (file, file),
    )
    return row.fetchone() is not None


def is_known(queue: Queue, file: str) -> bool:
    """Returns whether a received file has a row."""
    row = queue.base.execute("SELECT 1 FROM instances WHERE file = ?", (file,))
    return row.fetchone() is not None


def files_of(queue: Queue, instance: int) -> tuple[str, tuple[str, ...]]:
    """Returns the name of the received file of an instance, and of its conversions."""
    (file,) = queue.base.execute("SELECT file FROM instances WHERE id = ?", (instance,)).fetchone()
    query = "SELECT DISTINCT output FROM deliveries WHERE instance = ? AND output != ''"
    return file, tuple(row[0] for row in queue.base.execute(query, (instance,)))


def prune(queue: Queue, seconds: float) -> None:
    """Removes the rows of instances that ended this long ago."""
    before = queue.now() - seconds
    old = (
        "SELECT id FROM instances i WHERE open = 0 AND received < ? AND NOT EXISTS"
        " (SELECT 1 FROM deliveries WHERE instance = i.id AND changed >= ?) LIMIT ?"
    )
    with transaction(queue.base):
        ids = queue.base.execute(old, (before, before, AT_ONCE)).fetchall()
        queue.base.executemany("DELETE FROM deliveries WHERE instance = ?", ids)
        queue.base.executemany("DELETE FROM instances WHERE id = ?", ids)
