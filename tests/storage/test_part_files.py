"""Part files are stale if their writer is gone, whoever and wherever it is."""

import errno
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import dicomtx
from dicomtx.dicom.part10 import open_part10
from dicomtx.errors import DestinationError
from dicomtx.storage import part_files
from dicomtx.storage.atomic_write import atomic_write
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.part_files import sweep_for, sweep_tree
from dicomtx.storage.source import write_all
from dicomtx.storage.staging import staging_folder
from tests import file_trees

# a writer of out.dcm that says which part file it has, then waits for a line
WRITER = """
import os, sys
from dicomtx.storage.atomic_write import atomic_write
with atomic_write(sys.argv[1], overwrite=True) as fd:
    os.write(fd, sys.argv[2].encode() * 1000)
    print(os.getpid(), os.readlink(f"/proc/self/fd/{fd}"), flush=True)
    sys.stdin.readline()
"""
CHANGED = "changed, replaced or removed during the conversion; left unchanged"
# a process id of its own, as in a container: both are 1
ALONE = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc")


class Writer:
    """A process that writes a file, and waits before it publishes it."""

    def __init__(self, out: Path, text: str, *within: str) -> None:
        self.process = subprocess.Popen(
            [*within, sys.executable, "-c", WRITER, str(out), text],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        number, path = self.process.stdout.readline().split()
        self.pid, self.part = int(number), Path(path)

    def finish(self) -> int:
        self.process.communicate("\n", timeout=30)
        return self.process.returncode


def publish(path: Path, data: bytes) -> None:
    with atomic_write(str(path), overwrite=True) as fd:
        write_all(fd, data)


def stale(path: Path) -> Path:
    part = part_files.create(str(path), 0o600)
    os.close(part.fd)
    return Path(part.path)


@pytest.mark.parametrize("within", [(), ALONE], ids=["processes", "containers"])
def test_two_writers_of_one_file_do_not_touch_each_others_part_file(
    tmp_path: Path, within: tuple[str, ...]
) -> None:
    out = tmp_path / "out.dcm"
    first = Writer(out, "a", *within)
    second = Writer(out, "b", *within)
    if within:
        assert first.pid == second.pid == 1
    assert first.part != second.part
    assert first.part.exists()
    assert first.finish() == 0
    assert out.read_bytes() == b"a" * 1000
    assert second.finish() == 0
    assert out.read_bytes() == b"b" * 1000
    assert os.listdir(tmp_path) == ["out.dcm"]


def test_a_part_file_is_swept_when_its_writer_was_killed_not_before(tmp_path: Path) -> None:
    out, other = tmp_path / "out.dcm", tmp_path / "sub" / "other.dcm"
    other.parent.mkdir()
    writer, gone = Writer(out, "a"), stale(out)
    elsewhere = stale(other)
    sweep_for(str(out))
    assert writer.part.exists()
    assert not gone.exists()
    writer.process.kill()
    writer.process.communicate()
    assert writer.part.exists()
    sweep_tree(str(tmp_path))
    assert not writer.part.exists()
    assert not elsewhere.exists()


def test_what_looks_like_a_part_file_and_is_none_is_left_alone(tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    linked.write_bytes(b"mine")
    names = [".a.dicomtx-xyz.part", "a.dicomtx-12.part", ".a.dicomtx-12.parts", ".a.dicomtx-.part"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / ".link.dicomtx-12.part").symlink_to(linked)
    os.mkfifo(tmp_path / ".pipe.dicomtx-12.part")
    before = sorted(os.listdir(tmp_path))
    sweep_tree(str(tmp_path))
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        (".a.dcm.dicomtx-12ab.part", True),
        (".a.dcm.dicomtx-12ab.staging", True),
        (".dicomtx-12ab.part", True),
        ("a.dcm.dicomtx-12ab.part", False),
        (".a.dcm.dicomtx-12ab", False),
        (".a.dcm-12ab.part", False),
        (".a.dcm.dicomtx-.part", False),
        (".a.dcm.dicomtx-12xy.part", False),
        ("./a.dcm.dicomtx-12ab.part", False),
    ],
)
def test_only_names_that_dicomtx_makes_are_ours(name: str, *, ours: bool) -> None:
    assert part_files.is_ours(name) is ours


def test_looking_at_a_part_file_in_use_leaves_no_descriptor_open(tmp_path: Path) -> None:
    with atomic_write(str(tmp_path / "out.dcm"), overwrite=True):
        before = os.listdir("/proc/self/fd")
        sweep_tree(str(tmp_path))
        assert os.listdir("/proc/self/fd") == before


