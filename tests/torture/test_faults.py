"""Each system call that concerns the files of a run fails once: no output is partial or untrue."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

from dicomtx.workflows.batch.journal import START
from tests.torture.workloads import WORKLOADS, Round, commands

SHORT = 0
KINDS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC, "short": SHORT}
SHORTENED = ("write", "writev", "pwrite", "pwrite64", "read", "pread", "pread64", "copy_file_range")
FILLS = ("create", "mkdir", "link", "rename", "fsync", "fdatasync", "ftruncate", "ftruncate64")
SOURCE, FAILED, DESTINATION = 3, 1, 7


def concerned(call: str, kind: int) -> bool:
    """Whether a call can fail like that."""
    if kind == errno.EIO:
        return True
    return call in SHORTENED if kind == SHORT else call in FILLS or "write" in call


def true_codes(kind: str, path: str) -> set[int]:
    """Returns the exit codes that tell of a call that failed on this path; 0 is for no harm."""
    name = os.path.basename(path)
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
@pytest.mark.parametrize("fault", KINDS)
@pytest.mark.parametrize("kind", ["convert", "in place", "batch"])
def test_a_system_call_that_fails_leaves_no_partial_output(
    tmp_path: Path, library: str, kind: str, fault: str
) -> None:
    state, log = tmp_path / "state", tmp_path / "log"
    wrong: dict[str, object] = {}
    with commands(library) as command:
        this = Round(WORKLOADS[kind], tmp_path / "at", command)
        env = {"FAULT_UNDER": str(this.at), "FAULT_STATE": str(state), "FAULT_LOG": str(log)}

        def run(number: int) -> int:
            this.reset()
            state.write_bytes(bytes(8))
            log.write_bytes(b"")
            told = {"FAULT_AT": str(number), "FAULT_KIND": str(KINDS[fault])}
            return command.run(this.arguments, this.out, **env, **told)

        assert run(0) == 0
        calls = [line.split(" ", 1) for line in log.read_text().splitlines()]
        assert {"create", "pread64", "fsync"} <= {call for call, _ in calls}
        for number, (call, path) in enumerate(calls, 1):
            if not concerned(call, KINDS[fault]):
                continue
            code = run(number)
            found: dict[str, str] = this.wrong()
            if code not in true_codes(kind, path) and (code != 0 or this.unfinished()):
                found["exit code"] = f"{code}: {this.out.read_text()[-400:]}"
            if found := found | this.rerun():
                wrong[f"{number} {call} {path}"] = found
    assert not wrong, "\n".join(f"{at}: {found}" for at, found in wrong.items())
