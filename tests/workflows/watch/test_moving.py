"""A source is removed or moved only if it is still the one that was delivered."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from dicomtx.workflows.watch.moving import free_path, moved, put_back, taken_away
from dicomtx.workflows.watch.records import Record
from dicomtx.workflows.watch.settled import Identity

MEMORY = "/dev/shm"  # usually another file system than that of temporary files


def recorded(path: Path) -> Record:
    identity = Identity.of(str(path))
    assert identity
    return Record(str(path), identity, "publishing", "0123")


def test_a_source_that_was_taken_away_has_a_hidden_name_until_it_is_put_back(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(b"1")
    record = recorded(path)
    hidden = taken_away(record)
    assert os.listdir(tmp_path) == [os.path.basename(hidden)] == [".dicomtx-0123"]
    assert taken_away(record) == hidden
    path.write_bytes(b"2")
    put_back(record)
    assert (path.read_bytes(), (tmp_path / "a.2.dcm").read_bytes()) == (b"2", b"1")


def test_another_file_of_the_same_name_is_not_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(b"1")
    record = recorded(path)
    path.rename(tmp_path / "b.dcm")
    path.write_bytes(b"2")
    assert taken_away(record) == ""
    assert path.read_bytes() == b"2"


def test_a_file_that_was_replaced_just_before_it_was_taken_away_gets_its_name_back(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(b"1")
    record = recorded(path)
    path.unlink()
    (tmp_path / ".dicomtx-0123").write_bytes(b"another")
    assert taken_away(record) == ""
    assert path.read_bytes() == b"another"


def test_a_file_moves_to_another_file_system(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(b"1")
    os.utime(path, (5, 5))
    path.chmod(0o640)
    with TemporaryDirectory(dir=MEMORY if os.path.isdir(MEMORY) else tmp_path) as folder:
        place = moved(str(path), f"{folder}/x/a.dcm", folder)
        assert place == f"{folder}/x/a.dcm"
        assert Path(place).read_bytes() == b"1"
        assert os.stat(place).st_mtime == 5
        assert os.stat(place).st_mode & 0o777 == 0o640
    assert not path.exists()


def test_a_move_that_a_killed_run_had_done_is_not_done_twice(tmp_path: Path) -> None:
    path, place = tmp_path / "a.dcm", tmp_path / "done/a.dcm"
    place.parent.mkdir()
    path.write_bytes(b"1")
    os.link(path, place)
    assert moved(str(path), str(place), str(place.parent)) == str(place)
    assert not path.exists()
    path.write_bytes(b"1")  # a copy, from another file system
    assert moved(str(path), str(place), str(place.parent)) == str(place)
    path.write_bytes(b"2")
    assert moved(str(path), str(place), str(place.parent)) == str(tmp_path / "done/a.2.dcm")
    assert place.read_bytes() == b"1"


def test_a_free_path_has_no_file_with_any_of_the_endings(tmp_path: Path) -> None:
    assert free_path(str(tmp_path / "a.dcm")) == str(tmp_path / "a.dcm")
    (tmp_path / "a.dcm.why").touch()
    (tmp_path / "a.2.dcm").symlink_to("nowhere")
    assert free_path(str(tmp_path / "a.dcm"), ".why") == str(tmp_path / "a.3.dcm")
