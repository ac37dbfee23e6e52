"""A batch never writes through a symbolic link below its destination."""

import os
from pathlib import Path

import pytest

from dicomtx.errors import DestinationError
from dicomtx.storage.destination_folders import make_folder_below
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
