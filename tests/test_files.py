"""Bytes by position, spools, and outputs that appear whole or not at all."""

import errno
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dicomtx import files
from dicomtx.errors import DestinationError, SourceError
from dicomtx.files import CHUNK, IN_MEMORY, WINDOW, Source, Spool, atomic_write, open_source

DATA = bytes(range(256)) * 1024  # 256 KiB


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "in.dcm"
    path.write_bytes(DATA)
    return path


# ------------------------------------------------------------------ sources


@pytest.mark.parametrize("at", [0, 1, WINDOW - 3, WINDOW, len(DATA) - 4, len(DATA), len(DATA) + 9])
@pytest.mark.parametrize("size", [0, 1, 12, WINDOW, WINDOW + 1])
def test_a_file_is_read_like_memory_at_any_position(file: Path, at: int, size: int) -> None:
    with open_source(str(file)) as source:
        assert source.size == len(DATA)
        assert source.peek(5, 12) == DATA[5:17]
        assert source.peek(at, size) == DATA[at : at + size]
        assert source.read(at, size) == DATA[at : at + size]
        assert Source(DATA).peek(at, size) == DATA[at : at + size]


def test_chunks_are_whole_words_but_for_the_last(tmp_path: Path) -> None:
    data = DATA * 9 + b"end"
    chunks = list(Source(data).chunks(1, len(data) - 1))
    assert b"".join(chunks) == data[1:]
    assert all(len(chunk) == CHUNK for chunk in chunks[:-1])
    assert CHUNK % 8 == 0


def test_a_source_that_becomes_shorter_is_damaged(file: Path, tmp_path: Path) -> None:
    with open_source(str(file)) as source:
        os.truncate(file, 100)
        with pytest.raises(SourceError, match="shorter"):
            list(source.chunks(0, len(DATA)))
        with (tmp_path / "out").open("wb") as out, pytest.raises(SourceError, match="shorter"):
            source.copy_to(out.fileno(), 0, len(DATA))


def test_a_copy_is_the_same_where_the_kernel_cannot_do_it(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> int:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    for number, copy in enumerate((os.copy_file_range, refuse)):
        monkeypatch.setattr(os, "copy_file_range", copy)
        out = tmp_path / f"{number}"
        with open_source(str(file)) as source, out.open("wb") as target:
            source.copy_to(target.fileno(), 7, len(DATA) - 9)
        assert out.read_bytes() == DATA[7:-2]


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo"])
def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "in"
    if kind == "folder":
        path.mkdir()
    if kind == "fifo":
        os.mkfifo(path)
    expected = "no such file" if kind == "missing" else "not a regular file"
    with pytest.raises(SourceError, match=expected), open_source(str(path)):
        pass


def test_standard_input_is_read_whole_from_a_pipe_and_by_position_from_a_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.write(writing, DATA[:9000])
    os.close(writing)
    for fd, data in ((reading, DATA[:9000]), (os.open(file, os.O_RDONLY), DATA)):
        with os.fdopen(fd) as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            with open_source("-") as source:
                assert source.size == len(data)
                assert source.read(100, len(data)) == data[100:]


# ------------------------------------------------------------------ spools


@pytest.mark.parametrize("size", [10, IN_MEMORY, IN_MEMORY + 1])
def test_a_spool_rolls_to_a_nameless_file_and_holds_the_same(tmp_path: Path, size: int) -> None:
    spool = Spool(str(tmp_path))
    data = (DATA * (size // len(DATA) + 1))[:size]
    for start in range(0, size, 1 << 20):
        spool.write(data[start : start + (1 << 20)])
    assert spool.size == size
    assert (spool._fd >= 0) == (size > IN_MEMORY)
    assert list(tmp_path.iterdir()) == []
    assert spool.source().read(0, size) == data
    spool.close()


@pytest.mark.parametrize("first", [10, IN_MEMORY + 1])
def test_a_spool_forgets_what_was_written_before_a_reset(tmp_path: Path, first: int) -> None:
    spool = Spool(str(tmp_path))
    spool.write(bytes(first))
    spool.reset()
    spool.write(b"again")
    source = spool.source()
    assert (spool.size, source.size, source.read(0, 99)) == (5, 5, b"again")
    spool.close()


def test_a_spool_without_nameless_files_leaves_no_name_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_TMPFILE")
    spool = Spool(str(tmp_path))
    spool.write(bytes(IN_MEMORY + 1))
    assert list(tmp_path.iterdir()) == []
    spool.close()


def test_a_spool_without_room_says_where(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "no"))
    with pytest.raises(DestinationError, match="no room to work in"):
        spool.write(bytes(IN_MEMORY + 1))


# ------------------------------------------------------------------ outputs


def write(path: Path, data: bytes = b"new", *, overwrite: bool = False) -> None:
    with atomic_write(str(path), overwrite=overwrite) as fd:
        files.write_all(fd, data)


def test_an_output_appears_whole_and_only_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "out.dcm"
    with atomic_write(str(out), overwrite=False) as fd:
        files.write_all(fd, b"new")
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
        pytest.raises(DestinationError, match="exists already"),
        atomic_write(str(out), overwrite=False),
    ):
        out.write_bytes(b"mine")
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


def test_a_dangling_link_counts_as_existing(tmp_path: Path) -> None:
    link = tmp_path / "link.dcm"
    link.symlink_to("nowhere.dcm")
    with pytest.raises(DestinationError, match="exists already"):
        write(link)
    write(link, overwrite=True)
    assert (tmp_path / "nowhere.dcm").read_bytes() == b"new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_in_the_block_leaves_nothing_and_the_target_untouched(
    tmp_path: Path, error: type[BaseException]
) -> None:
    out = tmp_path / "out.dcm"
    out.write_bytes(b"mine")
    with pytest.raises(error), atomic_write(str(out), overwrite=True) as fd:
        files.write_all(fd, b"half")
        raise error
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
    def refuse(*_: Any) -> None:
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


def _part(folder: Path, pid: int) -> Path:
    path = folder / f".out.dcm.dicomtx-{pid}.part"
    path.write_bytes(b"half")
    return path


def test_only_the_parts_of_processes_that_are_gone_are_swept(tmp_path: Path) -> None:
    reaped = os.posix_spawn(sys.executable, [sys.executable, "-c", ""], os.environ)
    os.waitpid(reaped, 0)
    gone, alive = _part(tmp_path, reaped), _part(tmp_path, os.getppid())
    other = tmp_path / f".other.dcm.dicomtx-{reaped}.part"
    other.write_bytes(b"half")
    write(tmp_path / "out.dcm")
    assert not gone.exists()
    assert alive.exists()
    assert other.exists()


def test_a_name_as_long_as_a_name_may_be_can_be_written(tmp_path: Path) -> None:
    out = tmp_path / ("n" * 251 + ".dcm")
    write(out)
    assert list(tmp_path.iterdir()) == [out]


def test_standard_output_gets_all_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "stdout"
    with path.open("w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with pytest.raises(ValueError, match="half"), atomic_write("-", overwrite=False) as fd:
            files.write_all(fd, b"half")
            raise ValueError("half")
        assert path.read_bytes() == b""
        with atomic_write("-", overwrite=False) as fd:
            files.write_all(fd, DATA)
    assert path.read_bytes() == DATA


def test_a_closed_pipe_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with io.open(writing, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with (
            pytest.raises(DestinationError, match="standard output was closed"),
            atomic_write("-", overwrite=False) as fd,
        ):
            files.write_all(fd, DATA)
