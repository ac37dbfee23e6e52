"""Archives that unzip, 7z and Python read, with ZIP64 only where it is needed."""

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from dicomtx.storage.source import Source
from dicomtx.storage.zip.writer import ZipWriter

WHEN = (2004, 1, 19, 7, 27, 30)
MEMBERS = {
    "a.dcm": bytes(range(256)) * 40,
    "empty": b"",
    "large": bytes(range(251)) * 9000,
    "Müller/山田 太郎.dcm": b"\xff" * 70_000,
}


def written(path: Path, members: dict[str, bytes], *, deflate: bool = False) -> bytes:
    with path.open("w+b") as file, ZipWriter(file.fileno(), str(path.parent)) as writer:
        for name, data in members.items():
            writer.add(name, Source(data), WHEN, deflate=deflate)
        writer.finish()
    return path.read_bytes()


@pytest.mark.parametrize("deflate", [False, True])
def test_python_reads_names_times_and_bytes(tmp_path: Path, *, deflate: bool) -> None:
    written(tmp_path / "a.zip", MEMBERS, deflate=deflate)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == MEMBERS
        assert {info.date_time for info in archive.infolist()} == {WHEN}
        assert {info.compress_type for info in archive.infolist()} == {8 if deflate else 0}
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100644}


@pytest.mark.peer("unzip")
@pytest.mark.parametrize("deflate", [False, True])
def test_unzip_extracts_them(tmp_path: Path, *, deflate: bool) -> None:
    written(tmp_path / "a.zip", MEMBERS, deflate=deflate)
    subprocess.run(["unzip", "-q", "a.zip", "-d", "out"], cwd=tmp_path, check=True)
    assert {name: (tmp_path / "out" / name).read_bytes() for name in MEMBERS} == MEMBERS


@pytest.mark.peer("7z")
@pytest.mark.parametrize("deflate", [False, True])
def test_7z_finds_nothing_wrong(tmp_path: Path, *, deflate: bool) -> None:
    written(tmp_path / "a.zip", MEMBERS, deflate=deflate)
    done = subprocess.run(
        ["7z", "t", "a.zip"], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert "Everything is Ok" in done.stdout
    assert "Warning" not in done.stdout


def test_the_same_members_give_the_same_bytes(tmp_path: Path) -> None:
    first = written(tmp_path / "a.zip", MEMBERS, deflate=True)
    assert written(tmp_path / "b.zip", MEMBERS, deflate=True) == first


@pytest.mark.long
def test_65535_members_need_no_zip64_and_one_more_does(tmp_path: Path) -> None:
    for count in (65_535, 65_536):
        data = written(tmp_path / "a.zip", {f"{n}": b"" for n in range(count)})
        assert (b"PK\6\6" in data) == (count > 65_535)
        with zipfile.ZipFile(tmp_path / "a.zip") as archive:
            assert len(archive.infolist()) == count


@pytest.mark.long
@pytest.mark.peer("unzip")
def test_members_past_4_gib_are_zip64_and_small_ones_are_not(tmp_path: Path) -> None:
    with (tmp_path / "large").open("w+b") as large:
        large.truncate((1 << 32) + 2)
        os.pwrite(large.fileno(), b"end", (1 << 32) - 1)
        path = tmp_path / "a.zip"
        with path.open("w+b") as file, ZipWriter(file.fileno(), str(tmp_path)) as writer:
            writer.add("first", Source(b"1"), WHEN, deflate=False)
            writer.add("large", Source(fd=large.fileno()), WHEN, deflate=True)
            writer.add("stored", Source(fd=large.fileno()), WHEN, deflate=False)
            writer.add("last", Source(b"2"), WHEN, deflate=False)
            writer.finish()
    with zipfile.ZipFile(path) as archive:
        extras = {info.filename: info.extract_version for info in archive.infolist()}
        assert extras == {"first": 20, "large": 45, "stored": 45, "last": 45}
        assert archive.read("last") == b"2"
        assert archive.getinfo("large").file_size == (1 << 32) + 2
    subprocess.run(["unzip", "-tq", "a.zip"], cwd=tmp_path, check=True, capture_output=True)


def test_times_outside_of_what_a_zip_can_say_are_the_nearest(tmp_path: Path) -> None:
    with (tmp_path / "a.zip").open("w+b") as file, ZipWriter(file.fileno(), "/tmp") as writer:
        writer.add("old", Source(b""), (1900, 1, 1, 0, 0, 0), deflate=False)
        writer.add("new", Source(b""), (9999, 1, 1, 0, 0, 0), deflate=False)
        writer.finish()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        years = [info.date_time[0] for info in archive.infolist()]
    assert years == [1980, 2107]
