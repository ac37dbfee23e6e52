"""Which files are complete: quiet ones, and those that get their final name."""

import os
from pathlib import Path

import pytest

from dicomtx.workflows.watch.settled import Identity, Settling, is_unfinished


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def identity(path: Path) -> Identity:
    found = Identity.of(str(path))
    assert found
    return found


def see(settling: Settling, path: Path) -> None:
    settling.see(str(path), identity(path))


def complete(settling: Settling) -> list[str]:
    return [os.path.basename(path) for path, _ in settling.complete()]


@pytest.mark.parametrize(
    ("name", "unfinished"),
    [
        ("a.dcm", False),
        ("part/a", False),
        ("a.part.dcm", False),
        (".a.dcm", True),
        ("a.dcm.part", True),
        ("a.TMP", True),
        ("study.tmp/a.dcm", True),
        (".hidden/a.dcm", True),
    ],
)
def test_unfinished_names_start_with_a_dot_or_end_with_part_or_tmp(
    name: str, *, unfinished: bool
) -> None:
    assert is_unfinished(name) == unfinished


def test_a_file_is_complete_when_it_was_quiet_for_the_time(tmp_path: Path) -> None:
    clock = Clock()
    settling, path = Settling(5, clock), tmp_path / "a"
    path.write_bytes(b"1")
    see(settling, path)
    clock.now += 4
    assert complete(settling) == []
    path.write_bytes(b"12")
    clock.now += 2
    assert complete(settling) == []
    clock.now += 4
    assert complete(settling) == []
    clock.now += 1
    assert complete(settling) == ["a"]
    assert len(settling) == 0


def test_seeing_an_unchanged_file_again_does_not_start_its_time_anew(tmp_path: Path) -> None:
    clock = Clock()
    settling, path = Settling(5, clock), tmp_path / "a"
    path.write_bytes(b"1")
    for _ in range(3):
        see(settling, path)
        clock.now += 2
    assert complete(settling) == ["a"]


def test_a_file_of_the_same_size_and_time_in_its_place_starts_anew(tmp_path: Path) -> None:
    clock = Clock()
    settling, path, other = Settling(5, clock), tmp_path / "a", tmp_path / "b"
    for one in (path, other):
        one.write_bytes(b"1")
        os.utime(one, (1, 1))
    see(settling, path)
    clock.now += 6
    other.replace(path)
    assert complete(settling) == []


def test_a_renamed_file_that_was_seen_before_is_complete_at_once(tmp_path: Path) -> None:
    settling, path = Settling(5, Clock()), tmp_path / "a.part"
    path.write_bytes(b"1")
    os.utime(path, (1, 1))  # the rename is in the same tick of the file system's clock
    settling.see_unfinished(str(path))
    see(settling, path.rename(tmp_path / "a"))
    assert complete(settling) == ["a"]


def test_a_file_that_was_removed_meanwhile_is_forgotten(tmp_path: Path) -> None:
    settling, path = Settling(0, Clock()), tmp_path / "a"
    path.write_bytes(b"1")
    see(settling, path)
    path.unlink()
    assert complete(settling) == []
    assert len(settling) == 0


def test_links_and_folders_have_no_identity(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "link").symlink_to("a")
    assert Identity.of(str(tmp_path / "link")) is None
    assert Identity.of(str(tmp_path)) is None
