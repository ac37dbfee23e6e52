"""The queue of a spool: a durable row for each instance and destination.

Every change is committed before anything that depends on it happens, so a process can die at any
moment. An instance is acknowledged after its rows are committed. Its files are removed after every
delivery has ended.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from dicomtx.workflows.route import counters
from dicomtx.workflows.route.database import open_database, transaction
from dicomtx.workflows.route.records import COLUMNS, Delivery, Job, Output, Received

NAME: Final = "queue.sqlite"
SELECT: Final = f"SELECT {COLUMNS} FROM deliveries d JOIN instances i ON i.id = d.instance "  # noqa: S608
TO_CLOSE: Final = """
SELECT bytes FROM instances i WHERE id = ? AND open = 1 AND NOT EXISTS (
  SELECT 1 FROM deliveries WHERE instance = i.id AND state NOT IN ('delivered', 'dropped')
)
"""
Delay = Callable[[int], float | None]
"""Returns the seconds to wait after this many failures; None if the delivery is given up."""


class Ending(NamedTuple):
    """How an attempt ended.

    Attributes:
        status: the status of the peer; empty if it did not answer.
        reason: what went wrong, or the peer's comment.
        output: what was sent, if that differs from the result of the conversion.
    """

    status: str = ""
    reason: str = ""
    output: Output | None = None


class Queue(NamedTuple):
    """An open queue. One thread uses it at a time.

    Attributes:
        base: the database.
        now: returns the time, in seconds since 1970.
    """

    base: sqlite3.Connection
    now: Callable[[], float] = time.time

    def add(self, received: Received, targets: Iterable[tuple[str, str]]) -> int:
        """Records an instance durably; returns its number.

        Args:
            received: the instance, whose file is in the spool already.
            targets: each destination, and the text of its conversion.
        """
        now = self.now()
        marks = ", ".join("?" * (len(received) + 1))
        with transaction(self.base):
            cursor = self.base.execute(
                f"INSERT INTO instances ({', '.join(received._fields)}, received)"  # noqa: S608
                f" VALUES ({marks})",
                (*received, now),
            )
            number = cursor.lastrowid or 0
            unchanged = Output("", received.syntax, received.hash, received.sop_instance_uid, "")
            for destination, conversion in targets:
                self._add_delivery(number, destination, conversion, unchanged, now)
            counters.add(self.base, {"received": 1, "open": 1, "bytes": received.bytes})
        return number

    def _add_delivery(
        self, instance: int, destination: str, conversion: str, unchanged: Output, now: float
    ) -> None:
        self.base.execute(
            "INSERT INTO deliveries (instance, destination, conversion, step, due, changed)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (instance, destination, conversion, "convert" if conversion else "send", now, now),
        )
        if not conversion:
            output = unchanged._replace(verification="bytes-only")
            self._set_output(instance, conversion, output)

    def size(self) -> tuple[int, int]:
        """Returns the number of instances that are not delivered everywhere, and their bytes."""
        found = counters.read(self.base)
        return found["open", ""], found["bytes", ""]

    def conversions(self, most: int) -> list[Job]:
        """Returns conversions that are due, oldest first, and marks them as being done.

        One process calls it at a time.
        """
        rows = self.base.execute(
            "SELECT d.instance, i.file, d.conversion FROM deliveries d"
            " JOIN instances i ON i.id = d.instance WHERE d.step = 'convert'"
            " AND d.state = 'waiting' AND d.due <= ? ORDER BY d.id LIMIT ?",
            (self.now(), most),
        ).fetchall()
        jobs = list(dict.fromkeys(Job(*row) for row in rows))
        if not jobs:
            return []
        with transaction(self.base):
            self.base.executemany(
                "UPDATE deliveries SET step = 'converting' WHERE instance = ? AND conversion = ?"
                " AND step = 'convert' AND state = 'waiting'",
                [(job.instance, job.conversion) for job in jobs],
            )
        return jobs

    def converted(self, job: Job, output: Output) -> bool:
        """Records a result; returns False if no delivery needs it any more."""
        with transaction(self.base):
            return self._set_output(job.instance, job.conversion, output) > 0

    def _set_output(self, instance: int, conversion: str, output: Output) -> int:
        return self.base.execute(
            "UPDATE deliveries SET step = 'send', output = ?, output_syntax = ?, output_hash = ?,"
            " output_uid = ?, verification = ?, reason = ?, changed = ?"
            " WHERE instance = ? AND conversion = ?"
            " AND step IN ('convert', 'converting', 'send') AND state = 'waiting'",
            (*output, self.now(), instance, conversion),
        ).rowcount

    def not_converted(self, job: Job, reason: str, *, again_after: float | None) -> None:
        """Records that a conversion failed: it is tried again later, or never if None."""
        state = "dead" if again_after is None else "waiting"
        due = self.now() + (again_after or 0.0)
        with transaction(self.base):
            rows = self.base.execute(
                "SELECT id, destination FROM deliveries WHERE instance = ? AND conversion = ?"
                " AND step = 'converting' AND state = 'waiting'",
                (job.instance, job.conversion),
            ).fetchall()
            for number, destination in rows:
                self._end(number, state, {"step": "convert", "reason": reason, "due": due})
                if state == "dead":
                    counters.add(self.base, {"dead": 1}, destination)

    def claim(self, destination: str, most: int) -> list[Delivery]:
        """Returns deliveries that are due at a destination, oldest first, now being sent.

        One process calls it at a time for each destination.
        """
        query = (
            "SELECT id FROM deliveries WHERE destination = ? AND step = 'send'"
            " AND state = 'waiting' AND due <= ? ORDER BY due, id LIMIT ?"
        )
        values = (destination, self.now(), most)
        if not self.base.execute(query, values).fetchone():
            return []
        with transaction(self.base):
            ids = self.base.execute(query, values).fetchall()
            self.base.executemany(
                "UPDATE deliveries SET state = 'sending', attempts = attempts + 1 WHERE id = ?", ids
            )
            rows = [self.base.execute(SELECT + "WHERE d.id = ?", one).fetchone() for one in ids]
        return [Delivery(*row) for row in rows]

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Returns claimed deliveries that were not tried to the queue."""
        with transaction(self.base):
            self.base.executemany(
                "UPDATE deliveries SET state = 'waiting', attempts = attempts - 1"
                " WHERE id = ? AND state = 'sending'",
                [(delivery.id,) for delivery in deliveries],
            )

    def delivered(self, delivery: Delivery, ending: Ending) -> bool:
        """Records a success; returns whether it was the last of the instance."""
        with transaction(self.base):
            changes = {"status": ending.status, "reason": ending.reason}
            if ending.output:
                out = ending.output
                changes |= {"output_syntax": out.syntax, "output_hash": out.hash}
                changes |= {"output_uid": out.sop_instance_uid, "verification": out.verification}
            self._end(delivery.id, "delivered", changes)
            counters.add(self.base, {"forwarded": 1}, delivery.destination)
            return self.close(delivery.instance)

    def failed(self, deliveries: Iterable[Delivery], ending: Ending, delay: Delay) -> None:
        """Records a failed attempt: each delivery waits as the schedule says, or is dead."""
        with transaction(self.base):
            for delivery in deliveries:
                query = "SELECT failures FROM deliveries WHERE id = ?"
                failures = self.base.execute(query, (delivery.id,)).fetchone()[0] + 1
                wait = delay(failures)
                state = "dead" if wait is None else "waiting"
                changes = {"failures": failures, "due": self.now() + (wait or 0.0)}
                changes |= {"status": ending.status, "reason": ending.reason}
                self._end(delivery.id, state, changes)
                told = {"failed": 1} | ({"dead": 1} if wait is None else {})
                counters.add(self.base, told, delivery.destination)

    def _end(self, number: int, state: str, changes: Mapping[str, object]) -> None:
        columns = ", ".join(f"{name} = ?" for name in changes)
        self.base.execute(
            f"UPDATE deliveries SET state = ?, changed = ?, {columns} WHERE id = ?",  # noqa: S608
            (state, self.now(), *changes.values(), number),
        )

    def wake(self, destination: str) -> None:
        """Makes everything due that waits for a destination, because it answers again."""
        with transaction(self.base):
            self.base.execute(
                "UPDATE deliveries SET due = ? WHERE destination = ? AND step = 'send'"
                " AND state = 'waiting' AND due > ? AND status = ''",
                (self.now(), destination, self.now()),
            )

    def close(self, instance: int) -> bool:
        """Closes an instance whose deliveries have all ended; returns whether it did.

        It belongs in the transaction that ends a delivery.
        """
        row = self.base.execute(TO_CLOSE, (instance,)).fetchone()
        if row is None:
            return False
        self.base.execute("UPDATE instances SET open = 0 WHERE id = ?", (instance,))
        counters.add(self.base, {"open": -1, "bytes": -row[0]})
        return True

    def recover_conversions(self) -> None:
        """Puts conversions back that a killed process was doing. Its successor calls it."""
        with transaction(self.base):
            self.base.execute("UPDATE deliveries SET step = 'convert' WHERE step = 'converting'")

    def recover(self, destination: str = "") -> int:
        """Puts deliveries back that a killed process was sending; returns how many.

        Args:
            destination: the one that the process sent to; empty for all.
        """
        with transaction(self.base):
            return self.base.execute(
                "UPDATE deliveries SET state = 'waiting' WHERE state = 'sending'"
                " AND ? IN ('', destination)",
                (destination,),
            ).rowcount


@contextmanager
def open_queue(path: str, *, make: bool = True) -> Iterator[Queue]:
    """Yields the queue in a database.

    Raises:
        DestinationError: the file is not a queue, or cannot be written.
    """
    with open_database(path, make=make) as base:
        yield Queue(base)
