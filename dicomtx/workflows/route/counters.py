"""Counts what happens in a queue, in the transaction in which it happens."""

import sqlite3
from collections import Counter
from collections.abc import Mapping


def add(base: sqlite3.Connection, numbers: Mapping[str, int], destination: str = "") -> None:
    """Adds to counters of a destination, or of the whole queue."""
    base.executemany(
        "INSERT INTO counters VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET value = value + excluded.value",
        [(name, destination, number) for name, number in numbers.items()],
    )


def read(base: sqlite3.Connection) -> Counter[tuple[str, str]]:
    """Returns the counters by name and destination."""
    rows = base.execute("SELECT name, destination, value FROM counters")
    return Counter({(name, destination): value for name, destination, value in rows})
