"""Bytes by position, and spools."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dicomtx.errors import DestinationError, SourceError
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.source import CHUNK, IN_MEMORY, WINDOW, Source, Spool

DATA = bytes(range(256)) * 1024  # 256 KiB


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "in.dcm"
    path.write_bytes(DATA)
    return path


@pytest.mark.parametrize("at", [0, 1, WINDOW - 3, WINDOW, len(DATA) - 4, len(DATA), len(DATA) + 9])
@pytest.mark.parametrize("size", [0, 1, 12, WINDOW, WINDOW + 1])
def test_a_file_is_read_like_memory_at_any_position(file: Path, at: int, size: int) -> None:
    with LocalFile(str(file)).open() as source:
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
    with LocalFile(str(file)).open() as source:
        os.truncate(file, 100)
        with pytest.raises(SourceError, match="truncated"):
            list(source.chunks(0, len(DATA)))
        with (tmp_path / "out").open("wb") as out, pytest.raises(SourceError, match="truncated"):
            source.copy_to(out.fileno(), 0, len(DATA))


def test_a_copy_is_the_same_where_the_kernel_cannot_do_it(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> int:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    for number, copy in enumerate((os.copy_file_range, refuse)):
        monkeypatch.setattr(os, "copy_file_range", copy)
        out = tmp_path / f"{number}"
        with LocalFile(str(file)).open() as source, out.open("wb") as target:
            source.copy_to(target.fileno(), 7, len(DATA) - 9)
        assert out.read_bytes() == DATA[7:-2]


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo"])
def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "in"
    if kind == "folder":
        path.mkdir()
    if kind == "fifo":
        os.mkfifo(path)
    said = {"missing": "no such file", "folder": "is a folder; dicomtx batch"}
    expected = said.get(kind, "not a regular file")
    with pytest.raises(SourceError, match=expected), LocalFile(str(path)).open():
        pass


@pytest.mark.parametrize("piped", [True, False])
def test_standard_input_is_read_like_a_file(file: Path, *, piped: bool) -> None:
    script = (
        "from dicomtx.storage.location import locate\n"
        "from dicomtx.storage.source import write_all\n"
        "with locate('-').open() as s: write_all(1, s.read(100, s.size))"
    )
    with (
        file.open("rb") as stdin,
        subprocess.Popen(
            [sys.executable, "-c", script], stdin=-1 if piped else stdin, stdout=-1
        ) as process,
    ):
        out, _ = process.communicate(DATA if piped else None)
    assert out == DATA[100:]


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
    with pytest.raises(DestinationError, match="no temporary file in"):
        spool.write(bytes(IN_MEMORY + 1))
