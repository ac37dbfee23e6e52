"""The journal where others may write: only ours is taken, and only as we make it."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dicomtx.errors import DestinationError, ExitCode
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.batch.journal import NAME, REFERENCES, open_journal
from dicomtx.workflows.batch.journal_entry import PLANNED, Key
from dicomtx.workflows.batch.resume import Choice
from dicomtx.workflows.convert.request import Outcome, Status
from tests import file_trees
from tests.conftest import Run
from tests.in_process import InProcess

LOCK = NAME.replace(".sqlite", ".lock")
FILES = (NAME, LOCK, f"{NAME}-wal", f"{NAME}-journal")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return file_trees.make(tmp_path / "in", [0, 0])


def batch(tree: Path, out: Path, to: str = "rle", **more: Any) -> list[Outcome]:
    asked = Batch((str(tree),), str(out), find(to), executor=InProcess(), **more)
    with opened(asked) as started:
        return list(started.outcomes())


def statuses(tree: Path, out: Path, to: str = "rle", **more: Any) -> list[str]:
    return [outcome.status for outcome in batch(tree, out, to, **more)]


def changed(path: Path, script: str) -> None:
    with sqlite3.connect(path) as base:
        base.executescript(script)
    base.close()


def linked_to_a_file(path: Path) -> None:
    (path.parents[1] / "target").write_bytes(b"")
    path.symlink_to(path.parents[1] / "target")


def linked_to_nothing(path: Path) -> None:
    path.symlink_to(path.parents[1] / "target")


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.mkdir()


def somebody_elses(path: Path) -> None:
    path.touch(0o644)
    os.chown(path, 12345, 12345)


def writable_by_the_group(path: Path) -> None:
    path.touch()
    path.chmod(0o664)


def writable_by_all(path: Path) -> None:
    path.touch()
    path.chmod(0o602)


PLANTED = [linked_to_a_file, linked_to_nothing, a_pipe, a_folder, writable_by_the_group]
PLANTED += [writable_by_all, *([somebody_elses] if os.geteuid() == 0 else [])]


@pytest.mark.parametrize("plant", PLANTED)
@pytest.mark.parametrize("name", FILES)
def test_what_is_not_ours_is_refused_and_nothing_is_written(
    run: Run, tree: Path, tmp_path: Path, name: str, plant: Callable[[Path], None]
) -> None:
    path = tmp_path / "out" / name
    plant(path)
    done = run("batch", tree, tmp_path / "out", "--to", "rle")
    assert done.returncode == ExitCode.DESTINATION
    assert b"Traceback" not in done.stderr
    assert name.encode() in done.stderr
    assert b"--journal FILE" in b" ".join(done.stderr.split()) or plant is a_folder
    assert not list((tmp_path / "out").rglob("*.dcm"))
    target = tmp_path / "target"
    assert not target.exists() or target.read_bytes() == b""
    assert target.exists() is (plant is linked_to_a_file)


def test_a_new_journal_is_its_owners_alone(run: Run, tree: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert run("batch", tree, tmp_path / "out", "--to", "rle").returncode == 0
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "out").glob(".dicom*")}
    assert modes == {NAME: 0o600, LOCK: 0o600}


FOREIGN = {
    "trigger": """
        CREATE TRIGGER loop AFTER INSERT ON files BEGIN
          INSERT INTO outputs WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)
          SELECT n, n, n FROM c; END;""",
    "view": "DROP TABLE outputs; CREATE VIEW outputs AS SELECT source AS output FROM files;",
    "table": "CREATE TABLE more (x)",
    "index": "CREATE INDEX slow ON files (hex(zeroblob(1000)))",
    "column": "DROP TABLE to_come; CREATE TABLE to_come (what TEXT PRIMARY KEY, x) WITHOUT ROWID;",
    "check": """
        DROP TABLE to_come; CREATE TABLE to_come (what TEXT PRIMARY KEY CHECK (length(what) < 3))
        WITHOUT ROWID;""",
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_we_do_not_make_is_refused(tree: Path, tmp_path: Path, what: str) -> None:
    assert statuses(tree, tmp_path / "out") == ["done", "done"]
    changed(tmp_path / "out" / NAME, FOREIGN[what])
    file_trees.make(tree, [0] * 4)
    before = file_trees.content(tmp_path / "out")
    with pytest.raises(DestinationError, match="that dicomtx does not create"):
        batch(tree, tmp_path / "out")
    assert file_trees.content(tmp_path / "out") == before


def test_what_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("notes\n" * 1000)
    with (
        pytest.raises(DestinationError, match="cannot be used as a journal"),
        open_journal(str(path)),
    ):
        pass
    assert path.read_text() == "notes\n" * 1000


ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT COUNT(*) FROM c"
SLOW = f"""
import sys
from dicomtx import cli
from dicomtx.workflows.batch import work_list
def endless(self):
    print("begun", flush=True)
    self._base.execute("{ENDLESS}").fetchone()
