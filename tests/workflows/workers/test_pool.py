"""Many files on many processes, whatever becomes of these."""

import os
import pickle
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dicomtx.errors import DestinationError, ExitCode
from dicomtx.resources import AT_REST
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.outcomes import hash_of
from dicomtx.workflows.convert.request import FileRules, Outcome, Request
from dicomtx.workflows.workers.pool import LARGE, ProcessPool
from dicomtx.workflows.workers.process import Process
from tests import file_trees, plugins
from tests.converter import grey

MOODY = Settings(codecs=("moody",))


@pytest.fixture
def moody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins.install(plugins.FAULT_CODECS, tmp_path / "site", monkeypatch)


def requests(
    folder: Path, firsts: list[int], settings: Settings | None = None
) -> Iterator[Request]:
    """Yields requests for as many files; a fault codec's streams are samples."""
    to = "EncapsulatedUncompressedExplicitVRLittleEndian" if settings else "rle"
    file_trees.make(folder / "in", firsts)
    for number in range(len(firsts)):
        source = folder / "in" / f"{number // 10}" / f"{number:05}.dcm"
        out = folder / f"out{number}.dcm"
        yield Request(LocalFile(str(source)), str(out), find(to), settings=settings or Settings())


def results(asked: Iterator[Request], *limits: float) -> dict[str, Outcome]:
    found = list(ProcessPool(*limits).run(asked))  # type: ignore[arg-type]
    assert all(request.destination == outcome.destination for request, outcome in found)
    return {Path(outcome.path).stem: outcome for _, outcome in found}


def test_every_file_comes_out_as_it_does_alone(tmp_path: Path) -> None:
    found = results(requests(tmp_path, [0] * 12), 3)
    assert [o.status for o in found.values()] == ["done"] * 12
    for request in requests(tmp_path, [0] * 12):
        alone = str(tmp_path / "alone.dcm")
        convert(Request(request.source, alone, request.target, overwrite=True))
        assert Path(request.destination).read_bytes() == Path(alone).read_bytes()


def test_no_more_is_taken_than_is_worked_on(tmp_path: Path) -> None:
    taken = []

    def asked() -> Iterator[Request]:
        for request in requests(tmp_path, [0] * 20):
            taken.append(request)
            yield request

    for number, _ in enumerate(ProcessPool(2).run(asked()), start=1):
        assert len(taken) <= number + 3


@pytest.mark.parametrize(
    ("files", "size", "threads"),
    [
        (1, 0, [4]),
        (2, 0, [2, 2]),
        (3, 0, [1, 1, 1]),
        (2, LARGE, [2, 4]),
        (6, LARGE, [1, 1, 1, 1, 1, 4]),
        (6, LARGE - 1, [1, 1, 1, 1, 1, 1]),
    ],
)
def test_the_last_files_share_the_cpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int, size: int, threads: list[int]
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    given = []
    give = Process.give

    def noted(process: Process, message: bytes) -> None:
        given.append(pickle.loads(message)[0].settings.threads)
        give(process, message)

    monkeypatch.setattr(Process, "give", noted)
    asked = (request._replace(size=size) for request in requests(tmp_path, [0] * files))
    assert len(results(asked, 4)) == files
    assert given == threads


