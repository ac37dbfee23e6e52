"""The queue of a spool: every row is durable, and every state is true."""

import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomtx.errors import DestinationError
from dicomtx.workflows.route import counters
from dicomtx.workflows.route.administration import Selection, dropped, listed, retried
from dicomtx.workflows.route.housekeeping import is_needed, prune
from dicomtx.workflows.route.queue import Ending, Queue, open_queue
from dicomtx.workflows.route.records import Delivery, Job, Output, Received
from tests.sampling import sampled

RLE = '["rle-lossless", [], "error"]'
SYNTAX = "1.2.840.10008.1.2.1"


def received(number: int = 1, uid: str = "") -> Received:
    """Returns an instance of 100 bytes."""
    return Received(
        *(f"received/{number}.dcm", 100, f"hash {number}", "1.2.840.10008.5.1.4.1.1.7"),
        *(uid or f"1.2.3.{number}", SYNTAX, "MODALITY", "BUFFER", "127.0.0.1", "route 1"),
    )


class Clock:
    """The time of a queue in a test."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(tmp_path: Path, clock: Clock) -> Iterator[Queue]:
    with open_queue(str(tmp_path / "queue.sqlite")) as opened:
        yield opened._replace(now=clock)


def states(queue: Queue) -> list[tuple[str, str]]:
    """Returns the destination and the state of each delivery."""
    return [(one.destination, one.state) for one in listed(queue, Selection())]


def output(job: Job) -> Output:
    """Returns the result of a conversion."""
    return Output(f"ready/{job.instance}.dcm", "1.2.840.10008.1.2.5", "out", "1.2.3", "all")


def never(_failures: int) -> None:
    """Gives up at the first failure."""


def after_a_minute(failures: int) -> float | None:
    """Tries twice more."""
    return 60.0 if failures < 3 else None


def test_an_instance_waits_for_each_of_its_destinations(queue: Queue) -> None:
    queue.add(received(), [("a", ""), ("b", RLE)])
    assert states(queue) == [("a", "waiting"), ("b", "waiting")]
    assert queue.size() == (1, 100)
    assert [one.syntax_out for one in listed(queue, Selection())] == [SYNTAX, ""]


def test_what_needs_a_conversion_is_not_sent_before(queue: Queue) -> None:
    queue.add(received(), [("a", ""), ("b", RLE)])
    assert [one.destination for one in queue.claim("a", 10)] == ["a"]
    assert queue.claim("b", 10) == []
    (job,) = queue.conversions(10)
    assert queue.conversions(10) == []
    assert queue.converted(job, output(job))
    (delivery,) = queue.claim("b", 10)
    assert (delivery.output, delivery.hash_out, delivery.state) == ("ready/1.dcm", "out", "sending")


def test_destinations_with_the_same_conversion_share_its_result(queue: Queue) -> None:
    queue.add(received(), [("a", RLE), ("b", RLE), ("c", RLE.replace("rle", "jpeg-ls"))])
    jobs = queue.conversions(10)
    assert len(jobs) == 2
    queue.converted(jobs[0], output(jobs[0]))
    assert [len(queue.claim(name, 10)) for name in "abc"] == [1, 1, 0]


def test_an_instance_closes_after_its_last_destination(queue: Queue) -> None:
    queue.add(received(), [("a", ""), ("b", "")])
    (first,), (second,) = queue.claim("a", 10), queue.claim("b", 10)
    assert not queue.delivered(first, Ending("0000"))
    assert is_needed(queue, "received/1.dcm")
    assert queue.delivered(second, Ending("0111", "duplicate"))
    assert not is_needed(queue, "received/1.dcm")
    assert queue.size() == (0, 0)
    assert states(queue) == [("a", "delivered"), ("b", "delivered")]
    assert [one.status for one in listed(queue, Selection())] == ["0000", "0111"]


def test_the_same_instance_twice_is_two_rows(queue: Queue) -> None:
    for number in (1, 2):
        queue.add(received(number, "1.2.3"), [("a", "")])
    assert [one.file for one in queue.claim("a", 10)] == ["received/1.dcm", "received/2.dcm"]


def test_a_failure_waits_as_the_schedule_says_and_then_is_dead(queue: Queue, clock: Clock) -> None:
    queue.add(received(), [("a", ""), ("b", "")])
    for attempt in (1, 2, 3):
        claimed = queue.claim("a", 10)
        assert [one.attempts for one in claimed] == [attempt]
        queue.failed(claimed, Ending("A700", "out of resources"), after_a_minute)
        assert queue.claim("a", 10) == []
        clock.time += 60
    assert states(queue) == [("a", "dead"), ("b", "waiting")]
    (dead,) = listed(queue, Selection(states=("dead",)))
    assert (dead.status, dead.reason) == ("A700", "out of resources")
    assert is_needed(queue, "received/1.dcm")
    found = counters.read(queue.base)
    assert (found["failed", "a"], found["dead", "a"], found["failed", "b"]) == (3, 1, 0)


def test_a_destination_that_answers_gets_what_waited_for_it(queue: Queue) -> None:
    for number in (1, 2):
        queue.add(received(number), [("a", "")])
    claimed = queue.claim("a", 10)
    queue.failed(claimed[:1], Ending("", "refused"), after_a_minute)
    queue.failed(claimed[1:], Ending("A700", "full"), after_a_minute)
    queue.wake("a")
    assert [one.id for one in queue.claim("a", 10)] == [1]


def test_a_conversion_that_fails_is_dead_for_its_destinations_only(queue: Queue) -> None:
    queue.add(received(), [("a", RLE), ("b", ""), ("c", RLE)])
    (job,) = queue.conversions(10)
    queue.not_converted(job, "damaged", again_after=None)
    assert states(queue) == [("a", "dead"), ("b", "waiting"), ("c", "dead")]
    assert queue.conversions(10) == []


def test_a_conversion_can_wait_for_space(queue: Queue, clock: Clock) -> None:
    queue.add(received(), [("a", RLE)])
    (job,) = queue.conversions(10)
    queue.not_converted(job, "disk full", again_after=30)
    assert queue.conversions(10) == []
    clock.time += 30
    assert queue.conversions(10) == [job]


def test_recovery_puts_back_what_a_killed_run_was_doing(queue: Queue) -> None:
    queue.add(received(), [("a", ""), ("b", RLE)])
    queue.claim("a", 10)
    queue.conversions(10)
    assert queue.recover("b") == 0
    assert queue.recover("a") == 1
    queue.recover_conversions()
    assert states(queue) == [("a", "waiting"), ("b", "waiting")]
    assert len(queue.claim("a", 10)) == len(queue.conversions(10)) == 1


def test_released_deliveries_count_no_attempt(queue: Queue) -> None:
    queue.add(received(), [("a", "")])
    queue.release(queue.claim("a", 10))
    assert [one.attempts for one in queue.claim("a", 10)] == [1]


def test_retry_revives_the_dead_and_drop_ends_them(queue: Queue) -> None:
    for number in (1, 2, 3):
        queue.add(received(number), [("a", ""), ("b", "")])
    queue.failed(queue.claim("a", 2), Ending("0110", "no"), never)
    assert retried(queue, Selection(states=("dead",), ids=(1,))) == 1
    assert [one.state for one in listed(queue, Selection(destination="a"))] == [
        *("waiting", "dead", "waiting"),
    ]
    assert dropped(queue, Selection(destination="a", states=("dead",))) == (1, [])
    assert dropped(queue, Selection(destination="b", sop_instance_uid="1.2.3.2")) == (1, [2])
    assert queue.size() == (2, 200)


@pytest.mark.parametrize("change", [retried, dropped])
def test_what_is_being_sent_or_has_ended_is_not_changed(queue: Queue, change: object) -> None:
    assert callable(change)
    for number in (1, 2):
        queue.add(received(number), [("a", "")])
    first, _ = queue.claim("a", 2)
    queue.delivered(first, Ending("0000"))
    before = states(queue)
    assert change(queue, Selection()) in (0, (0, []))
    assert change(queue, Selection(states=("sending",))) in (0, (0, []))
    assert states(queue) == before


def test_a_result_that_nobody_needs_is_told(queue: Queue) -> None:
    queue.add(received(), [("a", RLE)])
    (job,) = queue.conversions(1)
    dropped(queue, Selection())
    assert not queue.converted(job, output(job))


def _add_until_killed(path: str, ready: str) -> None:
    with open_queue(path) as queue, open(ready, "a") as told:
        for number in range(1, 10_000):
            queue.add(received(number), [("a", ""), ("b", RLE)])
            told.write(f"{number}\n")
            told.flush()


@pytest.mark.parametrize("after", sampled([1, 5, 20], 3))
def test_what_was_added_before_a_kill_is_there(tmp_path: Path, after: int) -> None:
    path, told = str(tmp_path / "queue.sqlite"), tmp_path / "told"
    told.touch()
    process = multiprocessing.get_context("spawn").Process(
        target=_add_until_killed, args=(path, str(told))
    )
    process.start()
    assert process.pid
    while len(told.read_text().splitlines()) < after:
        assert process.is_alive()
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    acknowledged = len(told.read_text().splitlines())
    with open_queue(path) as queue:
        rows = list(listed(queue, Selection()))
        assert acknowledged * 2 <= len(rows) <= (acknowledged + 1) * 2
        assert len(rows) % 2 == 0
        assert queue.size() == (len(rows) / 2, len(rows) / 2 * 100)


def test_a_delivery_prints_all_but_the_names_of_its_files(queue: Queue) -> None:
    queue.add(received(), [("a", "")])
    (delivery,) = queue.claim("a", 1)
    assert set(delivery.as_json()) == set(Delivery._fields) - {*("file", "output", "conversion")}


def test_the_audit_keeps_what_has_not_ended(queue: Queue, clock: Clock) -> None:
    for number in (1, 2, 3):
        queue.add(received(number), [("a", "")])
    first, second = queue.claim("a", 2)
    queue.delivered(first, Ending("0000"))
    clock.time += 100
    queue.delivered(second, Ending("0000"))
    clock.time += 50
    prune(queue, 100)
    assert [one.instance for one in listed(queue, Selection())] == [2, 3]


def test_a_file_that_is_not_a_queue_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    path.write_bytes(b"no database, but long enough to look like one" * 10)
    path.chmod(0o600)
    with (
        pytest.raises(DestinationError, match=r"queue\.sqlite cannot be used"),
        open_queue(str(path)),
    ):
        pass


def test_a_queue_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    with open_queue(str(path)):
        pass
    with sqlite3.connect(path) as base:
        base.execute("PRAGMA user_version = 7")
    with pytest.raises(DestinationError, match="version 7, not 1"), open_queue(str(path)):
        pass


def test_a_folder_without_a_queue_is_not_a_spool(tmp_path: Path) -> None:
    path = str(tmp_path / "queue.sqlite")
    with pytest.raises(DestinationError, match="is not a spool"), open_queue(path, make=False):
        pass
    assert not os.path.exists(path)
