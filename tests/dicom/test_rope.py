"""Bytes to be written, put together without copying."""

from pathlib import Path

import pytest

from dicomtx.dicom.rope import Rope, swapped
from dicomtx.errors import SourceError
from dicomtx.storage.source import Source

DATA = bytes(range(256)) * 5000  # more than a chunk


def rope(source: Source, word: int = 1) -> Rope:
    made = Rope()
    made.add(b"head")
    made.span(source, 8, 16)
    made.span(source, 24, 1000)
    made.span(source, 16, len(DATA) - 16, word)
    room = made.reserve()
    made.add(b"tail")
    room.fill(b"room")
    return made


@pytest.mark.parametrize("word", [1, 2, 4, 8])
@pytest.mark.parametrize("in_file", [True, False])
def test_what_is_written_is_what_was_put_together(
    tmp_path: Path, word: int, *, in_file: bool
) -> None:
    path, out = tmp_path / "in", tmp_path / "out"
    path.write_bytes(DATA)
    expected = b"head" + DATA[8:1024] + swapped(DATA[16:], word) + b"roomtail"
    with path.open("rb") as file, out.open("wb") as target:
        made = rope(Source(fd=file.fileno()) if in_file else Source(DATA), word)
        made.write_to(target.fileno())
        assert b"".join(made.chunks()) == expected
    assert out.read_bytes() == expected
    assert made.size == len(expected)


def test_spans_that_touch_become_one_and_others_do_not() -> None:
    source = Source(DATA)
    made = Rope()
    made.span(source, 0, 10)
    made.span(source, 10, 10)
    assert len(made._pieces) == 1
    made.span(source, 21, 10)
    made.span(source, 31, 10, 2)
    made.span(source, 41, 10, 2)
    made.span(Source(DATA), 51, 10)
    assert len(made._pieces) == 5
    assert made.size == 60


def test_a_rope_within_a_rope_is_filled_in_later_all_the_same() -> None:
    inner = Rope()
    room = inner.reserve(2)
    outer = Rope()
    outer.add(b"<")
    outer.extend(inner)
    outer.add(b">")
    room.fill(b"ok")
    assert b"".join(outer.chunks()) == b"<ok>"
    assert outer.size == 4


@pytest.mark.parametrize(
    ("word", "expected"),
    [(1, b"abcdefghi"), (2, b"badcfehgi"), (4, b"dcbahgfei"), (8, b"hgfedcbai")],
)
def test_words_are_swapped_and_a_rest_stays(word: int, expected: bytes) -> None:
    assert swapped(b"abcdefghi", word) == expected


def test_short_bytes_are_joined_and_a_rope_that_was_appended_does_not_change() -> None:
    inner, outer = Rope(), Rope()
    for _ in range(10_000):
        inner.add(b"four")
        inner.value(Source(DATA), 1, 2, 2)
    outer.extend(inner)
    inner.add(b"more")
    outer.add(b"end")
    assert len(outer._pieces) == 2
    assert b"".join(outer.chunks()) == b"four\2\1" * 10_000 + b"end"
    assert (outer.size, inner.size) == (60_003, 60_004)


def test_a_truncated_source_is_an_error_for_short_values_too() -> None:
    made = Rope()
    made.value(Source(DATA[:10]), 10, 8, 1)
    with pytest.raises(SourceError, match="truncated"):
        list(made.chunks())