def test_a_process_that_is_killed_is_replaced_and_its_file_is_retried_once_alone(
    tmp_path: Path, moody: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOODY_ONCE", str(tmp_path / "once"))
    working: dict[int, str] = {}
    log: list[list[str]] = []
    give, hear = Process.give, Process.hear

    def given(process: Process, message: bytes) -> None:
        working[process.pid] = Path(pickle.loads(message)[0].source.path).stem
        log.append(sorted(working.values()))
        give(process, message)

    def heard(process: Process) -> object:
        working.pop(process.pid)
        return hear(process)

    monkeypatch.setattr(Process, "give", given)
    monkeypatch.setattr(Process, "hear", heard)
    found = results(requests(tmp_path, [0, 251, 0, 0, 0], settings=MOODY), 2)
    assert [o.status for o in found.values()] == ["done"] * 5
    assert (tmp_path / "once").exists()
    assert [names for names in log if "00001" in names][-1] == ["00001"]


def test_a_file_that_kills_twice_has_failed_and_the_signal_is_named(
    tmp_path: Path, moody: None
) -> None:
    found = results(requests(tmp_path, [0, 251, 0, 0], settings=MOODY), 2)
    bad = found.pop("00001")
    assert [o.status for o in found.values()] == ["done"] * 3
    assert (bad.status, bad.exit_code) == ("failed", ExitCode.CODEC)
    assert "was killed (SIGKILL), possibly out of memory, twice" in bad.error
    assert not file_trees.part_files(tmp_path)


def test_a_file_that_takes_too_long_is_given_up(
    tmp_path: Path, moody: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, late = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock() + late[0])
    running = ProcessPool(2, 0, 100).run(requests(tmp_path, [254, 0, 0, 0], settings=MOODY))
    assert [next(running)[1].status for _ in range(3)] == ["done"] * 3
    late[0] = 1000
    ((_, bad),) = running
    assert bad.error == "took more than 100 s (--file-timeout)"
    assert not file_trees.part_files(tmp_path)


def test_a_file_is_not_late_if_only_the_reader_of_the_results_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, late = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock() + late[0])
    running = ProcessPool(2, 0, 60).run(requests(tmp_path, [0] * 4))
    found = [next(running)]
    _until(lambda: len(list(tmp_path.glob("out*"))) == 3)  # both processes have ended their files
    time.sleep(0.1)  # from its file to its message
    late[0] = 1000
    found += running
    assert [outcome.status for _, outcome in found] == ["done"] * 4


def test_what_is_closed_before_the_end_leaves_no_part_file(tmp_path: Path, moody: None) -> None:
    running = ProcessPool(2).run(requests(tmp_path, [0] + [250] * 20, settings=MOODY))
    next(running)
    running.close()
    assert not file_trees.part_files(tmp_path)
    assert len(list(tmp_path.glob("out*"))) < 20


def test_workers_end_when_their_parent_is_killed(tmp_path: Path, moody: None) -> None:
    asked = list(requests(tmp_path, [254], settings=MOODY))
    child = os.fork()
    if not child:
        try:
            list(ProcessPool(1).run(iter(asked)))
        finally:
            os._exit(0)
    family: list[int] = []
    try:
        _until(lambda: len(_children(child)) == 3)
        family = _children(child)  # the server, the worker, and the process of the codec that hangs
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    _until(lambda: not any(map(_lives, family[:2])))


@pytest.mark.long
def test_large_files_wait_until_there_is_memory(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"large{number}.dcm").write_bytes(grey(3000, 3000))
    asked = [
        Request(LocalFile(str(path)), f"{path}.out", find("rle"))
        for path in sorted(tmp_path.glob("large*"))
    ]
    threads = threading.active_count()
    found = list(ProcessPool(2, 2 * AT_REST).run(iter(asked)))
    assert [outcome.status for _, outcome in found] == ["done", "done"]
    assert threading.active_count() == threads


