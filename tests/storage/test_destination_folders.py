"""A batch never writes through a symbolic link below its destination."""

import os
from pathlib import Path

import pytest

from dicomtx.errors import DestinationError
from dicomtx.storage.destination_folders import make_folder_below, make_folder_of
from dicomtx.storage.lock import locked
from dicomtx.storage.part_files import remove_folder
from tests import file_trees
from tests.conftest import Run

WAYS: tuple[list[str], ...] = (
    [],
    ["--overwrite"],
    ["--best-of", "rle,deflated"],
    ["--copy-others"],
)


@pytest.mark.parametrize("way", WAYS)
def test_links_to_folders_and_files_are_not_followed(
    run: Run, tmp_path: Path, way: list[str]
) -> None:
    tree, out = file_trees.make(tmp_path / "in", [0] * 12), tmp_path / "out"
    far = tmp_path / "far"
    far.mkdir()
    (far / "file").write_bytes(b"precious")
    (out / "1").mkdir(parents=True)
    (out / "0").symlink_to(far)
    (out / "1/00010.dcm").symlink_to(far / "file")
    done = run("batch", tree, out, *way)
    assert done.returncode == 1
    assert b" 1 done, " in done.stdout
    assert b"is a symbolic link" in done.stderr or b"already exists" in done.stderr
    assert [path.name for path in far.iterdir()] == ["file"]
    assert (far / "file").read_bytes() == b"precious"


def test_the_destination_itself_may_be_a_link(run: Run, tmp_path: Path) -> None:
    tree = file_trees.make(tmp_path / "in", [0])
    (tmp_path / "far").mkdir()
    (tmp_path / "out").symlink_to("far")
    assert run("batch", tree, tmp_path / "out").returncode == 0
    assert list(file_trees.content(tmp_path / "far")) == ["0/00000.dcm"]


def test_folders_are_made_at_any_depth(tmp_path: Path) -> None:
    make_folder_below(str(tmp_path / "out"), str(tmp_path / "out/a/b/c/file"))
    assert (tmp_path / "out/a/b/c").is_dir()
    make_folder_below(str(tmp_path / "out"), str(tmp_path / "out/file"))


def test_folders_that_exist_already_are_used(tmp_path: Path) -> None:
    for name in ("a/b/one", "a/b/two", "a/c/three"):
        make_folder_below(str(tmp_path), str(tmp_path / name))
    assert sorted(os.listdir(tmp_path / "a")) == ["b", "c"]


def test_a_file_without_a_folder_is_in_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_folder_of("out.dcm", below="")
    assert os.listdir() == []


def test_a_file_in_the_place_of_a_folder_is_not_called_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(DestinationError, match=r"cannot make .*/a: not a directory"):
        make_folder_below(str(tmp_path), str(tmp_path / "a/file"))


def test_a_journal_can_be_deeper_than_python_recurses(tmp_path: Path) -> None:
    folder = f"{tmp_path}/deep" + "/d" * 1100
    try:
        with locked(f"{folder}/j.sqlite"):
            assert os.listdir(folder) == ["j.lock"]
    finally:
        remove_folder(f"{tmp_path}/deep")  # pytest cannot: it recurses


def test_what_is_not_below_is_refused(tmp_path: Path) -> None:
    for path in ("far/file", "out", "out/../file"):
        with pytest.raises(DestinationError, match="is not in"):
            make_folder_below(str(tmp_path / "out"), str(tmp_path / path))
    assert not (tmp_path / "far").exists()
