"""What a worker of a cluster does with a task, in this process."""

import threading
from pathlib import Path

import pytest

from dicomtx.resources import AT_REST
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.request import Outcome, Request
from dicomtx.workflows.workers import cluster_worker
from dicomtx.workflows.workers.cluster_worker import (
    LEAST,
    OWN_MEMORY,
    Death,
    Facts,
    Host,
    Task,
    problem_of,
    versions,
)
from dicomtx.workflows.workers.process import Process
from tests.converter import grey

RUN = "run"


def host(memory: int, threads: int = 2) -> Host:
    return Host(Facts("worker", {}, threads, memory, 0))


def task(folder: Path, count: int, data: bytes, number: int = 1, worker: str = "worker") -> Task:
    """Returns a task of files, which it writes."""
    requests = []
    for file in range(count):
        source = folder / f"in{number}-{file}.dcm"
        source.write_bytes(data)
        out = str(folder / f"out{number}-{file}.dcm")
        requests.append(Request(LocalFile(str(source)), out, find("rle")))
    return Task(number, RUN, worker, tuple(requests), 0.0)


def never() -> bool:
    return False


def test_a_task_for_a_worker_that_was_restarted_is_not_carried_out(tmp_path: Path) -> None:
    answer = host(1 << 30).carry_out(task(tmp_path, 1, grey(8, 8), worker="the one before"), never)
    assert answer.results is None
    assert not list(tmp_path.glob("out*"))


def test_a_task_ends_when_its_time_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_worker, "SECONDS", 0.0)
    answer = host(1 << 30, 1).carry_out(task(tmp_path, 3, grey(8, 8)), never)
    assert [type(result) for result in answer.results or ()] == [Outcome]
    assert [path.name for path in tmp_path.glob("out*")] == ["out1-0.dcm"]


def test_a_task_that_is_stopped_or_cancelled_converts_no_more(tmp_path: Path) -> None:
    place = host(1 << 30)
    assert place.carry_out(task(tmp_path, 1, grey(8, 8)), lambda: True).results == (
        Death("was stopped"),
    )
    place.stop(RUN)
    assert place.carry_out(task(tmp_path, 1, grey(8, 8)), never).results == (Death("was stopped"),)
    assert not list(tmp_path.glob("out*"))


def test_the_files_of_a_worker_never_have_more_memory_than_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_worker, "SECONDS", 1e9)
    data, granted = grey(1500, 1500), list[int]()
    memory = AT_REST + (60 << 20)
    place = host(OWN_MEMORY + memory)
    grant = Process.grant

    def noted(process: Process) -> None:
        others = [p for p in place._running if p is not process and not p.asks]
        taken = sum(max(place._share, other.granted) for other in others)
        granted.append(taken + process.asks if others else 0)
        grant(process)

    monkeypatch.setattr(Process, "grant", noted)
    answers = []
    threads = [
        threading.Thread(
            target=lambda n=n: answers.append(place.carry_out(task(tmp_path, 2, data, n), never))
        )
        for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcomes = [result for answer in answers for result in answer.results or ()]
    assert [o.status for o in outcomes if isinstance(o, Outcome)] == ["done"] * 6
    assert granted
    assert max(granted) <= memory


def test_a_worker_with_too_little_memory_or_other_versions_is_refused() -> None:
    good = Facts("worker", versions(), 2, LEAST, 0)
    assert problem_of("tcp://here", good) == ""
    small = problem_of("tcp://here", good._replace(memory=200 << 20))
    assert small == (
        "the worker tcp://here has 200 MiB of memory; it needs at least 288 MiB for dicomtx"
    )
    for name in ("dicomtx", "Python", "imagecodecs"):
        other = good._replace(versions=versions() | {name: "0"})
        assert problem_of("tcp://here", other).startswith(f"versions differ: {name} 0 on")
    plugin = good._replace(versions=versions() | {"plugin": "1"})
    assert "plugin 1 on the worker tcp://here, plugin is missing here" in problem_of(
        "tcp://here", plugin
    )
    assert "No module" in problem_of("tcp://here", ModuleNotFoundError("No module named 'dicomtx'"))
