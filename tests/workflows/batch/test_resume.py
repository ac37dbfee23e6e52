"""What is there already: known, somebody else's, or in the way."""

import os
import sqlite3
import zipfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dicomtx.errors import ExitCode, UsageError
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import opened
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.batch.journal import NAME
from dicomtx.workflows.batch.plan_options import UNKNOWN, Earlier
from dicomtx.workflows.batch.resume import OTHERWISE, Choice
from dicomtx.workflows.convert.request import FileRules, Outcome
from dicomtx.workflows.inputs.layout import Layout
from tests import file_trees
from tests.dicom.builder import part10, text
from tests.in_process import InProcess

BY_UID = Layout.parse("{SOPInstanceUID}.dcm")


def run(*sources: str | Path, out: str | Path = "", to: str = "rle", **more: Any) -> list[Outcome]:
    more.setdefault("rules", FileRules(skip_others=True))
    asked = Batch(tuple(map(str, sources)), str(out), find(to), executor=InProcess(), **more)
    with opened(asked) as started:
        return list(started.outcomes())


def statuses(found: list[Outcome]) -> dict[str, int]:
    return dict(Counter(outcome.status for outcome in found))


def named(uid: str) -> bytes:
    return part10("explicit", text(0x00080016, "UI", "1.2"), text(0x00080018, "UI", uid))


def test_what_was_written_for_another_source_is_left_alone(tmp_path: Path) -> None:
    first, second = (file_trees.make(tmp_path / name, [0]) for name in ("first", "second"))
    path = second / "0/00000.dcm"
    path.write_bytes(file_trees.small(7))
    run(first, out=tmp_path / "out")
    before = file_trees.content(tmp_path / "out")
    (told,) = run(second, out=tmp_path / "out")
    assert (told.status, told.exit_code) == ("failed", ExitCode.DESTINATION)
    assert f"an earlier run wrote it for {first}/0/00000.dcm" in told.error
    assert file_trees.content(tmp_path / "out") == before
    assert statuses(run(first, out=tmp_path / "out")) == {"skipped": 1}
    again = Choice(overwrite=True, retry_failed=True)
    assert statuses(run(second, out=tmp_path / "out", choice=again)) == {"done": 1}
    assert statuses(run(first, out=tmp_path / "out")) == {"failed": 1}


def test_an_output_that_somebody_changed_is_neither_done_nor_replaced(tmp_path: Path) -> None:
    tree, out = file_trees.make(tmp_path / "in", [0, 0]), tmp_path / "out"
    run(tree, out=out)
    path = out / "0/00001.dcm"
    mine = bytes(path.stat().st_size)
    path.write_bytes(mine)
    found = {Path(o.path).name: o for o in run(tree, out=out)}
    assert found["00000.dcm"].status == "skipped"
    assert "was changed since it was written" in found["00001.dcm"].error
    assert path.read_bytes() == mine


def test_an_output_that_only_has_another_time_is_known(tmp_path: Path) -> None:
    tree, out = file_trees.make(tmp_path / "in", [0]), tmp_path / "out"
    run(tree, out=out)
    os.utime(out / "0/00000.dcm", (1, 1))
    assert statuses(run(tree, out=out)) == {"skipped": 1}


def test_the_same_tree_is_known_however_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_trees.make(tmp_path / "in", [0])
    monkeypatch.chdir(tmp_path)
    assert statuses(run("in", out="out")) == {"done": 1}
    for source, out in (("in", "./out"), ("./in/", tmp_path / "out"), (tmp_path / "in", "out/")):
        assert statuses(run(source, out=out)) == {"skipped": 1}


def test_files_of_the_same_name_elsewhere_are_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("here", "there"):
        path = file_trees.make(tmp_path / name / "in", [0]) / "0/00000.dcm"
        path.write_bytes(file_trees.small(len(name)))
        os.utime(path, (1, 1))
    monkeypatch.chdir(tmp_path / "here")
    assert statuses(run("in", out=tmp_path / "out")) == {"done": 1}
    monkeypatch.chdir(tmp_path / "there")
    assert statuses(run("in", out=tmp_path / "out")) == {"failed": 1}


def test_no_source_is_overwritten_by_the_output_of_another(tmp_path: Path) -> None:
    tree = file_trees.make(tmp_path / "out/in/in", [0])
    (tmp_path / "out/in/0").mkdir()
    (tmp_path / "out/in/0/00000.dcm").write_bytes(file_trees.small(7))
    before = file_trees.content(tmp_path / "out")
    with pytest.raises(UsageError, match="is a source, but the output of another file goes there"):
        run(tree.parent, out=tmp_path / "out", choice=Choice(overwrite=True))
    assert file_trees.content(tmp_path / "out") == before


def test_a_link_in_the_destination_does_not_lead_an_output_to_a_source(tmp_path: Path) -> None:
    tree = file_trees.make(tmp_path / "in", [0, 0])
    (tmp_path / "out/0").mkdir(parents=True)
    (tmp_path / "out/0/00000.dcm").symlink_to(tree / "0/00001.dcm")
    before = file_trees.content(tree)
    with pytest.raises(UsageError, match="but the output of another file goes there"):
        run(tree, out=tmp_path / "out", choice=Choice(overwrite=True))
    assert file_trees.content(tree) == before


