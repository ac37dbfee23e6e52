"""When the time of a worker is over."""

import time
from collections.abc import Iterator

import pytest

from dicomtx.workflows.workers.process import Process
from dicomtx.workflows.workers.server import worker_server


@pytest.fixture
def process() -> Iterator[Process]:
    with worker_server() as server:
        started = Process(server)
        yield started
        started.end()


def test_a_worker_is_late_after_its_deadline(process: Process) -> None:
    assert not process.is_late()
    process.deadline = time.monotonic() - 1
    assert process.is_late()


def test_a_worker_that_waits_for_memory_is_not_late(process: Process) -> None:
    process.deadline, process.asks = time.monotonic() - 1, 1 << 20
    assert not process.is_late()
    process.grant()
    assert process.is_late()


def test_the_last_line_that_a_worker_printed_says_why_it_ended(process: Process) -> None:
    process.give(b"not a pickle")
    with pytest.raises(EOFError):
        process.hear()
    ending = process.ending()
    assert ending.startswith("ended unexpectedly (exit code 1) (")
    assert "UnpicklingError" in ending
