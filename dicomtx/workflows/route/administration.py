"""Lists, retries and drops deliveries, for ``dicomtx queue``."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from dicomtx.workflows.route.database import transaction
from dicomtx.workflows.route.queue import SELECT, Queue
from dicomtx.workflows.route.records import Delivery

AT_ONCE: Final = 500
CAN_CHANGE: Final = ("waiting", "dead")


class Selection(NamedTuple):
    """Which deliveries to list or change. An empty field selects all.

    Attributes:
        states: their states.
        destination: the name of their destination.
        ids: their numbers.
        sop_instance_uid: SOP Instance UID, as received or as sent.
    """

    states: tuple[str, ...] = ()
    destination: str = ""
    ids: tuple[int, ...] = ()
    sop_instance_uid: str = ""

    def where(self) -> tuple[str, list[Any]]:
        """Returns the condition for SQL, and its values."""
        conditions, values = ["1"], list[Any]()
        for column, allowed in (("d.state", self.states), ("d.id", self.ids)):
            if allowed:
                conditions.append(f"{column} IN ({', '.join('?' * len(allowed))})")
                values += allowed
        if self.destination:
            conditions.append("d.destination = ?")
            values.append(self.destination)
        if self.sop_instance_uid:
            conditions.append("? IN (i.sop_instance_uid, d.output_uid)")
            values.append(self.sop_instance_uid)
        return " AND ".join(conditions), values


def listed(queue: Queue, selection: Selection) -> Iterator[Delivery]:
    """Yields the selected deliveries, oldest first."""
    where, values = selection.where()
    query = f"{SELECT} WHERE {where} AND d.id > ? ORDER BY d.id LIMIT ?"
    last = 0
    while rows := queue.base.execute(query, (*values, last, AT_ONCE)).fetchall():
        yield from (Delivery(*row) for row in rows)
        last = rows[-1][0]


def retried(queue: Queue, selection: Selection) -> int:
    """Makes the selected deliveries due now, dead ones too; returns how many."""
    where, values = _changeable(selection).where()
    with transaction(queue.base):
        rows = queue.base.execute(f"{SELECT} WHERE {where}", values).fetchall()
        queue.base.executemany(
            "UPDATE deliveries SET state = 'waiting', due = ?, failures = 0, changed = ?"
            " WHERE id = ?",
            [(queue.now(), queue.now(), row[0]) for row in rows],
        )
        return len(rows)


def dropped(queue: Queue, selection: Selection) -> tuple[int, list[int]]:
    """Ends the selected deliveries without sending them.

    Returns how many, and the instances whose files are not needed any more.
    """
    where, values = _changeable(selection).where()
    with transaction(queue.base):
        rows = queue.base.execute(f"{SELECT} WHERE {where}", values).fetchall()
        chosen = [Delivery(*row) for row in rows]
        queue.base.executemany(
            "UPDATE deliveries SET state = 'dropped', changed = ? WHERE id = ?",
            [(queue.now(), one.id) for one in chosen],
        )
        instances = dict.fromkeys(one.instance for one in chosen)
        return len(chosen), [instance for instance in instances if queue.close(instance)]


def _changeable(selection: Selection) -> Selection:
    """Returns the part of a selection that is not being sent and has not ended."""
    states = tuple(s for s in CAN_CHANGE if s in (selection.states or CAN_CHANGE))
    return selection._replace(states=states or ("",))