def test_a_file_that_two_paths_lead_to_is_replaced_once(tmp_path: Path) -> None:
    tree = file_trees.make(tmp_path / "in", [0])
    (tree / "0/a-link.dcm").symlink_to("00000.dcm")
    asked = (tree, tree / "0", tree / "0/00000.dcm")
    found = run(*asked, journal=str(tmp_path / "journal.sqlite"))
    assert statuses(found) == {"done": 1, "skipped": 1}
    assert (tree / "0/a-link.dcm").is_symlink()


@pytest.mark.parametrize("name", [".dicomtx-journal.sqlite", "a/.b.dcm.dicomtx-1.part"])
def test_no_member_takes_the_name_of_a_file_of_ours(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, file_trees.small(1))
        archive.writestr("sound.dcm", file_trees.small(2))
    found = run(tmp_path / "a.zip", out=tmp_path / "out", choice=Choice(overwrite=True))
    assert statuses(found) == {"failed": 1, "done": 1}
    assert statuses(run(tmp_path / "a.zip", out=tmp_path / "out")) == {"failed": 1, "skipped": 1}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_fail_and_the_others_are_done(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, uid in (
            ("x", "1.1"),
            ("x", "1.2"),
            ("y//z", "1.3"),
            ("y/z", "1.4"),
            ("z", "1.5"),
        ):
            archive.writestr(name, named(uid))
    for more in ({}, {"layout": BY_UID}):
        found = run(tmp_path / "a.zip", out=tmp_path / f"out{len(more)}", to="implicit", **more)
        assert statuses(found) == {"failed": 4, "done": 1}
        assert {o.error for o in found if o.error} == {
            "another member has the same name; neither is read"
        }


def test_a_file_that_changed_after_its_values_gave_it_a_path_is_not_written(tmp_path: Path) -> None:
    tree, out = file_trees.make(tmp_path / "in", [0]), tmp_path / "out"
    asked = Batch(
        (str(tree),), str(out), find("rle"), executor=InProcess(), layout=Layout.parse("a.dcm")
    )
    with opened(asked) as started:
        path = tree / "0/00000.dcm"
        path.write_bytes(path.read_bytes() + b"\0\0")
        (outcome,) = started.outcomes()
    assert (outcome.status, outcome.exit_code) == ("failed", ExitCode.SOURCE)
    assert "changed since" in outcome.error
    assert not list(out.glob("*.dcm"))


def test_times_are_preserved_in_place_too(tmp_path: Path) -> None:
    tree = file_trees.make(tmp_path / "in", [0])
    path = tree / "0/00000.dcm"
    os.utime(path, (1, 1))
    more: dict[str, Any] = {
        "journal": str(tmp_path / "journal.sqlite"),
        "rules": FileRules(preserve=True),
    }
    assert statuses(run(tree, **more)) == {"done": 1}
    assert path.stat().st_mtime == 1
    assert statuses(run(tree, **more)) == {"skipped": 1}


def test_a_retry_with_other_options_keeps_what_is_finished(tmp_path: Path) -> None:
    tree, out = file_trees.make(tmp_path / "in", [0, 0, 0]), tmp_path / "out"
    whole = (tree / "0/00001.dcm").read_bytes()
    (tree / "0/00001.dcm").write_bytes(whole[:-2])
    assert statuses(run(tree, out=out)) == {"done": 2, "failed": 1}
    before = file_trees.content(out)
    retry = Choice(retry_failed=True)
    salvage = Settings(salvage=True)
    made = run(tree, out=out, choice=retry, settings=salvage)
    assert statuses(made) == {"done": 1, "skipped": 2}
    assert {one.warnings for one in made if one.status == "skipped"} == {(OTHERWISE,)}
    after = file_trees.content(out)
    assert before.items() < after.items()
    (out / "0/00000.dcm").unlink()
    again = run(tree, out=out, choice=retry, settings=salvage)
    assert statuses(again) == {"done": 1, "skipped": 2}


def earlier(sources: Path, out: Path, to: str, **more: Any) -> list[Earlier]:
    asked = Batch((str(sources),), str(out), find(to), executor=InProcess(), **more)
    with opened(asked) as started:
        list(started.outcomes())
        return list(started.earlier())


def test_a_run_says_which_options_changed_and_for_how_many_files(tmp_path: Path) -> None:
    tree, out = file_trees.make(tmp_path / "in", [0, 0]), tmp_path / "out"
    target = "--to (rle-lossless, now jpeg-ls-lossless)"
    assert earlier(tree, out, "rle") == []
    assert earlier(tree, out, "rle") == []
    verify = Settings(verify="none")
    assert earlier(tree, out, "rle", settings=verify) == [(2, False, ("--verify (all, now none)",))]
    retry = Choice(retry_failed=True)
    (kept,) = earlier(tree, out, "jpeg-ls-lossless", settings=verify, choice=retry)
    assert kept == (2, True, (target,))
    (again,) = earlier(tree, out, "jpeg-ls-lossless", settings=verify, choice=retry, remap=True)
    assert again[:2] == (2, False)
    assert again[2] == (target, "--remap-references (not set, now on)")


def test_a_journal_of_an_earlier_version_does_not_name_the_options(tmp_path: Path) -> None:
    tree, out = file_trees.make(tmp_path / "in", [0]), tmp_path / "out"
    earlier(tree, out, "rle")
    with closing(sqlite3.connect(out / NAME)) as base:
        base.execute("DROP TABLE plans")
    assert earlier(tree, out, "jpeg-ls-lossless") == [(1, False, (UNKNOWN,))]
