"""Which fragments make which frame, whatever the offset tables and Number of Frames say."""

import struct

import pytest

from dicomtx.dicom.pixel_data import encapsulation, fragments
from dicomtx.errors import DamagedError
from tests.dicom import builder

JPEG = [b"\xff\xd8" + name + b"\xff\xd9" for name in (b"frame1", b"frame2", b"frame3")]
RLE = [struct.pack("<16I", 1, 64, *[0] * 14) + name for name in (b"frame1", b"frame2", b"frame3")]


def halves(streams: list[bytes]) -> list[bytes]:
    """Returns each stream in two fragments."""
    return [part for stream in streams for part in (stream[:4], stream[4:])]


def offsets(parts: list[bytes], *starts: int) -> tuple[int, ...]:
    """Returns where these fragments are."""
    return tuple(sum(8 + len(part) for part in parts[:start]) for start in starts)


def found(
    parts: list[bytes],
    wanted: int | None,
    table: tuple[int, ...] = (),
    extended: bytes = b"",
    *,
    salvage: bool = False,
) -> tuple[list[bytes], list[str]]:
    """Returns the frames, joined, and the warnings."""
    before = builder.element(0x7FE00001, "OV", extended) if extended else b""
    data_set = builder.data_set(before + builder.encapsulated(parts, table))
    warnings: list[str] = []
    pixels = encapsulation.read(data_set)
    frames = fragments.frames(data_set.source, pixels, wanted, warnings, salvage=salvage)
    read = data_set.source.read
    return [b"".join(read(*part) for part in frame) for frame in frames], warnings


@pytest.mark.parametrize("streams", [JPEG, RLE], ids=["JPEG", "RLE"])
@pytest.mark.parametrize("tables", ["right", "empty", "extended"])
def test_one_fragment_a_frame_is_the_plain_case(streams: list[bytes], tables: str) -> None:
    right = offsets(streams, 0, 1, 2)
    table = right if tables == "right" else ()
    extended = struct.pack("<3Q", *right) if tables == "extended" else b""
    assert found(streams, 3, table, extended) == (streams, [])


@pytest.mark.parametrize("table", ["right", "empty", "wrong"])
def test_several_fragments_a_frame_are_told_by_the_streams(table: str) -> None:
    parts = halves(JPEG)
    right = offsets(parts, 0, 2, 4)
    wrong = tuple(offset + 2 for offset in right)
    given = {"right": right, "empty": (), "wrong": wrong}[table]
    frames, warnings = found(parts, 3, given)
    assert frames == JPEG
    assert bool(warnings) == (table == "wrong")


def test_several_fragments_a_frame_are_told_by_a_table_where_streams_say_nothing() -> None:
    parts = halves(RLE)
    right = offsets(parts, 0, 2, 4)
    assert found(parts, 3, right) == (RLE, [])
    assert found(parts, 3, extended=struct.pack("<3Q", *right)) == (RLE, [])


@pytest.mark.parametrize("streams", [JPEG[:1], RLE[:1]], ids=["JPEG", "RLE"])
@pytest.mark.parametrize("table", [(), (0,)])
def test_all_fragments_of_a_single_frame_belong_together(
    streams: list[bytes], table: tuple[int, ...]
) -> None:
    frames, _ = found([streams[0][at : at + 4] for at in range(0, len(streams[0]), 4)], 1, table)
    assert frames == streams


@pytest.mark.parametrize(
    "table",
    [(0, 20, 40), (0, 18), (0, 18, 36, 54), (1, 2, 3), (0xFFFFFFFF,)],
    ids=["shifted", "short", "superfluous", "garbage", "huge"],
)
def test_a_wrong_table_is_warned_of_and_not_believed(table: tuple[int, ...]) -> None:
    frames, warnings = found(JPEG, 3, table)
    assert frames == JPEG
    assert "the Basic Offset Table is wrong" in warnings[0]


def test_a_stale_extended_table_is_warned_of_and_not_believed() -> None:
    frames, warnings = found(JPEG, 3, extended=struct.pack("<2Q", 0, 7))
    assert frames == JPEG
    assert "the Extended Offset Table is wrong" in warnings[0]


@pytest.mark.parametrize("empty", [1, 2, 1000])
def test_empty_fragments_at_the_end_are_left_out_with_one_warning(empty: int) -> None:
    frames, warnings = found([*JPEG, *[b""] * empty], 3)
    assert frames == JPEG
    assert len(warnings) == 1
    assert "left out" in warnings[0]


@pytest.mark.parametrize("wanted", [None, 1, 2])
@pytest.mark.parametrize("streams", [JPEG, RLE], ids=["JPEG", "RLE"])
def test_more_frames_than_number_of_frames_says_are_all_kept(
    streams: list[bytes], wanted: int | None
) -> None:
    frames, warnings = found(streams, wanted)
    assert frames == streams
    told = f"Number of Frames is {wanted or 'missing'}, but Pixel Data has 3 frames"
    assert warnings == [told]


@pytest.mark.parametrize("wanted", [4, 30])
@pytest.mark.parametrize("streams", [JPEG, RLE], ids=["JPEG", "RLE"])
def test_fewer_frames_than_number_of_frames_says_are_refused_or_salvaged(
    streams: list[bytes], wanted: int
) -> None:
    told = f"Number of Frames is {wanted}, but Pixel Data has 3 frames"
    with pytest.raises(DamagedError, match=f"{told}.*--salvage"):
        found(streams, wanted)
    assert found(streams, wanted, salvage=True) == (streams, [f"salvaged: {told}"])


def test_a_missing_number_of_frames_is_the_number_of_streams() -> None:
    assert found(JPEG, None)[0] == JPEG
    assert found(halves(JPEG), None)[0] == JPEG


def test_fragments_that_nothing_tells_apart_are_refused() -> None:
    first, second, third = JPEG
    with pytest.raises(DamagedError, match="4 fragments for 2 frames"):
        found([first, second[:4], second[4:], third], 2)


def test_pixel_data_without_anything_is_damaged() -> None:
    with pytest.raises(DamagedError, match="no fragments"):
        found([], 1)
    empty = builder.element(0x7FE00010, "OB", builder.mark(0xFFFEE0DD), length=builder.UNDEFINED)
    with pytest.raises(DamagedError):
        encapsulation.read(builder.data_set(empty))


def test_delimiter_bytes_within_a_stream_end_nothing() -> None:
    stream = b"\xff\xd8" + builder.mark(0xFFFEE0DD) + b"\xff\xd9"
    assert found([stream], 1) == ([stream], [])


def test_a_fragment_that_looks_like_another_codec_begins_no_frame() -> None:
    parts = [b"\xff\xd8abcd", b"\xff\x0a" + b"by chance", b"ef\xff\xd9 "]
    assert found(parts, None)[0] == [b"".join(parts)]
