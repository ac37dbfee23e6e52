"""Signals that come when the last thing is written."""

import os
import signal
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import FrameType

import pytest

from dicomtx.deferred_signals import after_imports, undisturbed
from dicomtx.storage import part_files
from dicomtx.workflows.reports.writers import Report, open_report


@pytest.fixture(autouse=True)
def termination() -> Iterator[None]:
    """Turns SIGTERM into an exception, as the command line does."""

    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(143)

    before = signal.signal(signal.SIGTERM, terminate)
    yield
    signal.signal(signal.SIGTERM, before)


def test_a_signal_waits_until_the_block_is_left() -> None:
    reached = []

    def work(*signals: int) -> None:
        with undisturbed():
            for number in signals:
                os.kill(os.getpid(), number)
            reached.append("the end")

    with pytest.raises(SystemExit):
        work(signal.SIGTERM, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        work(signal.SIGINT)
    assert len(reached) == 2


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.html"])
def test_a_report_that_is_being_written_is_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = Report.finish

    def disturbed(report: Report) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        finish(report)

    monkeypatch.setattr(Report, "finish", disturbed)
    with pytest.raises(SystemExit), open_report(str(tmp_path / name)):
        pass
    assert (tmp_path / name).stat().st_size
    assert os.listdir(tmp_path) == [name]


def _left(folder: Path) -> list[str]:
    """Returns what is left when SIGINT arrives while a part file is open or being opened."""
    with (
        pytest.raises(KeyboardInterrupt),
        part_files.closing(lambda: part_files.create(str(folder / "out.dcm"), 0o600)),
    ):
        pass
    return os.listdir(folder)


def test_a_signal_while_a_part_file_is_created_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = os.open

    def disturbed(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        fd = right(path, flags, mode, dir_fd=dir_fd)
        os.kill(os.getpid(), signal.SIGINT)
        return fd

    monkeypatch.setattr(os, "open", disturbed)
    assert _left(tmp_path) == []


def test_a_signal_while_a_part_file_is_closed_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = part_files.PartFile.close

    def disturbed(part: part_files.PartFile) -> None:
        monkeypatch.setattr(part_files.PartFile, "close", right)
        os.kill(os.getpid(), signal.SIGINT)
        part.close()

    monkeypatch.setattr(part_files.PartFile, "close", disturbed)
    assert _left(tmp_path) == []


def test_a_handler_that_is_not_from_python_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "getsignal", lambda _number: None)
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with undisturbed():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.signal(signal.SIGTERM, before) == signal.SIG_IGN


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_until_a_module_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    name = f"disturbed_{number}"
    lines = f"import os, time\nos.kill(os.getpid(), {number})\ntime.sleep(0.05)\ncomplete = True\n"
    (tmp_path / f"{name}.py").write_text(lines)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = signal.signal(number, after_imports(end))
    try:
        module = import_module(name)
        with pytest.raises(KeyboardInterrupt):
            time.sleep(10)
    finally:
        signal.signal(number, before)
    assert module.complete


def test_an_import_that_does_not_end_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dicomtx.deferred_signals.MOST", 3)
    (tmp_path / "endless.py").write_text(
        "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(20)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    before = signal.signal(signal.SIGINT, after_imports(end))
    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            import_module("endless")
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - started < 15
