"""Processes forked from a server: what they start with, and how they end."""

import ast
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dicomtx.processes.child_process import ending_of
from dicomtx.processes.fork_server import ForkedProcess, ForkServer

Serve = Callable[[str], ForkServer]
RUN = """
import os, sys, time
from dicomtx.processes.framing import receive, send

def run(questions, answers):
    head, body = receive(questions)
    def answer(text):
        send(answers, str(text).encode(), memoryview(body))
    exec(head)
"""
NAME = "program_of_the_test"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForkServer]:
    """A server whose children run the program in their first message."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / f"{NAME}.py").write_text(RUN)
    with ForkServer(NAME, "fractions", environment={"GIVEN": "one"}) as server:
        yield server


def child(server: ForkServer, program: str) -> ForkedProcess:
    process = ForkedProcess(server)
    process.send(program.encode(), b"body")
    return process


def test_children_answer_whatever_they_print(server: ForkServer) -> None:
    some = [child(server, f"print('by {n}'); answer({n})") for n in range(3)]
    assert [tuple(map(bytes, one.receive())) for one in some] == [
        (b"0", b"body"),
        (b"1", b"body"),
        (b"2", b"body"),
    ]
    assert [one.take_printed() for one in some] == [["by 0"], ["by 1"], ["by 2"]]
    assert [one.end(20.0) for one in some] == [0, 0, 0]


def test_children_start_with_the_modules_and_the_environment(server: ForkServer) -> None:
    process = child(server, "answer(('fractions' in sys.modules, os.environ['GIVEN']))")
    assert process.receive()[0] == b"(True, 'one')"
    process.end()


def test_modules_can_be_named_later_and_a_new_server_has_them_too(server: ForkServer) -> None:
    server.prepare("colorsys", "tabnanny")
    program = "answer((os.getppid(), {'colorsys', 'tabnanny'} <= set(sys.modules)))"
    first = child(server, program)
    pid, there = ast.literal_eval(first.receive()[0].decode())
    assert there
    os.kill(pid, signal.SIGKILL)
    until_it_is_gone(first.pid)
    server.prepare("fileinput")
    second = child(server, "answer({'colorsys', 'tabnanny', 'fileinput'} <= set(sys.modules))")
    assert second.receive()[0] == b"True"
    second.end()


def test_a_module_named_later_that_cannot_be_imported_is_an_error(server: ForkServer) -> None:
    server.prepare("no_such_module")
    with pytest.raises(OSError, match="No module named 'no_such_module'"):
        ForkedProcess(server)


@pytest.mark.parametrize(
    ("program", "ending"),
    [
        ("raise SystemExit(3)", "ended unexpectedly (exit code 3)"),
        ("os.abort()", "crashed (SIGABRT)"),
        ("os.kill(0, 9)", "was killed (SIGKILL), possibly out of memory"),
        ("1 / 0", "ended unexpectedly (exit code 1)"),
    ],
)
def test_a_child_that_ends_says_how(server: ForkServer, program: str, ending: str) -> None:
    process = child(server, f"sys.stderr.write('last words\\n'); {program}")
    with pytest.raises(EOFError):
        process.receive()
    assert ending_of(process.end(20.0)) == ending
    assert process.take_printed()[0] == "last words"


def test_a_child_that_hangs_is_killed_with_what_it_started(server: ForkServer) -> None:
    program = """
import subprocess
answer(subprocess.Popen(["sleep", "1000"]).pid)
time.sleep(1000)
"""
    process = child(server, program)
    inner = int(process.receive()[0])
    assert process.end() == -signal.SIGKILL
    until_it_is_gone(inner)


def test_each_child_has_only_its_own_pipes(server: ForkServer) -> None:
    program = "answer(len(os.listdir('/proc/self/fd')))"
    some = [child(server, program) for _ in range(3)]
    assert len({bytes(one.receive()[0]) for one in some}) == 1
    for one in some:
        one.end()


def test_children_end_with_the_server(server: ForkServer) -> None:
    process = child(server, "answer('ready'); time.sleep(1000)")
    process.receive()
    server.close()
    until_it_is_gone(process.pid)
    assert process.end() == -signal.SIGKILL


def test_a_server_that_was_killed_starts_again(server: ForkServer) -> None:
    first = child(server, "answer(os.getppid()); time.sleep(1000)")
    os.kill(int(first.receive()[0]), signal.SIGKILL)
    until_it_is_gone(first.pid)
    second = child(server, "answer('ready')")
    assert second.receive()[0] == b"ready"
    assert first.end() == -signal.SIGKILL
    assert second.end(20.0) == 0


def test_a_module_that_cannot_be_imported_is_an_error() -> None:
    with (
        ForkServer("no_such_module") as server,
        pytest.raises(OSError, match=r"it ended unexpectedly .* No module named 'no_such_module'"),
    ):
        ForkedProcess(server)


def test_a_server_that_cannot_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(FileNotFoundError):
        ForkServer(NAME)


def until_it_is_gone(pid: int) -> None:
    deadline = time.monotonic() + 60
    while is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