def together(count: int, work: Callable[[int], str]) -> list[str]:
    """Has threads begin at once, and returns what came of each."""
    begin = threading.Barrier(count)

    def one(number: int) -> str:
        begin.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def syntax_of(path: Path) -> str:
    with LocalFile(str(path)).open() as source, open_part10(source) as part10:
        return part10.label.name if part10.label else ""


def test_threads_that_write_one_file_leave_one_whole_result(tmp_path: Path) -> None:
    source, out = tmp_path / "in.dcm", tmp_path / "out.dcm"
    source.write_bytes(file_trees.small(1))

    def write(_: int) -> str:
        return dicomtx.transcode(source, out, to="rle", overwrite=True).status

    for _ in range(10):
        assert together(4, write) == ["done"] * 4
        assert syntax_of(out) == "rle-lossless"
    assert sorted(os.listdir(tmp_path)) == ["in.dcm", "out.dcm"]


def test_threads_that_replace_a_file_in_place_never_lose_it(tmp_path: Path) -> None:
    source = tmp_path / "in.dcm"
    source.write_bytes(file_trees.small(1))
    for syntax in ["rle-lossless", "explicit-vr-little-endian"] * 5:

        def replace(_: int, to: str = syntax) -> str:
            end = dicomtx.transcode(source, source, to=to, in_place=True, check=False)
            return end.error or end.status

        ends = together(4, replace)
        assert "done" in ends, ends
        assert set(ends) <= {"done", "skipped", CHANGED}
        assert syntax_of(source) == syntax
    assert os.listdir(tmp_path) == ["in.dcm"]


def removed(part: Path) -> None:
    part.unlink()


def replaced(part: Path) -> None:
    part.unlink()
    part.touch()


@pytest.mark.parametrize("fault", [removed, replaced])
@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_published_is_what_was_written_or_nothing(
    tmp_path: Path, fault: Callable[[Path], None], *, overwrite: bool
) -> None:
    out = tmp_path / "out.dcm"
    if overwrite:
        out.write_bytes(b"mine")

    def write() -> None:
        with atomic_write(str(out), overwrite=overwrite) as fd:
            write_all(fd, b"new")
            fault(Path(os.readlink(f"/proc/self/fd/{fd}")))

    with pytest.raises(DestinationError, match="another process removed the part file"):
        write()
    assert out.exists() == overwrite
    assert not overwrite or out.read_bytes() == b"mine"


def test_a_part_file_that_is_swept_before_it_is_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = fcntl.flock
    swept: list[str] = []

    def late(fd: int, how: int) -> None:
        if not swept:
            swept.append(os.readlink(f"/proc/self/fd/{fd}"))
            part_files.sweep(str(tmp_path))
        right(fd, how)

    monkeypatch.setattr(fcntl, "flock", late)
    publish(tmp_path / "out.dcm", b"new")
    assert swept
    assert (tmp_path / "out.dcm").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["out.dcm"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL])
def test_where_there_are_no_locks_files_are_written_and_nothing_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    other = stale(tmp_path / "out.dcm")
    sweep_tree(str(tmp_path))
    publish(tmp_path / "out.dcm", b"new")
    assert other.exists()
    assert (tmp_path / "out.dcm").read_bytes() == b"new"


def test_a_staging_folder_lives_as_long_as_its_process(tmp_path: Path) -> None:
    target = str(tmp_path / "out.zip")
    left = part_files.create(target, 0o600)
    os.mkdir(left.folder)
    (Path(left.folder) / "1").write_bytes(b"half")
    os.mkdir(tmp_path / ".out.zip.dicomtx-12.staging")  # its part file is gone already
    with staging_folder(target) as first, staging_folder(target) as second:
        assert first != second
        assert os.path.isdir(first)
        assert os.path.isdir(left.folder)
        os.close(left.fd)  # its process dies
    with staging_folder(target) as third:
        assert os.listdir(tmp_path).count(os.path.basename(third)) == 1
        assert len(os.listdir(tmp_path)) == 2
    assert os.listdir(tmp_path) == []


def test_a_deep_folder_is_removed_without_recursion(tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "kept").touch()
    top = tmp_path / "top"
    top.mkdir()
    (top / "link").symlink_to(beside)
    place = os.open(top, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=place)
        below = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=place))
        os.close(place)
        place = below
    os.close(place)
    part_files.remove_folder(str(top))
    assert not top.exists()
    assert (beside / "kept").exists()


def test_a_link_is_not_a_folder_to_remove(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    part_files.remove_folder(str(tmp_path / "link"))
    assert (tmp_path / "kept" / "file").exists()
