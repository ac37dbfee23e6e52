"""A converter transcodes what waits, once for all destinations that want the same."""

from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path

import pytest

from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.outcomes import hash_of
from dicomtx.workflows.convert.request import Request
from dicomtx.workflows.route.administration import Selection, dropped, listed
from dicomtx.workflows.route.converter import LATER, Converter
from dicomtx.workflows.route.queue import Queue, open_queue
from dicomtx.workflows.route.records import Delivery, Received
from dicomtx.workflows.route.routes import Conversion
from dicomtx.workflows.route.spool import Spool, held
from dicomtx.workflows.workers.executor import AfterDeath, Result
from dicomtx.workflows.workers.worker import outcome_of
from tests.route_buffer import instance_file

RLE = Conversion("rle-lossless").as_text()
EXPLICIT = find("explicit").uid


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(str(tmp_path / "spool"))
    with held(spool):
        yield spool


@pytest.fixture
def queue(spool: Spool) -> Iterator[Queue]:
    with open_queue(spool.database) as queue:
        yield queue


def add(spool: Spool, queue: Queue, targets: list[tuple[str, str]]) -> None:
    """Adds an instance of 12 bits."""
    path = instance_file(Path(spool.arriving), 1)
    titles = ("1.2.840.10008.5.1.4.1.1.7", "1.2.3.1", EXPLICIT, "A", "B", "host", "route 1")
    queue.add(Received(spool.take(str(path)), 5, "hash", *titles), targets)


class OnceIdle:
    """An ``Executor`` in this process, which ends its converter when nothing waits.

    Attributes:
        during: called after each conversion, before its outcome is recorded.
    """

    def __init__(self, converter: Converter, during: Callable[[], object]) -> None:
        self._converter = converter
        self._during = during

    def run(
        self,
        requests: Iterable[Request | None],
        after_death: AfterDeath = lambda request: request,
    ) -> Generator[Result, None, None]:
        for request in requests:
            if request is None:
                self._converter.stopping = True
                continue
            outcome = outcome_of(request, {}, lambda _memory: None, 0)
            self._during()
            yield request, outcome


def convert(
    spool: Spool, queue: Queue, during: Callable[[], object] = lambda: None
) -> list[Delivery]:
    """Converts what is due, and returns all deliveries."""
    converter = Converter(queue, spool, Settings())
    converter.run(OnceIdle(converter, during))
    return list(listed(queue, Selection()))


def test_the_result_and_its_hash_are_in_the_queue(spool: Spool, queue: Queue) -> None:
    add(spool, queue, [("a", RLE), ("b", RLE), ("c", "")])
    first, second, third = convert(spool, queue)
    assert first.output == second.output != ""
    assert third.output == ""
    assert (first.syntax_out, third.syntax_out) == (find("rle-lossless").uid, EXPLICIT)
    assert first.hash_out == hash_of(spool.path(first.output))
    assert first.verification == "independent"
    assert first.sop_instance_uid_out == "1.2.3.1"


def test_a_lossy_result_has_the_same_new_uid_for_all(spool: Spool, queue: Queue) -> None:
    lossy = Conversion("jpeg2000", (("ratio", 4),)).as_text()
    add(spool, queue, [("a", lossy), ("b", lossy)])
    first, second = convert(spool, queue)
    assert first.sop_instance_uid_out == second.sop_instance_uid_out != "1.2.3.1"


def test_what_cannot_be_transcoded_is_a_dead_letter(spool: Spool, queue: Queue) -> None:
    add(spool, queue, [("a", Conversion("jpeg-baseline", (("quality", 90),)).as_text()), ("b", "")])
    dead, other = convert(spool, queue)
    assert (dead.state, other.state) == ("dead", "waiting")
    assert "JPEG" in dead.reason


def test_or_it_is_sent_as_received_with_the_reason(spool: Spool, queue: Queue) -> None:
    conversion = Conversion("jpeg-baseline", (("quality", 90),), "keep-original")
    add(spool, queue, [("a", conversion.as_text())])
    (kept,) = convert(spool, queue)
    assert (kept.state, kept.syntax_out) == ("waiting", EXPLICIT)
    assert kept.reason


def test_a_spool_that_cannot_be_written_waits(spool: Spool, queue: Queue) -> None:
    add(spool, queue, [("a", RLE)])
    ready = Path(spool.path("ready"))
    ready.rmdir()
    (waiting,) = convert(spool, queue)
    assert waiting.state == "waiting"
    assert waiting.due > waiting.received + LATER - 1
    assert "ready" in waiting.reason


def test_a_result_that_was_dropped_meanwhile_is_removed(spool: Spool, queue: Queue) -> None:
    add(spool, queue, [("a", RLE)])
    (one,) = convert(spool, queue, during=lambda: dropped(queue, Selection()))
    assert (one.state, one.output) == ("dropped", "")
    assert list(Path(spool.folder, "ready").iterdir()) == []
