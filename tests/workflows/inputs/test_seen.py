"""A file that several arguments lead to is one file, to every command that takes many."""

import json
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from dicomtx.storage.local_file import LocalFile, absolute
from dicomtx.workflows.inputs.seen import Seen
from tests import file_trees
from tests.conftest import Run
from tests.sampling import sampled
from tests.workflows.inputs.test_arguments import directory

Arguments = list[Path | str]


def twice(tree: Path) -> Arguments:
    return [tree, tree]


def file_first(tree: Path) -> Arguments:
    return [tree / "0/00000.dcm", tree]


def file_last(tree: Path) -> Arguments:
    return [tree, tree / "0/00000.dcm"]


def spelled_otherwise(tree: Path) -> Arguments:
    return [f"{tree}/0/../0/./00001.dcm", f"{tree}//0", tree]


def folder_within(tree: Path) -> Arguments:
    return [tree / "0", tree]


ALL = [twice, file_first, file_last, spelled_otherwise, folder_within]
WAYS = pytest.mark.parametrize("way", ALL)
SOME = pytest.mark.parametrize("way", sampled(ALL, 3))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return file_trees.make(tmp_path / "in", [0] * 3)


def paths(lines: bytes) -> Counter[str]:
    return Counter(Path(json.loads(line)["path"]).name for line in lines.splitlines())


ONCE = Counter({f"0000{n}.dcm": 1 for n in range(3)})


@WAYS
def test_batch_converts_it_once(
    run: Run, tree: Path, tmp_path: Path, way: Callable[[Path], Arguments]
) -> None:
    arguments = ["batch", *way(tree), tmp_path / "out", "--to", "rle", "--json", "-j", "2"]
    for status in ("done", "skipped"):
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
        assert paths(done.stdout) == ONCE
        assert {json.loads(line)["status"] for line in done.stdout.splitlines()} == {status}
        assert len(file_trees.content(tmp_path / "out")) == 3


@SOME
def test_batch_replaces_it_once_in_place(
    run: Run, tree: Path, tmp_path: Path, way: Callable[[Path], Arguments]
) -> None:
    journal = ["--journal", tmp_path / "j.sqlite"]
    listed = "\n".join(map(str, way(tree))).encode()
    place = ("batch", "-", "--in-place", "--to", "rle", "--json", *journal)
    done = run(*place, stdin=listed)
    assert (done.returncode, paths(done.stdout)) == (0, ONCE)


@SOME
def test_plan_tells_it_once_and_the_plan_can_be_carried_out(
    run: Run, tree: Path, tmp_path: Path, way: Callable[[Path], Arguments]
) -> None:
    done = run("plan", *way(tree), "--to", "rle", "--json")
    assert (done.returncode, paths(done.stdout)) == (0, ONCE)
    moved = done.stdout.replace(b'"relative": "', b'"relative": "again/')
    (tmp_path / "plan.json").write_bytes(done.stdout + moved)
    done = run("batch", "--from-plan", tmp_path / "plan.json", tmp_path / "out", "--json")
    assert (done.returncode, paths(done.stdout)) == (0, ONCE)
    assert not (tmp_path / "out/again").exists()


@SOME
@pytest.mark.parametrize("kind", ["archive", "media"])
def test_export_has_it_once(
    run: Run, tree: Path, tmp_path: Path, way: Callable[[Path], Arguments], kind: str
) -> None:
    done = run("export", kind, *way(tree), tmp_path / "out.zip", "--json")
    assert (done.returncode, paths(done.stdout)) == (0, ONCE)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = [n for n in archive.namelist() if n not in ("MANIFEST.json", "DICOMDIR")]
    assert len(names) == 3


def test_info_and_compare_take_the_same_file_twice(run: Run, tree: Path) -> None:
    path = tree / "0/00000.dcm"
    assert run("info", path, path).returncode == 0
    assert run("compare", path, path).returncode == 0


def test_members_of_an_archive_that_is_named_twice_are_converted_once(
    run: Run, tree: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tree / "a.zip", "w") as archive:
        archive.write(tree / "0/00000.dcm", "m.dcm")
        archive.write(tree / "0/00001.dcm", "n.dcm")
    done = run("batch", tree / "a.zip", tree, tmp_path / "out", "--json")
    assert (done.returncode, paths(done.stdout)) == (0, ONCE + Counter(["m.dcm", "n.dcm"]))


def test_a_dicomdir_that_names_a_file_in_two_cases_means_it_once(
    run: Run, tree: Path, tmp_path: Path
) -> None:
    (tree / "IMG").mkdir()
    shutil.move(tree / "0/00000.dcm", tree / "IMG/A")
    path = directory(tree, "IMG\\A", "img\\a", "Img\\A")
    done = run("batch", path, tmp_path / "out", "--to", "rle", "--json")
    assert (done.returncode, paths(done.stdout)) == (0, Counter("A"))
    assert list(file_trees.content(tmp_path / "out")) == ["IMG/A"]


def test_a_link_whose_output_is_that_of_its_file_is_left_out(run: Run, tmp_path: Path) -> None:
    tree = file_trees.make(tmp_path / "in", [0])
    (tree / "link.dcm").symlink_to("0/00000.dcm")
    arguments = ["batch", tree, tmp_path / "out", "--json", "--layout", "same.dcm"]
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["skipped", "done"]


def test_two_files_with_one_output_are_still_an_error(run: Run, tree: Path, tmp_path: Path) -> None:
    done = run("batch", tree, tmp_path / "out", "--layout", "same.dcm")
    assert done.returncode == 2
    assert b"both go to" in done.stderr


def test_an_error_that_names_a_file_is_not_the_file(tmp_path: Path) -> None:
    seen = Seen()
    assert seen.first(LocalFile("a"), note="is missing")
    assert seen.first(LocalFile("a"))
    assert not seen.first(LocalFile("a"), note="is missing")
    assert not seen.first(LocalFile("./a"))


def test_dots_behind_a_link_lead_where_the_link_leads(tmp_path: Path) -> None:
    (tmp_path / "far/away").mkdir(parents=True)
    (tmp_path / "link").symlink_to("far/away")
    assert absolute(f"{tmp_path}/link/../a") == f"{tmp_path}/far/a"
    assert absolute(f"{tmp_path}/link/..") == f"{tmp_path}/far"
    assert absolute(f"{tmp_path}/link/a") == f"{tmp_path}/link/a"
