"""A plugin that misbehaves costs one attempt, with its reason, and never the main process."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomtx.codecs.codec import EncodeOptions
from dicomtx.codecs.isolation.child import Child
from dicomtx.codecs.isolation.worker_group import Isolated
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame
from dicomtx.processes.child_process import ChildProcess
from dicomtx.transfer_syntaxes import find
from tests import plugins
from tests.dicom import builder

SYNTAX = find("encapsulated-uncompressed")
IMAGE = builder.image(4, 4)
GOOD = bytes(range(16))
BAD = b"\xff" * 16
FAULTS = {
    "aborts": "aborts crashed (SIGABRT): what(): bad stream",
    "bursts": "bursts raised MemoryError:",
    "exits": "exits ended unexpectedly (exit code 3)",
    "hangs": "hangs took more than 1 s for a frame",
    "raises": "raises raised ValueError: no such table [31m at all",
    "segfaults": "segfaults crashed (SIGSEGV)",
    "starved": "starved was killed (SIGKILL), possibly out of memory",
}


@pytest.fixture(autouse=True)
def _fault_codecs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins.install(plugins.FAULT_CODECS, tmp_path / "site", monkeypatch)
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # buffers are to be our business


class Opened:
    """Codecs of the fault package, by name, each in its process."""

    def __init__(self) -> None:
        self.children: list[Child] = []

    def __call__(self, name: str, timeout: float = 30.0) -> Isolated:
        self.children.append(Child(name, timeout))
        return Isolated(self.children[-1], f"fault_codecs.{name}")


@pytest.fixture
def opened() -> Iterator[Opened]:
    codecs = Opened()
    yield codecs
    for child in codecs.children:
        child.close()


def process_of(child: Child) -> ChildProcess:
    assert child._process
    return child._process


def is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_costs_one_attempt_with_its_reason(name: str, opened: Opened) -> None:
    codec = opened(name, 1.0 if name == "hangs" else 30.0)
    with pytest.raises(CodecError) as caught:
        codec.decode(BAD, SYNTAX, IMAGE)
    assert str(caught.value) == FAULTS[name]
    assert codec.decode(GOOD, SYNTAX, IMAGE) == Frame(bytearray(GOOD), IMAGE)
    with pytest.raises(CodecError):
        codec.encode(Frame(BAD, IMAGE), SYNTAX, EncodeOptions())
    assert codec.encode(Frame(GOOD, IMAGE), SYNTAX, EncodeOptions()) == GOOD


def test_what_a_codec_says_itself_is_the_reason(opened: Opened) -> None:
    with pytest.raises(CodecError, match=r"^13 bits are too many$"):
        opened("refuses").decode(GOOD, SYNTAX, IMAGE)


def test_a_module_that_is_not_there_is_the_reason(opened: Opened) -> None:
    with pytest.raises(CodecError, match="absent raised ModuleNotFoundError: No module named"):
        opened("absent").decode(GOOD, SYNTAX, IMAGE)


def test_one_process_serves_all_frames_and_ends_when_closed(opened: Opened) -> None:
    codec = opened("sound")
    codec.decode(GOOD, SYNTAX, IMAGE)
    pid = process_of(opened.children[0]).pid
    codec.decode(GOOD, SYNTAX, IMAGE)
    assert process_of(opened.children[0]).pid == pid
    assert pid != os.getpid()
    opened.children[0].close()
    assert not is_alive(pid)


def test_the_codec_is_never_imported_here(opened: Opened) -> None:
    opened("sound").decode(GOOD, SYNTAX, IMAGE)
    assert not [name for name in sys.modules if name.startswith("fault_codecs")]


def test_what_is_printed_is_kept_and_breaks_nothing(
    opened: Opened, capfd: pytest.CaptureFixture[str]
) -> None:
    codec = opened("prints")
    for _ in range(3):
        assert codec.decode(GOOD, SYNTAX, IMAGE).data == GOOD
    assert sorted(opened.children[0].printed()) == [
        "by C, which buffers",
        "by descriptor 1",
        "by descriptor 2",
        "by print",
        "by stderr",
    ]
    assert opened.children[0].printed() == []
    assert capfd.readouterr() == ("", "")


def test_what_is_printed_before_a_crash_is_kept(opened: Opened) -> None:
    with pytest.raises(CodecError):
        opened("aborts").decode(BAD, SYNTAX, IMAGE)
    assert opened.children[0].printed() == ["terminate called", "what(): bad stream"]


def test_a_frame_of_64_megabytes_passes(opened: Opened) -> None:
    image = IMAGE._replace(rows=8192, columns=8192)
    data = bytes(range(256)) * (1 << 18)
    codec = opened("sound")
    assert codec.decode(data, SYNTAX, image).data == data
    assert codec.encode(Frame(memoryview(data), image), SYNTAX, EncodeOptions()) == data


def test_a_time_out_holds_while_a_question_is_written(opened: Opened) -> None:
    codec = opened("sound", 1.0)
    codec.decode(GOOD, SYNTAX, IMAGE)
    os.kill(process_of(opened.children[0]).pid, signal.SIGSTOP)
    with pytest.raises(CodecError, match="took more than 1 s"):
        codec.decode(GOOD * 1_000_000, SYNTAX, IMAGE)
    assert codec.decode(GOOD, SYNTAX, IMAGE).data == GOOD


def test_threads_take_turns(opened: Opened) -> None:
    codec = opened("sound")
    wrong: list[int] = []

    def work(number: int) -> None:
        stream = bytes([number]) * 16
        if any(codec.decode(stream, SYNTAX, IMAGE).data != stream for _ in range(50)):
            wrong.append(number)

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_interrupt_leaves_no_stale_answer(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(pipe: int, deadline: float) -> None:
        raise KeyboardInterrupt

    codec = opened("sound")
    codec.decode(GOOD, SYNTAX, IMAGE)
    with monkeypatch.context() as patch:
        patch.setattr("dicomtx.processes.child_process.receive", interrupt)
        with pytest.raises(KeyboardInterrupt):
            codec.decode(BAD, SYNTAX, IMAGE)
    assert codec.decode(GOOD, SYNTAX, IMAGE).data == GOOD


def test_an_answer_cannot_make_the_parent_run_code(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = b"cos\nsystem\n(S'true'\ntR."  # pickle for os.system("true")
    codec = opened("sound")
    with monkeypatch.context() as patch:
        patch.setattr(
            "dicomtx.processes.child_process.receive", lambda *_: (bytearray(evil), bytearray())
        )
        with pytest.raises(CodecError, match=r"os\.system is not allowed"):
            codec.decode(GOOD, SYNTAX, IMAGE)
    assert codec.decode(GOOD, SYNTAX, IMAGE).data == GOOD


def test_the_process_ends_when_its_parent_is_killed() -> None:
    program = """
import os, signal
from tests.codecs.isolation.test_worker_group import GOOD, IMAGE, SYNTAX
from dicomtx.codecs.isolation.child import Child
from dicomtx.processes.child_process import ChildProcess
from dicomtx.codecs.isolation.worker_group import Isolated
child = Child("sound", 30.0)
Isolated(child, "fault_codecs.sound").decode(GOOD, SYNTAX, IMAGE)
print(child._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    pid = int(done.stdout)
    deadline = time.monotonic() + 20
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(pid)


def test_modules_of_the_working_directory_are_not_imported(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pkgutil.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    assert opened("sound").decode(GOOD, SYNTAX, IMAGE).data == GOOD


def test_a_program_that_cannot_be_started_is_the_reason(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(CodecError, match="sound could not be started: "):
        opened("sound").decode(GOOD, SYNTAX, IMAGE)
