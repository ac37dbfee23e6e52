"""Each system call that concerns the files of a run fails once: no output is partial or untrue.

``make torture`` makes all of them fail. With ROUNDS below 200, as many are chosen of each kind,
evenly over the run and always the same numbers.
"""

import errno
import os
import signal
import subprocess
from itertools import product
from pathlib import Path

import pytest

from dicomtx.workflows.batch.journal import START
from tests.torture.workloads import ROUNDS, WORKLOADS, Round, commands

SHORT, KILLED = 0, -signal.SIGKILL
KINDS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC, "short": SHORT, "killed": KILLED}
CASES = [
    *product(["convert", "in place", "batch"], KINDS),
    ("batch in place", "killed"),
]
SHORTENED = ("write", "writev", "pwrite", "pwrite64", "read", "pread", "pread64", "copy_file_range")
FILLS = ("create", "mkdir", "link", "rename", "fsync", "fdatasync", "ftruncate", "ftruncate64")
SOURCE, FAILED, DESTINATION = 3, 1, 7
ALL = 200  # rounds


def concerned(call: str, kind: int) -> bool:
    """Whether a call can fail like that."""
    if kind in (errno.EIO, KILLED):
        return True
    return call in SHORTENED if kind == SHORT else call in FILLS or "write" in call


def chosen(numbers: list[int], kind: str) -> list[int]:
    """Returns which of these calls fail: all, or ROUNDS of them; kinds begin at different calls."""
    if ROUNDS >= ALL:
        return numbers
    every = max(1, len(numbers) // ROUNDS)
    return numbers[list(KINDS).index(kind) % every :: every][:ROUNDS]


def true_codes(kind: str, fault: str, path: str) -> set[int]:
    """Returns the exit codes that tell of a call that failed on this path; 0 is for no harm."""
    name = os.path.basename(path)
    if fault == "killed":  # a worker that is killed is replaced: 0
        return {KILLED}
    if kind == "batch":
        ours = name.startswith(START) or not name.endswith((".dcm", ".part"))
        return {FAILED, SOURCE, DESTINATION} if ours else {FAILED}
    if kind == "in place" and name == "0.dcm":  # source and destination
        return {SOURCE, DESTINATION}
    return {SOURCE} if path.endswith("in/0.dcm") else {DESTINATION}


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("fault") / "fault.so"
    source = Path(__file__).with_name("fault.c")
    command = ["cc", "-shared", "-fPIC", "-O1", "-w", "-o", str(path), str(source), "-ldl"]
    subprocess.run(command, check=True)
    return str(path)


@pytest.mark.long
@pytest.mark.peer("cc")
@pytest.mark.parametrize(("kind", "fault"), CASES)
def test_a_system_call_that_fails_leaves_no_partial_output(
    tmp_path: Path, library: str, kind: str, fault: str
) -> None:
    state, log = tmp_path / "state", tmp_path / "log"
    wrong: dict[str, object] = {}
    with commands(library) as command:
        this = Round(WORKLOADS[kind], tmp_path / "at", command)
        env = {"FAULT_UNDER": str(this.at), "FAULT_STATE": str(state), "FAULT_LOG": str(log)}

        def run(number: int) -> tuple[int, list[tuple[str, str]]]:
            this.reset()
            state.write_bytes(bytes(8))
            log.write_bytes(b"")
            told = {"FAULT_AT": str(number), "FAULT_KIND": str(KINDS[fault])}
            code = command.run(this.arguments, this.out, **env, **told)
            lines = (line.partition(" ") for line in log.read_text().splitlines())
            return code, [(call, path) for call, _, path in lines]

        code, calls = run(0)
        assert code == 0
        assert {"create", "pread64", "fsync"} <= {call for call, _ in calls}
        can = [n for n, (call, _) in enumerate(calls, 1) if concerned(call, KINDS[fault])]
        for number in chosen(can, fault):
            code, calls = run(number)
            # processes take turns: it may be another call than before, or none
            call, path = calls[number - 1] if number <= len(calls) else ("no call", "")
            found: dict[str, str] = this.wrong()
            if code not in true_codes(kind, fault, path) and (code != 0 or this.unfinished()):
                found["exit code"] = f"{code}: {this.out.read_text()[-400:]}"
            if found := found | this.rerun():
                wrong[f"{number} {call} {path}"] = found
    assert not wrong, "\n".join(f"{at}: {found}" for at, found in wrong.items())