work_list.WorkList.find_overwritten_source = endless
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_end_a_statement_that_does_not_end(
    tree: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    command = [sys.executable, "-c", SLOW, "batch", str(tree), str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        assert process.wait(30) == code
    assert not list((tmp_path / "out").rglob("*.dcm"))


# ---------------------------------------------------------------- what a journal alone can do

PRECIOUS = {
    "another instance": file_trees.small(7),
    "notes": b"precious",
    "nothing": b"",
}


@pytest.mark.parametrize("what", PRECIOUS)
@pytest.mark.parametrize("status", ["", "planned", "done", "failed"])
def test_a_journal_does_not_make_a_file_replaceable(
    tree: Path, tmp_path: Path, what: str, status: str
) -> None:
    place, source = tmp_path / "out/0/00000.dcm", tree / "0/00000.dcm"
    with open_journal(str(tmp_path / "out" / NAME)) as book:
        book.claim(str(place), str(source), "")
    place.parent.mkdir()
    place.write_bytes(PRECIOUS[what])
    time = place.stat().st_mtime_ns
    if status:
        row = (str(source), "", 1, 1, "plan", str(place), status, len(PRECIOUS[what]), time)
        with sqlite3.connect(tmp_path / "out" / NAME) as base:
            base.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'abc', 0, '')", row)
        base.close()
    failed, done = sorted(batch(tree, tmp_path / "out"), key=lambda outcome: outcome.path)
    assert (failed.status, done.status) == ("failed", "done")
    assert "use --overwrite" in failed.error
    assert place.read_bytes() == PRECIOUS[what]
    choice = Choice(overwrite=True, retry_failed=True)
    assert sorted(statuses(tree, tmp_path / "out", choice=choice)) == ["done", "skipped"]


@pytest.mark.parametrize("to", ["rle", "jpeg2000", "explicit"])
def test_an_output_that_a_killed_run_did_not_note_is_done_again(
    tree: Path, tmp_path: Path, to: str
) -> None:
    lossy = Settings(lossy=True, min_psnr=0)
    assert statuses(tree, tmp_path / "out", to, settings=lossy) == ["done", "done"]
    with sqlite3.connect(tmp_path / "out" / NAME) as base:
        base.execute("UPDATE files SET status = 'planned', output_size = 0, output_hash = ''")
    base.close()
    assert statuses(tree, tmp_path / "out", to, settings=lossy) == ["done", "done"]


@pytest.mark.parametrize("status", ["failed", "done"])
@pytest.mark.parametrize("there", [True, False])
def test_a_claim_lasts_while_there_may_be_an_output(
    tmp_path: Path, status: Status, *, there: bool
) -> None:
    place = str(tmp_path / "out.dcm")
    key = Key(str(tmp_path / "in.dcm"), "", 1, 1, "plan")
    with open_journal(str(tmp_path / NAME)) as book:
        book.plan(key, place)
        if there:
            Path(place).write_bytes(b"whole")
        book.add(key, Outcome(path=key.source, destination=place, status=status, output_hash="abc"))
        entry = book.entry(key.source, "")
        assert entry
        assert (book.wrote(place) is not None) == (there or status == "done")
        assert entry.status == (status if there or status == "failed" else PLANNED)


def test_what_is_recorded_at_once_survives_a_run_that_ends_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / NAME)
    with open_journal(path) as book:
        book.claim("/a", "/b", "")
    with open_journal(path) as book:
        assert book.wrote("/a") == ("/b", "")
        book.add_pending(REFERENCES)
    with open_journal(path) as book:
        assert book.is_pending(REFERENCES)
        book.clear_pending(REFERENCES)
    with open_journal(path) as book:
        assert not book.is_pending(REFERENCES)
