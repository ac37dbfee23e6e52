"""A forwarder records what its destination answered, and gives up what it must."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest

from dicomtx.errors import UnreachableError
from dicomtx.workflows.route.administration import Selection, listed
from dicomtx.workflows.route.forwarder import AT_ONCE, DIED, Answered, Forwarder, Send
from dicomtx.workflows.route.queue import Ending, Queue, open_queue
from dicomtx.workflows.route.records import Delivery, Received
from dicomtx.workflows.route.spool import Spool, held

OK = Answered(delivered=True, again=False, ending=Ending("0000"))
NO = Answered(delivered=False, again=False, ending=Ending("0122", "not supported"))
LATER = Answered(delivered=False, again=True, ending=Ending("A700", "full"))


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(str(tmp_path / "spool"))
    with held(spool):
        yield spool


@pytest.fixture
def queue(spool: Spool) -> Iterator[Queue]:
    with open_queue(spool.database) as queue:
        for number in range(3):
            path = Path(spool.arriving, "new")
            path.write_bytes(b"DICOM")
            titles = ("1.2", f"1.2.{number}", "1.2.840.10008.1.2.1", "A", "B", "host", "route 1")
            queue.add(Received(spool.take(str(path)), 5, "hash", *titles), [("a", "")])
        yield queue


def once(failures: int) -> float | None:
    """Tries once more, at once."""
    return 0.0 if failures == 1 else None


def answering(*answers: Answered | Exception) -> Send:
    """Returns what sends to a destination that answers this, one after the other."""
    left = list(answers)

    def send(
        deliveries: Sequence[Delivery],
    ) -> Generator[tuple[Delivery, Answered], None, None]:
        for delivery in deliveries:
            answer = left.pop(0)
            if isinstance(answer, Exception):
                raise answer
            yield delivery, answer

    return send


def states(queue: Queue) -> list[tuple[str, str, int]]:
    return [(one.state, one.reason, one.attempts) for one in listed(queue, Selection())]


def deliver(spool: Spool, queue: Queue, send: Send) -> None:
    """Delivers what is due, once."""
    Forwarder(queue, spool, "a", once).deliver(queue.claim("a", AT_ONCE), send)


def received(spool: Spool) -> int:
    return len(list(Path(spool.folder, "received").iterdir()))


def test_the_file_goes_when_the_destination_has_it(spool: Spool, queue: Queue) -> None:
    deliver(spool, queue, answering(OK, LATER, NO))
    assert states(queue) == [
        *(("delivered", "", 1), ("waiting", "full", 1), ("dead", "not supported", 1)),
    ]
    assert received(spool) == 2
    deliver(spool, queue, answering(LATER))
    assert states(queue)[1] == ("dead", "full", 2)


def test_a_lost_connection_counts_for_what_it_did_not_reach(spool: Spool, queue: Queue) -> None:
    deliver(spool, queue, answering(OK, UnreachableError("down")))
    assert states(queue) == [("delivered", "", 1), ("waiting", "down", 1), ("waiting", "down", 1)]
    deliver(spool, queue, answering(OK, OK))
    assert {state for state, _, _ in states(queue)} == {"delivered"}
    assert received(spool) == 0


def test_a_forwarder_that_stops_gives_back_what_it_did_not_try(spool: Spool, queue: Queue) -> None:
    forwarder = Forwarder(queue, spool, "a", once)
    forwarder.stopping.set()
    forwarder.deliver(queue.claim("a", AT_ONCE), answering(OK))
    assert states(queue) == [("delivered", "", 1), ("waiting", "", 0), ("waiting", "", 0)]


class DeadError(BaseException):
    """The process dies here."""


class StopsWhenIdle(Event):
    """Is set by whoever waits for it."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


@pytest.mark.parametrize("uid", ["1.2.0", "1.2.1", "1.2.2"])
def test_an_instance_that_kills_its_process_does_not_hold_up_the_others(
    spool: Spool, queue: Queue, uid: str
) -> None:
    sent = []

    def send(
        deliveries: Sequence[Delivery],
    ) -> Generator[tuple[Delivery, Answered], None, None]:
        for delivery in deliveries:
            if delivery.sop_instance_uid == uid:
                raise DeadError
            sent.append(delivery.sop_instance_uid)
            yield delivery, OK

    for _process in range(5):
        forwarder = Forwarder(queue, spool, "a", once)
        forwarder.stopping = StopsWhenIdle()
        with suppress(DeadError):
            forwarder.run(send)
    dead = listed(queue, Selection(states=("dead",)))
    assert [(one.sop_instance_uid, one.reason) for one in dead] == [(uid, DIED)]
    assert sorted([*sent, uid]) == ["1.2.0", "1.2.1", "1.2.2"]
