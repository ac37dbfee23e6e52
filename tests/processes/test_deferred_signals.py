"""Signals that come when the last thing is written."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from dicomtx.processes.deferred_signals import undisturbed
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
