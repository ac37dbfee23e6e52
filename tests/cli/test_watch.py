"""``dicomtx watch``, as a user starts and stops it."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dicomtx.cli import main
from tests.watched_folder import files, hidden, instance

COMMAND = (sys.executable, "-m", "dicomtx", "watch")
PATIENCE = 60  # seconds, on a busy machine


def _dropped(folder: Path, name: str, data: bytes) -> None:
    """Writes a file as careful programs do: under another name first."""
    part = folder / f".{name}.part"
    part.write_bytes(data)
    part.rename(folder / name)


def _wait_for(path: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.02)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_watch_that_delivers_what_arrives(
    tmp_path: Path, sign: signal.Signals
) -> None:
    (tmp_path / "in").mkdir()
    arguments = ("in", "out", "--dead-letter", "dead", "--settle", "0.2", "--json", "-j1")
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        _wait_for(tmp_path / "out/.dicomtx-watch.sqlite")
        (tmp_path / "in/new").mkdir()
        _dropped(tmp_path / "in/new", "a.dcm", instance(1))
        _dropped(tmp_path / "in", "b.txt", b"text")
        _wait_for(tmp_path / "out/new/a.dcm")
        _wait_for(tmp_path / "dead/b.txt")
        process.send_signal(sign)
        printed, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    told = {record["path"]: record["status"] for record in map(json.loads, printed.splitlines())}
    assert told == {"in/new/a.dcm": "done", "in/b.txt": "failed"}
    assert "watching in, delivering to out" in errors
    assert "stopping" in errors
    assert files(tmp_path / "in") == hidden(tmp_path) == []


def test_once_ends_with_1_if_files_failed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.txt").write_bytes(b"text")
    arguments = ["watch", f"{tmp_path}/in", f"{tmp_path}/out", "--once", "--settle", "0"]
    assert main([*arguments, "--dead-letter", f"{tmp_path}/dead"]) == 1
    assert f"a.txt: not a DICOM file; moved to {tmp_path}/dead/a.txt" in capfd.readouterr().err
    assert main(arguments) == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--keep", "--done", "x"), "--keep and --done contradict each other"),
        (("--no-verify",), "sources are removed only after"),
        (("--verify", "sample=5%"), "sources are removed only after"),
        (("--to", "jpeg2000", "--quality", "90"), "the originals would be removed"),
        (("-v", "-q"), "-v and -q contradict each other"),
        (("--dead-letter", "in/dead"), "must not contain each other"),
    ],
)
def test_options_that_could_lose_files_are_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    assert main(["watch", "in", "out", "--once", *options]) == 2
    assert told in capfd.readouterr().err
    assert list(Path("in").iterdir()) == []
