"""``dicomtx batch`` from outside: what it prints, how it ends, what it leaves behind."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dicomtx.errors import ExitCode
from dicomtx.workflows.workers.finished import MOST
from tests import file_trees, plugins
from tests.conftest import Run
from tests.screen import screen

FAULTS = {255: "SIGABRT", 254: "took more than", 253: "MemoryError", 252: "pixels", 251: "SIGKILL"}
MOODY = ("--codec", "moody", "--to", "EncapsulatedUncompressedExplicitVRLittleEndian")


@pytest.fixture
def moody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Installs the codec of many moods, for processes that are started, too."""
    site = tmp_path / "site"
    plugins.install(plugins.FAULT_CODECS, site, monkeypatch)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), *sys.path]))
    monkeypatch.setenv("MOODY_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


def rows(report: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in report.read_text().splitlines()]


def start(*arguments: str | Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "dicomtx", "batch", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_last_line_is_a_summary(run: Run, tmp_path: Path) -> None:
    file_trees.make(tmp_path / "in", [0] * 5)
    done = run("batch", tmp_path / "in", tmp_path / "out", "--to", "rle", "-j", "2")
    assert (done.returncode, done.stderr) == (0, b"")
    line = done.stdout.decode().splitlines()[-1]
    assert line.startswith("batch: 5 done, 0 kept, 0 refused, 0 failed, 0 skipped, ")
    again = run("batch", tmp_path / "in", tmp_path / "out", "--to", "rle")
    assert b"0 done, 0 kept, 0 refused, 0 failed, 5 skipped" in again.stdout
    report = tmp_path / "r.jsonl"
    quiet = run("batch", tmp_path / "in", tmp_path / "out", "--to", "rle", "-q", "--report", report)
    assert (quiet.stdout, quiet.stderr) == (b"", b"")
    of_run = json.loads(report.read_text().splitlines()[-1])["run"]
    assert of_run["command"].startswith(f"dicomtx batch {tmp_path}/in {tmp_path}/out --to rle ")
    assert (of_run["sources"], of_run["destination"]) == ([f"{tmp_path}/in"], f"{tmp_path}/out")


def test_each_outcome_can_be_had_as_json(run: Run, tmp_path: Path) -> None:
    file_trees.make(tmp_path / "in", [0] * 3)
    done = run("batch", tmp_path / "in", tmp_path / "out", "--json")
    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["done"] * 3
    assert done.stderr.startswith(b"batch: 3 done")


@pytest.mark.parametrize("command", [["batch"], ["export", "archive"]], ids=["batch", "export"])
def test_json_goes_to_standard_output_if_only_standard_error_is_a_terminal(
    tmp_path: Path, ct: Path, command: list[str]
) -> None:
    out = "out.zip" if command[0] == "export" else "out"
    seen: list[str] = []
    with screen(seen) as errors:
        done = subprocess.run(
            [sys.executable, "-m", "dicomtx", *command, ct, tmp_path / out, "--json"],
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "60"},
            check=True,
        )
    assert json.loads(done.stdout)["status"] in ("done", "kept")
    assert "{" not in seen[0]


def test_a_missing_destination_and_contradictions_are_usage_errors(run: Run) -> None:
    for arguments in (["in"], ["in", "--in-place", "--overwrite"], ["in", "out", "-q", "-v"]):
        assert run("batch", *arguments).returncode == ExitCode.USAGE
    assert run("batch", "in", "out", "--max-memory", "much").returncode == ExitCode.USAGE
    assert run("batch", "in", "out", "--best-of", "jpeg-baseline").returncode == ExitCode.USAGE
    assert run("batch", "in", "out", "--report", "x.pdf").returncode == ExitCode.USAGE


def test_in_place_replaces_the_files(run: Run, tmp_path: Path) -> None:
    tree = file_trees.make(tmp_path / "in", [0] * 3)
    journal = tmp_path / "journal.sqlite"
    done = run("batch", tree, "--in-place", "--journal", journal, "--to", "rle")
    assert done.returncode == 0, done.stderr
    assert all(b"1.2.840.10008.1.2.5" in data for data in file_trees.content(tree).values())


def test_a_run_beside_another_is_told_so(run: Run, tmp_path: Path, moody: Path) -> None:
    file_trees.make(tmp_path / "in", [250] * 60)
    first = start(tmp_path / "in", tmp_path / "out", *MOODY)
    _until_begun(moody)
    second = run("batch", tmp_path / "in", tmp_path / "out", *MOODY)
    assert second.returncode == ExitCode.DESTINATION
    assert b"another run is working on" in second.stderr
    first.terminate()
    first.communicate(timeout=60)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_an_interrupt_leaves_no_part_files_and_a_report(
    tmp_path: Path, moody: Path, number: int, code: int
) -> None:
    file_trees.make(tmp_path / "in", [250] * 60)
    out, report = tmp_path / "out", tmp_path / "report.jsonl"
    running = start(tmp_path / "in", out, "--report", report, "-j", "2", *MOODY)
    _until_begun(moody)
    time.sleep(0.5)
    running.send_signal(number)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == code, errors
    assert not file_trees.part_files(out)
    *files, totals = rows(report)
    assert totals["totals"]["complete"] is False
    assert 0 < len(files) < 60
    assert {row["destination"] for row in files} <= {str(p) for p in out.rglob("*.dcm")}


@pytest.mark.long
def test_faults_cost_their_file_only_and_are_named(
    run: Run, tmp_path: Path, moody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DICOMTX_FRAME_TIMEOUT", "3")
    faults = list(FAULTS)
    firsts = [faults[n // 7 % len(faults)] if n % 7 == 6 else 0 for n in range(42)]
    tree, report = file_trees.make(tmp_path / "in", firsts), tmp_path / "report.jsonl"
    done = run("batch", tree, tmp_path / "out", "--report", report, *MOODY)
    assert done.returncode == ExitCode.SOME_FAILED
    *files, totals = rows(report)
    assert totals["totals"]["by_status"] == {"done": 36, "failed": 6}
    for row in files:
        mood = firsts[int(Path(row["path"]).stem)]
        assert row["status"] == ("failed" if mood else "done")
        assert FAULTS.get(mood, "") in row["error"]
    whole = {n: d for n, d in file_trees.content(tree).items() if not firsts[int(Path(n).stem)]}
    written = file_trees.content(tmp_path / "out")
    assert written.keys() == whole.keys()
    pixels = {name: data[-64:] for name, data in whole.items()}
    assert all(pixels[name] in data for name, data in written.items())


@pytest.mark.long
def test_killed_twenty_times_it_ends_with_the_same_tree_and_does_nothing_twice(
    tmp_path: Path, moody: Path
) -> None:
    count, kills, workers = 240, 20, 2
    tree, out = file_trees.make(tmp_path / "in", [250] * count), tmp_path / "out"
    alone = start(tree, tmp_path / "alone", "-j", "2", *MOODY)
    alone.communicate(timeout=120)
    moody.unlink()
    random.seed(6)
    for _ in range(kills):
        running = start(tree, out, "-j", str(workers), *MOODY)
        time.sleep(random.uniform(0.3, 2.5))  # to start takes half a second of it
        running.kill()
        running.communicate()
    last = start(tree, out, "-j", str(workers), *MOODY)
    said, errors = last.communicate(timeout=120)
    assert last.returncode == 0, errors
    assert file_trees.content(out) == file_trees.content(tmp_path / "alone")
    assert not file_trees.part_files(out)
    encoded = Counter(moody.read_text().split())
    assert len(encoded) == count
    assert encoded.total() - count <= kills * (workers + MOST), said


@pytest.mark.long
def test_killed_in_place_no_file_is_lost_and_none_is_converted_twice(
    tmp_path: Path, moody: Path
) -> None:
    count, kills = 120, 12
    tree = file_trees.make(tmp_path / "in", [250] * count)
    alone = start(tree, tmp_path / "alone", "-j", "2", *MOODY)
    alone.communicate(timeout=120)
    moody.unlink()
    whole = file_trees.content(tree)
    command = (tree, "--in-place", "--journal", tmp_path / "j.sqlite", "-j", "2", *MOODY)
    random.seed(8)
    for _ in range(kills):
        running = start(*command)
        time.sleep(random.uniform(0.3, 1.8))
        running.kill()
        running.communicate()
        for name, data in file_trees.content(tree).items():  # each is old or new, never between
            written = (tmp_path / "alone" / name).read_bytes() if ".part" not in name else data
            assert data in (whole.get(name), written)
    last = start(*command, "--report", tmp_path / "last.jsonl")
    said, errors = last.communicate(timeout=120)
    assert last.returncode == 0, errors
    assert file_trees.content(tree) == file_trees.content(tmp_path / "alone")
    encoded = Counter(moody.read_text().split())
    assert len(encoded) == count
    assert encoded.total() - count <= kills * 2, said
    again = start(*command)
    said, _ = again.communicate(timeout=120)
    assert f"{count} skipped" in said


def _until_begun(log: Path) -> None:
    for _ in range(400):
        if log.exists():
            return
        time.sleep(0.05)
    raise AssertionError("it did not begin")


def test_a_report_that_is_named_twice_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    file_trees.make(tmp_path / "in", [0])
    twice = ("--report", "a.csv", "--report", "./a.csv")
    done = run("batch", "in", "out", "--to", "rle", *twice, cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert b"named twice" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_list_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dicomtx", "batch", "-", str(tmp_path / "out")]
    closed = ["sh", "-c", 'exec "$@" <&-', "sh", *command]
    done = subprocess.run(closed, capture_output=True, check=False)
    assert done.returncode == ExitCode.SOURCE
    assert b"the list on standard input cannot be read" in done.stderr


def test_what_is_skipped_is_not_told_as_if_it_was_written(run: Run, tmp_path: Path) -> None:
    file_trees.make(tmp_path / "in", [0])
    done = run("batch", "in", "out", "--to", "explicit", "--skip-same", "-v", cwd=tmp_path)
    first = done.stdout.decode().splitlines()[0]
    assert first == "in/0/00000.dcm: skipped: it is already explicit-vr-little-endian"