@pytest.mark.long
def test_two_that_need_more_than_their_share_are_never_worked_on_at_once(
    tmp_path: Path, moody: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOODY_ALONE", str(tmp_path / "alone"))
    found = results(requests(tmp_path, [249] * 6, settings=MOODY), 2, 2 * AT_REST)
    assert [(o.status, o.error) for o in found.values()] == [("done", "")] * 6


def test_only_a_file_that_was_written_has_a_hash_and_the_times_of_its_source(
    tmp_path: Path,
) -> None:
    plain, asked_for, failing = requests(tmp_path, [0] * 3)
    for request in (plain, asked_for):
        os.utime(request.source.path, ns=(1_000_000_000, 2_000_000_000))
    Path(failing.source.path).write_bytes(b"not DICOM")
    rules = FileRules(hashed=True, preserve=True, icon=True)
    asked = [plain, *(request._replace(rules=rules) for request in (asked_for, failing))]
    found = {o.destination: o for _, o in ProcessPool().run(iter(asked))}
    assert [found[r.destination].status for r in asked] == ["done", "done", "failed"]
    right = hash_of(asked_for.destination)
    assert [found[r.destination].output_hash for r in asked] == ["", right, ""]
    assert found[failing.destination].warnings == ()
    assert os.stat(plain.destination).st_mtime_ns != 2_000_000_000
    assert os.stat(asked_for.destination).st_mtime_ns == 2_000_000_000


def test_a_process_that_ends_before_it_gets_its_file_has_lost_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give = Process.give

    def late(process: Process, message: bytes) -> None:
        os.kill(process.pid, signal.SIGKILL)
        _until(lambda: not _lives(process.pid))
        give(process, message)

    monkeypatch.setattr(Process, "give", late)
    found = results(requests(tmp_path, [0] * 2), 2)
    told = "its worker process was killed (SIGKILL), possibly out of memory, twice"
    assert [o.error for o in found.values()] == [told] * 2


def test_if_the_server_of_the_workers_is_killed_their_files_are_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    give = Process.give

    def given(process: Process, message: bytes) -> None:
        give(process, message)
        if not killed:
            killed.append(_parent(process.pid))
            os.kill(killed[0], signal.SIGKILL)

    monkeypatch.setattr(Process, "give", given)
    found = results(requests(tmp_path, [0] * 6), 2)
    assert [o.status for o in found.values()] == ["done"] * 6
    assert not file_trees.part_files(tmp_path)


def test_bugs_in_a_file_are_told_and_the_others_go_on(tmp_path: Path) -> None:
    asked = list(requests(tmp_path, [0, 0]))
    broken = asked[0]._replace(policy="no policy")  # type: ignore[arg-type]
    found = [outcome for _, outcome in ProcessPool(1).run(iter([broken, asked[1]]))]
    assert [o.exit_code for o in found] == [ExitCode.BUG, ExitCode.DONE]
    assert "this is a bug in dicomtx: AttributeError" in found[0].error


def test_the_smallest_of_several_results_is_taken(tmp_path: Path) -> None:
    source = tmp_path / "in.dcm"
    source.write_bytes(grey(64, 64))
    targets = tuple(map(find, ("rle", "jpeg-ls-lossless", "deflated")))
    sizes = {}
    for target in targets:
        done = convert(Request(LocalFile(str(source)), str(tmp_path / target.name), target))
        sizes[target.uid] = done.bytes_out
    rules = FileRules(best_of=targets)
    out = tmp_path / "out.dcm"
    asked = iter([Request(LocalFile(str(source)), str(out), rules=rules)])
    ((_, outcome),) = ProcessPool(1).run(asked)
    assert outcome.target_syntax == min(sizes, key=lambda uid: sizes[uid])
    assert outcome.bytes_out == out.stat().st_size == min(sizes.values())
    assert not file_trees.part_files(tmp_path)


def _until(true: Callable[[], object]) -> None:
    for _ in range(200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def _children(parent: int) -> list[int]:
    path = Path(f"/proc/{parent}/task/{parent}/children")
    workers = [int(pid) for pid in path.read_text().split()]
    inner = [pid for worker in workers for pid in _children(worker)]
    return workers + inner


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_with_room_for_fewer_processes_there_are_fewer(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    asked = requests(tmp_path, [0] * 30)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptor + 20, before[1]))
    try:
        found = results(asked, 30)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert [o.status for o in found.values()] == ["done"] * 30


def test_with_room_for_no_process_at_all_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = requests(tmp_path, [0] * 2)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(DestinationError, match="cannot start a worker process: no such file"):
        results(asked, 2)


def test_workers_that_cannot_run_at_all_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = requests(tmp_path, [0] * 2)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    told = r"cannot start a worker process: it ended unexpectedly \(exit code 1\)"
    with pytest.raises(DestinationError, match=told):
        results(asked, 2)
