"""Where code streams end, and where others of the same image start after them."""

import itertools
import random

import pytest

from dicomtx.code_stream import end, jpeg, starts, starts_and_end
from tests.first_frames import Encapsulated, first_frames

STREAMS = [f for f in first_frames() if f.syntax.family not in ("deflate", "native")]
LOSSLESS_SCAN = b"\0\0\0"  # NEAR, interleaving, point transform


def named(frame: Encapsulated) -> str:
    return frame.name


@pytest.mark.parametrize("frame", STREAMS, ids=named)
def test_one_search_finds_the_end_and_the_starts(frame: Encapsulated) -> None:
    stream = frame.stream
    for data in (stream, stream * 2, stream + b"\xff\xd8\xff\xe0", stream[:-40], stream + bytes(9)):
        assert starts_and_end(data) == (starts(data), end(data))


def rle_frame(count: int, *segments: bytes) -> bytes:
    offsets = itertools.accumulate(map(len, segments[:-1]), initial=64)
    words = [count, *offsets, *[0] * (15 - count)]
    return b"".join(word.to_bytes(4, "little") for word in words) + b"".join(segments)


@pytest.mark.parametrize("count", [1, 2, 3, 6, 12, 13, 15])
@pytest.mark.parametrize("first", [10, 192, 65472])  # offsets that end with one to three zeros
def test_the_starts_of_rle_frames_are_found_by_their_headers(count: int, first: int) -> None:
    noise = random.Random(count)
    lengths = [first, *noise.choices((2, 7, 130), k=count - 1)]
    frames = [rle_frame(count, *map(noise.randbytes, lengths)) for _ in range(4)]
    edges = [0, *itertools.accumulate(map(len, frames[:-1]))]
    assert starts(b"".join(frames)) == edges
    assert starts(bytes(3).join(frames)) == [edge + 3 * n for n, edge in enumerate(edges)]


def test_a_run_of_zeros_is_not_a_header_of_rle() -> None:
    other = rle_frame(2, b"ab", b"cd")
    frame = rle_frame(3, b"\x7f" + bytes(128), bytes(200), other + b"\x40" + bytes(99))
    assert starts(frame + frame) == [0, len(frame)]


def scan(*tables: int) -> bytes:
    body = bytes((len(tables), *itertools.chain(*enumerate(tables, 1)))) + LOSSLESS_SCAN
    return b"\xff\xda" + (len(body) + 2).to_bytes(2, "big") + body + b"data"


@pytest.mark.parametrize(
    ("scans", "mapped"),
    [
        ([scan(0, 0, 0)], False),
        ([scan(0, 3, 0)], True),
        ([scan(0), scan(0), scan(0)], False),
        ([scan(0), scan(0), scan(1)], True),
    ],
)
def test_any_scan_of_a_jpegls_stream_can_use_a_mapping_table(
    scans: list[bytes], *, mapped: bool
) -> None:
    frame = b"\xff\xf7\0\x11\x08\0\x10\0\x10\x03" + b"\x01\x11\0\x02\x11\0\x03\x11\0"
    assert jpeg.is_mapped(jpeg.SOI + frame + b"".join(scans) + jpeg.END) == mapped
