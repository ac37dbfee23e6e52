"""Processes of ours: how they end, what they print, and what they inherit."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dicomtx.processes.child_process import ChildProcess, ending_of, one_line

Start = Callable[[str], ChildProcess]
SERVE = """
from dicomtx.processes.child_process import take_descriptors
from dicomtx.processes.framing import receive, send
questions, answers = take_descriptors()
"""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a process that runs this program."""
    started: list[ChildProcess] = []
    monkeypatch.syspath_prepend(str(tmp_path))

    def start(program: str) -> ChildProcess:
        (tmp_path / "program_of_the_test.py").write_text(SERVE + program)
        started.append(ChildProcess("program_of_the_test", "one", environment={"GIVEN": "two"}))
        return started[-1]

    yield start
    for process in started:
        process.end()


def test_a_message_is_answered_whatever_is_printed(start: Start) -> None:
    process = start("""
head, body = receive(questions)
print("by print")
send(answers, head, memoryview(body[::-1]))
receive(questions)
""")
    process.send(b"head", b"body")
    assert tuple(map(bytes, process.receive())) == (b"head", b"ydob")
    assert process.take_printed() == ["by print"]
    assert process.take_printed() == []


def test_arguments_and_environment_arrive(start: Start) -> None:
    process = start("""
import os, sys
send(answers, sys.argv[1].encode(), memoryview(os.environ["GIVEN"].encode()))
""")
    assert tuple(map(bytes, process.receive())) == (b"one", b"two")


@pytest.mark.parametrize(
    ("program", "ending"),
    [
        ("raise SystemExit(3)", "ended unexpectedly (exit code 3)"),
        ("import os; os.abort()", "crashed (SIGABRT)"),
        ("import os; os.kill(0, 9)", "was killed (SIGKILL), possibly out of memory"),
    ],
)
def test_a_process_that_ends_says_how(start: Start, program: str, ending: str) -> None:
    process = start(f"import sys; sys.stderr.write('last words'); {program}")
    with pytest.raises(EOFError):
        process.receive()
    assert ending_of(process.end(20.0)) == ending
    assert process.take_printed() == ["last words"]


def test_a_process_that_hangs_is_killed_with_what_it_started(start: Start) -> None:
    process = start("""
import subprocess, time
inner = subprocess.Popen(["sleep", "1000"])
send(answers, str(inner.pid).encode(), memoryview(b""))
time.sleep(1000)
""")
    inner = int(process.receive()[0])
    assert process.end() == -signal.SIGKILL
    deadline = time.monotonic() + 20
    while is_alive(inner) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(inner)


def test_a_deadline_holds_for_both_directions(start: Start) -> None:
    process = start("import time; time.sleep(1000)")
    with pytest.raises(TimeoutError):
        process.receive(time.monotonic() + 0.1)
    with pytest.raises(TimeoutError):
        process.send(bytes(1 << 20), deadline=time.monotonic() + 0.1)


def test_a_process_that_cannot_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(FileNotFoundError):
        ChildProcess("program_of_the_test")


def test_printed_text_is_one_short_line() -> None:
    assert one_line("a\tb\x1b[31m\r\nc") == "a b [31m c"
    assert len(one_line("x" * 1000)) == 300


def is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
