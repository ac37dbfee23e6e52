"""How far a batch is."""

import os
import pty
import select
import time
from pathlib import Path

import pytest

from dicomtx.cli.output import progress
from dicomtx.cli.output.console import Console
from dicomtx.cli.output.outcome import Report
from dicomtx.workflows.convert.request import Outcome
from dicomtx.workflows.reports.totals import Totals


def some() -> Totals:
    totals = Totals()
    totals.add(
        Outcome(path="a", destination="b", status="done", bytes_in=3_000_000, bytes_out=1_000_000)
    )
    totals.add(
        Outcome(path="c", destination="d", status="failed", bytes_in=5, error="no", exit_code=3)
    )
    return totals


def test_the_summary_has_counts_sizes_and_time() -> None:
    assert progress.summary(some(), 12.34) == (
        "batch: 1 done, 0 kept, 0 refused, 1 failed, 0 skipped, 3.0 MB -> 1.0 MB (3.0:1), 12.3 s"
    )


def test_without_a_terminal_there_is_a_line_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.05)
    with (
        (tmp_path / "errors").open("w") as errors,
        progress.shown(Console(errors, 0), some(), 8, tell=Report()),
    ):
        time.sleep(0.3)
    line = (tmp_path / "errors").read_text().splitlines()[0]
    assert line.startswith("dicomtx: batch: 2 of 8 files, ")
    assert "3.0 MB -> 1.0 MB (3.0:1), 1 failed, 0:00:0" in line
    assert capsys.readouterr().out.startswith("batch: 1 done")


def test_quiet_is_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        (tmp_path / "errors").open("w") as errors,
        progress.shown(Console(errors, 0), some(), 8, tell=Report(quiet=True)) as lines,
        lines(),
    ):
        pass
    assert (tmp_path / "errors").read_text() == capsys.readouterr().out == ""


def test_on_a_terminal_there_is_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as errors:
        console = Console(errors, 0)
        with progress.shown(console, some(), 8, tell=Report()) as lines:
            for _ in range(3):
                with lines():
                    console.note("a line [above] the bar")
        text = ""
        while select.select([ours], [], [], 0.2)[0]:  # each read gives a part of it
            text += os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert "2/8" in text
    assert "dicomtx: a line [above] the bar" in text
    assert capsys.readouterr().out.startswith("batch: 1 done")
