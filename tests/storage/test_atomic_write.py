"""Outputs that appear whole or not at all."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from dicomtx.errors import DestinationError, SourceError
from dicomtx.storage.atomic_write import atomic_write
from dicomtx.storage.source import write_all

DATA = bytes(range(256)) * 1024  # 256 KiB


def write(path: Path, data: bytes = b"new", *, overwrite: bool = False) -> None:
    with atomic_write(str(path), overwrite=overwrite) as fd:
        write_all(fd, data)


def test_an_output_appears_whole_and_only_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "out.dcm"
    with atomic_write(str(out), overwrite=False) as fd:
        write_all(fd, b"new")
        assert not out.exists()
    assert out.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [out]


def test_an_output_has_the_mode_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path / "out.dcm")
    finally:
        os.umask(before)
    assert (tmp_path / "out.dcm").stat().st_mode & 0o777 == 0o640


def test_an_existing_target_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out.dcm"
    out.write_bytes(b"mine")
    with pytest.raises(DestinationError, match="--overwrite"):
        write(out)
    assert out.read_bytes() == b"mine"


def test_a_target_that_somebody_made_meanwhile_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out.dcm"
    with (
        pytest.raises(DestinationError, match="already exists"),
        atomic_write(str(out), overwrite=False),
    ):
        out.write_bytes(b"mine")
    assert out.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [out]


def test_an_output_has_at_most_the_mode_that_it_may_have(tmp_path: Path) -> None:
    for mode in (0o600, 0o640, 0o604, 0o400, 0o777):
        for before in (None, 0o666, 0o600, 0o444):
            out = tmp_path / "out.dcm"
            if before is not None:
                out.write_bytes(b"old")
                out.chmod(before)
            with atomic_write(str(out), overwrite=True, mode=mode) as fd:
                assert os.fstat(fd).st_mode & 0o077 & ~mode == 0
                write_all(fd, b"new")
            wanted = before if before is not None else 0o666 & ~_umask()
            assert out.stat().st_mode & 0o777 == wanted & mode, (mode, before)
            out.unlink()


def _umask() -> int:
    before = os.umask(0)
    os.umask(before)
    return before


def test_the_last_check_is_made_when_the_output_is_safe_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    sync, replace = os.fsync, os.replace

    def synced(fd: int) -> None:
        told.append("folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file")
        sync(fd)

    def named(part: str, target: str, **folders: Any) -> None:
        told.append("name")
        replace(part, target, **folders)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", named)
    out = tmp_path / "out.dcm"
    with atomic_write(str(out), overwrite=True, check=lambda: told.append("check")) as fd:
        write_all(fd, b"new")
    assert told == ["file", "check", "name", "folder"]


def test_what_the_last_check_raises_leaves_the_target_untouched(tmp_path: Path) -> None:
    out = tmp_path / "out.dcm"
    out.write_bytes(b"mine")

    def changed() -> None:
        raise SourceError("was changed")

    with (
        pytest.raises(SourceError),
        atomic_write(str(out), overwrite=True, check=changed) as fd,
    ):
        write_all(fd, b"new")
    assert out.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [out]


def test_a_replaced_target_keeps_its_mode(tmp_path: Path) -> None:
    out = tmp_path / "out.dcm"
    out.write_bytes(b"old")
    out.chmod(0o604)
    write(out, overwrite=True)
    assert out.read_bytes() == b"new"
    assert out.stat().st_mode & 0o777 == 0o604


def test_a_link_keeps_pointing_to_the_file_that_is_replaced(tmp_path: Path) -> None:
    real, link = tmp_path / "real.dcm", tmp_path / "link.dcm"
    real.write_bytes(b"old")
    link.symlink_to(real.name)
    write(link, overwrite=True)
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


@pytest.mark.parametrize("leads_to", ["real.dcm", "nowhere.dcm", "folder"])
def test_a_link_that_is_not_followed_is_replaced(tmp_path: Path, leads_to: str) -> None:
    real, link = tmp_path / "real.dcm", tmp_path / "link.dcm"
    real.write_bytes(b"theirs")
    real.chmod(0o666)
    (tmp_path / "folder").mkdir()
    link.symlink_to(leads_to)
    with atomic_write(str(link), overwrite=True, mode=0o600, below=str(tmp_path)) as fd:
        write_all(fd, b"new")
    assert not link.is_symlink()
    assert (link.read_bytes(), link.stat().st_mode & 0o777) == (b"new", 0o600)
    assert real.read_bytes() == b"theirs"
    assert not (tmp_path / "nowhere.dcm").exists()


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(
    tmp_path: Path, depth: int, *, overwrite: bool
) -> None:
    folder, far = tmp_path.joinpath("out", *"ab"[:depth]), tmp_path / "far"
    folder.mkdir(parents=True)
    far.mkdir()
    (far / "file").write_bytes(b"precious")
    path, moved = folder / "file", tmp_path / "out/moved"
    with atomic_write(str(path), overwrite=overwrite, below=str(tmp_path / "out")) as fd:
        write_all(fd, b"new")
        folder.rename(moved)
        folder.symlink_to(far)
    assert (far / "file").read_bytes() == b"precious"
    assert [entry.name for entry in far.iterdir()] == ["file"]
    assert [entry.name for entry in moved.iterdir()] == ["file"]
    with (
        pytest.raises(DestinationError, match="is a symbolic link"),
        atomic_write(str(path), overwrite=True, below=str(tmp_path / "out")),
    ):
        pass


def test_a_file_can_be_written_to_a_folder_that_cannot_be_listed(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir(mode=0o300)
    write(folder / "file")
    folder.chmod(0o700)
    assert [entry.name for entry in folder.iterdir()] == ["file"]


def test_a_dangling_link_counts_as_existing(tmp_path: Path) -> None:
    link = tmp_path / "link.dcm"
    link.symlink_to("nowhere.dcm")
    with pytest.raises(DestinationError, match="already exists"):
        write(link)
    write(link, overwrite=True)
    assert (tmp_path / "nowhere.dcm").read_bytes() == b"new"


def fail_half_way(path: str, error: type[BaseException]) -> None:
    with suppress(error), atomic_write(path, overwrite=True) as fd:
        write_all(fd, b"half")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_in_the_block_leaves_nothing_and_the_target_untouched(
    tmp_path: Path, error: type[BaseException]
) -> None:
    out = tmp_path / "out.dcm"
    out.write_bytes(b"mine")
    fail_half_way(str(out), error)
    assert out.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [out]


def test_a_full_disk_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DestinationError, match="no space left on device"):
        write(tmp_path / "out.dcm")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fails_at_the_very_end_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(DestinationError, match="input/output error"):
        write(tmp_path / "out.dcm")
    assert list(tmp_path.iterdir()) == []


def test_a_short_write_is_carried_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right: Callable[..., int] = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: right(fd, data[:1000]))
    write(tmp_path / "out.dcm", DATA)
    assert (tmp_path / "out.dcm").read_bytes() == DATA


@pytest.mark.parametrize("exists", [False, True])
def test_a_file_system_without_links_is_written_to_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, exists: bool
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    out = tmp_path / "out.dcm"
    if not exists:
        write(out)
        assert out.read_bytes() == b"new"
    else:
        with pytest.raises(DestinationError), atomic_write(str(out), overwrite=False):
            out.write_bytes(b"mine")
        assert out.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [out]


def test_a_name_as_long_as_a_name_may_be_can_be_written(tmp_path: Path) -> None:
    out = tmp_path / ("n" * 251 + ".dcm")
    write(out)
    assert list(tmp_path.iterdir()) == [out]


@contextmanager
def standard_output(fd: int) -> Iterator[None]:
    """Lets descriptor 1 be another one for a while."""
    before = os.dup(1)
    os.dup2(fd, 1)
    os.close(fd)
    try:
        yield
    finally:
        os.dup2(before, 1)
        os.close(before)


def test_standard_output_gets_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "stdout"
    with standard_output(os.open(path, os.O_WRONLY | os.O_CREAT)):
        fail_half_way("-", ValueError)
        assert path.read_bytes() == b""
        with atomic_write("-", overwrite=False) as fd:
            write_all(fd, DATA)
    assert path.read_bytes() == DATA


def test_a_closed_pipe_is_told() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with (
        standard_output(writing),
        pytest.raises(DestinationError, match="standard output was closed"),
        atomic_write("-", overwrite=False) as fd,
    ):
        write_all(fd, DATA)


def test_a_device_is_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    for path in (pipe, tmp_path / "link"):
        with pytest.raises(DestinationError, match="is a device, pipe or socket"):
            write(path, overwrite=True)
    assert pipe.is_fifo()


def test_a_replaced_target_keeps_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, asked = tmp_path / "a", []
    path.write_bytes(b"old")
    status = path.stat()
    monkeypatch.setattr(os, "chown", lambda _, *owner: asked.append(owner))
    write(path, overwrite=True)
    assert asked == [(status.st_uid, status.st_gid)]
