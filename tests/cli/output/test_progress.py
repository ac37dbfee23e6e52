"""How far a batch is."""

import time
from pathlib import Path

import pytest

from dicomtx.cli.output import progress
from dicomtx.cli.output.bar import ERASE
from dicomtx.cli.output.console import Console
from dicomtx.cli.output.outcome import Report
from dicomtx.workflows.convert.request import Outcome
from dicomtx.workflows.reports.totals import Totals
from tests.screen import screen


def some() -> Totals:
    totals = Totals()
    totals.add(
        Outcome(
            path="a",
            destination="b",
            status="done",
            bytes_in=3_000_000,
            bytes_out=1_000_000,
            verification="independent",
        )
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
    assert line.startswith("dicomtx: batch: 2 of 8 files, 0:00:0")
    assert "left, 1 refused or failed, 3.0 MB -> 1.0 MB (3.0:1), " in line
    assert capsys.readouterr().out.startswith("batch: 1 done")


def test_quiet_is_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        (tmp_path / "errors").open("w") as errors,
        progress.shown(Console(errors, 0), some(), 8, tell=Report(quiet=True)),
    ):
        pass
    assert (tmp_path / "errors").read_text() == capsys.readouterr().out == ""


@pytest.mark.parametrize("columns", [80, 60, 40, 20])
def test_on_a_terminal_there_is_a_bar_that_fits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    monkeypatch.setattr(progress, "DRAWN", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    seen: list[str] = []
    with screen(seen) as errors:
        console = Console(errors, 0)
        with progress.shown(console, some(), 8, tell=Report()):
            time.sleep(0.1)
            console.note("[above] it")
            console.result("{}")
    bars = [bar for bar in seen[0].split(ERASE) if "2 of 8 files" in bar]
    assert bars
    assert all(len(bar.split("\r\n")[-1]) < columns for bar in bars)
    assert f"{ERASE}dicomtx: [above] it\r\n" in seen[0]
    assert seen[0].endswith(ERASE)  # nothing of it stays
    assert capsys.readouterr().out.startswith("{}\nbatch: 1 done")
