"""No stream reaches native code whose header asks for another frame than the data set."""

import random
import zlib
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest

from dicomtx import code_stream
from dicomtx.codecs import guard, stream_repair
from dicomtx.errors import CodecError, DamagedError, UnsupportedError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax, find
from tests.dicom import builder
from tests.first_frames import Encapsulated, first_frames

FRAMES = {frame.name: frame for frame in first_frames()}
JPEG = FRAMES["SC_rgb_jpeg_dcmtk.dcm"]
JPEG_LS = FRAMES["MR_small_jpeg_ls_lossless.dcm"]
JPEG_2000 = FRAMES["MR_small_jp2klossless.dcm"]
HTJ2K = replace(
    JPEG,
    name="HTJ2K",
    syntax=find("htj2k-lossless"),
    stream=bytes(imagecodecs.htj2k_encode(np.zeros((100, 100, 3), np.uint8))),
)
RLE = FRAMES["MR_small_RLE.dcm"]
GREY = builder.image(4, 6)


def named(frame: Encapsulated) -> str:
    return frame.name


def refusal(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> str:
    with pytest.raises(DamagedError) as raised:
        guard.check(stream, syntax, image)
    return str(raised.value)


def offsets(frame: Encapsulated, *words: int) -> bytes:
    head = b"".join(word.to_bytes(4, "little") for word in words)
    return head + frame.stream[len(head) :]


@pytest.mark.parametrize("frame", FRAMES.values(), ids=named)
def test_a_real_stream_passes_without_its_boxes(frame: Encapsulated) -> None:
    passed = guard.check(frame.stream, frame.syntax, frame.image)
    assert passed == code_stream.unboxed(frame.stream)
    if frame.syntax.family == "JPEG 2000":
        assert passed.startswith(b"\xff\x4f\xff\x51")


@pytest.mark.parametrize("frame", [JPEG, JPEG_LS, JPEG_2000, HTJ2K], ids=named)
@pytest.mark.parametrize(
    "change",
    [
        {"rows": 10},
        {"columns": 10},
        {"samples_per_pixel": 2},
        {"rows": 60000, "columns": 60000},
    ],
)
def test_a_stream_of_another_image_is_refused(frame: Encapsulated, change: dict[str, int]) -> None:
    assert "the data set" in refusal(frame.stream, frame.syntax, frame.image._replace(**change))


def test_a_header_that_claims_far_more_than_the_data_set_is_refused() -> None:
    at = JPEG.stream.index(b"\xff\xc0") + 5
    liar = JPEG.stream[:at] + b"\xea\x60\xea\x60" + JPEG.stream[at + 4 :]
    told = refusal(liar, JPEG.syntax, JPEG.image)
    assert told == "the JPEG stream has 60000 x 60000 pixels, but the data set says 100 x 100"


@pytest.mark.parametrize(
    ("name", "marker"),
    [("jpeg-baseline", b"\xff\xc0"), ("jpeg-lossless", b"\xff\xc3"), ("progressive", b"\xff\xc2")],
)
def test_a_stream_too_short_for_the_size_that_it_claims_is_refused(
    name: str, marker: bytes
) -> None:
    pixels = np.random.default_rng(7).integers(0, 255, (64, 64), np.uint8)
    if name == "jpeg-lossless":
        stream = bytes(imagecodecs.ljpeg_encode(pixels))
    else:
        stream = bytes(imagecodecs.jpeg8_encode(pixels, optimize=True))
    if name == "progressive":  # the bound of the header is all that is looked at
        stream = stream.replace(b"\xff\xc0", marker)
    syntax = find("jpeg-lossless" if name == "jpeg-lossless" else "jpeg-extended")
    image = GREY._replace(rows=64, columns=64)
    assert guard.check(stream, syntax, image) == stream
    at = stream.index(marker) + 5
    forged = stream[:at] + (24000).to_bytes(2, "big") * 2 + stream[at + 4 :]
    told = refusal(forged, syntax, image._replace(rows=24000, columns=24000))
    assert "too few for 24000 x 24000" in told


@pytest.mark.parametrize("size", [(8, 8), (1, 1), (1000, 3), (1024, 1024)])
def test_the_shortest_streams_that_encoders_make_pass(size: tuple[int, int]) -> None:
    black = np.zeros(size, np.uint8)
    image = GREY._replace(rows=size[0], columns=size[1])
    for stream, name in (
        (imagecodecs.jpeg8_encode(black, level=1, optimize=True), "jpeg-baseline"),
        (imagecodecs.ljpeg_encode(black), "jpeg-lossless"),
    ):
        assert guard.check(bytes(stream), find(name), image) == bytes(stream)


def test_a_stream_of_more_bits_than_are_allocated_is_refused() -> None:
    image = JPEG_LS.image._replace(bits_allocated=8)
    told = refusal(JPEG_LS.stream, JPEG_LS.syntax, image)
    assert told == "the JPEG-LS stream has 16 bits per sample, but the data set allocates 8"


def test_a_one_bit_image_may_be_coded_in_eight() -> None:
    image = JPEG.image._replace(bits_allocated=1, bits_stored=1, high_bit=0)
    assert guard.check(JPEG.stream, JPEG.syntax, image) == JPEG.stream


def test_a_stream_that_does_not_tell_its_components_is_refused() -> None:
    alpha = b"\xff\x0a\x00\x11\xb0\x12\x08\x10\x10\x00" + bytes(60)
    told = refusal(alpha, find("jpeg-xl-lossless"), JPEG.image._replace(rows=33, columns=33))
    assert "an unknown number of components" in told


@pytest.mark.parametrize("name", ["rle-lossless", "jpeg-baseline", "deflated-image-frame"])
def test_an_empty_frame_is_refused(name: str) -> None:
    assert refusal(b"", find(name), GREY) == "the frame is empty"


@pytest.mark.parametrize("name", ["explicit", "encapsulated-uncompressed", "deflated-image-frame"])
def test_what_has_no_header_passes(name: str) -> None:
    assert guard.check(b"\xff\xd8", find(name), GREY) == b"\xff\xd8"


@pytest.mark.parametrize(
    ("frame", "name", "told"),
    [
        (JPEG_LS, "jpeg-baseline", "a JPEG-LS stream, but the transfer syntax says JPEG"),
        (JPEG, "jpeg2000", "a JPEG stream, but the transfer syntax says JPEG 2000"),
        (JPEG_2000, "rle-lossless", "a JPEG 2000 stream, but the transfer syntax says RLE"),
        (RLE, "jpeg-baseline", "an RLE stream, but the transfer syntax says JPEG"),
    ],
)
def test_a_stream_of_another_family_is_refused(frame: Encapsulated, name: str, told: str) -> None:
    assert refusal(frame.stream, find(name), frame.image) == told


@pytest.mark.parametrize(
    ("frame", "name"), [(JPEG_2000, "htj2k-lossless"), (HTJ2K, "jpeg2000"), (HTJ2K, "htj2k")]
)
def test_jpeg_2000_and_htj2k_pass_for_each_other(frame: Encapsulated, name: str) -> None:
    assert guard.check(frame.stream, find(name), frame.image) == frame.stream


def test_what_is_no_stream_at_all_is_refused() -> None:
    told = refusal(b"not a stream", find("jpeg2000"), GREY)
    assert told == "not a JPEG 2000 stream, or its header is damaged"


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        (RLE.stream[:60], "not an RLE stream"),
        (offsets(RLE, 0), "not an RLE stream"),
        (offsets(RLE, 16), "not an RLE stream"),
        (offsets(RLE, 2, 60), "not an RLE stream"),
        (offsets(RLE, 2, 64, 64), "not an RLE stream"),
        (offsets(RLE, 1, 64), "the RLE header has 1 segments, but the data set requires 2"),
        (offsets(RLE, 3, 64, 70, 80), "the RLE header has 3 segments, but the data set requires 2"),
        (offsets(RLE, 2, 64, 1 << 31), "an RLE segment starts at byte 2147483648"),
    ],
)
def test_an_rle_header_that_points_astray_is_refused(stream: bytes, told: str) -> None:
    assert refusal(stream, RLE.syntax, RLE.image).startswith(told)


def test_an_rle_header_may_leave_a_gap_before_its_segments() -> None:
    gap = offsets(RLE, 2, 66)
    assert guard.check(gap, RLE.syntax, RLE.image) == gap


def test_bytes_after_a_deflate_stream_are_counted() -> None:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    stream = packer.compress(bytes(range(24))) + packer.flush()
    told = refusal(stream + b"more", find("deflated-image-frame"), GREY)
    assert told.startswith("4 unexpected bytes follow the deflate stream")


@pytest.mark.parametrize("name", ["jpeg2000-lossless", "htj2k"])
def test_only_a_stream_with_all_its_tile_parts_lacks_nothing_but_the_end_marker(name: str) -> None:
    whole = code_stream.unboxed(JPEG_2000.stream)
    streams = (whole, whole[:-2], whole[:-20])
    found = [guard.lacks_end_marker(stream, find(name)) for stream in streams]
    assert found == [False, True, False]
    assert not guard.lacks_end_marker(whole[:-2], find("encapsulated-uncompressed"))


@pytest.mark.parametrize("frame", [JPEG, JPEG_LS, JPEG_2000, HTJ2K], ids=named)
def test_a_truncated_stream_is_completed_with_an_end_marker(frame: Encapsulated) -> None:
    cut = frame.stream[:-20]
    assert guard.completed(cut, frame.syntax, frame.image) == cut + b"\xff\xd9"


def test_a_truncated_rle_frame_is_completed_with_whole_segments() -> None:
    completed = guard.completed(RLE.stream[:-20], RLE.syntax, RLE.image)
    assert completed == stream_repair.with_whole_segments(RLE.stream[:-20], 64 * 64)
    assert guard.completed(RLE.stream[:60], RLE.syntax, RLE.image) == RLE.stream[:60]


def test_bytes_after_a_frame_without_markers_are_left_out_if_its_end_is_known() -> None:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = packer.compress(bytes(24)) + packer.flush()
    assert guard.completed(deflated + b"more", find("deflated-image-frame"), GREY) == deflated
    native = find("encapsulated-uncompressed")
    assert guard.completed(bytes(28), native, GREY) == bytes(28)
    assert guard.check(bytes(24) + b"more", native, GREY) == bytes(24) + b"more"


@pytest.mark.parametrize("frame", [JPEG, JPEG_LS, JPEG_2000], ids=named)
def test_two_code_streams_in_one_frame_are_refused(frame: Encapsulated) -> None:
    stream = code_stream.unboxed(frame.stream)
    told = refusal(stream * 2, frame.syntax, frame.image)
    assert told == "holds 2 code streams: Number of Frames is wrong"
    assert guard.without_padding(stream * 2, find("explicit"), frame.image) == stream * 2


def test_an_rle_frame_without_trailing_bytes_is_not_written_anew() -> None:
    gap = offsets(RLE, 2, 66)
    assert guard.without_padding(gap, RLE.syntax, RLE.image) == gap


def test_a_stream_of_one_bit_per_sample_passes() -> None:
    stream = code_stream.unboxed(JPEG_2000.stream)
    depth = stream.index(b"\xff\x51") + 40  # Ssiz: the bits per sample, less one
    bitonal = stream[:depth] + b"\0" + stream[depth + 1 :]
    image = JPEG_2000.image._replace(bits_allocated=1, bits_stored=1, high_bit=0)
    assert guard.check(bitonal, JPEG_2000.syntax, image) == bitonal


@pytest.mark.parametrize("name", ["encapsulated-uncompressed", "deflated-image-frame"])
def test_samples_that_look_like_a_marked_stream_have_no_end(name: str) -> None:
    assert guard.bytes_behind_end(JPEG.stream + b"more", JPEG.syntax, JPEG.image) > 0
    assert guard.bytes_behind_end(JPEG.stream + b"more", find(name), JPEG.image) == 0


def test_nothing_is_behind_the_end_of_an_rle_frame_without_a_header() -> None:
    assert guard.bytes_behind_end(RLE.stream[:60], RLE.syntax, RLE.image) == 0


def test_where_an_rle_frame_ends_is_unknown_without_its_size() -> None:
    stream = RLE.stream + b"more"
    assert guard.bytes_behind_end(stream, RLE.syntax, RLE.image) > 0
    assert guard.bytes_behind_end(stream, RLE.syntax, None) == 0
    assert guard.without_padding(stream, RLE.syntax, None) == stream


def test_a_jpeg_ls_stream_with_a_mapping_table_is_not_supported() -> None:
    scan = JPEG_LS.stream.index(b"\xff\xda")
    table = scan + 6  # behind marker, length, number of components, and the component's name
    mapped = JPEG_LS.stream[:table] + b"\1" + JPEG_LS.stream[table + 1 :]
    with pytest.raises(UnsupportedError, match="mapping table"):
        guard.check(mapped, JPEG_LS.syntax, JPEG_LS.image)


def test_a_frame_of_the_right_length_is_returned() -> None:
    frame = Frame(memoryview(bytes(24)).cast("I"), GREY)
    assert guard.check_length(frame) is frame


@pytest.mark.parametrize("size", [0, 23, 25])
def test_a_frame_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(CodecError, match=f"returned {size} bytes for a frame of 24"):
        guard.check_length(Frame(bytes(size), GREY))


@pytest.mark.parametrize("frame", FRAMES.values(), ids=named)
def test_mutations_pass_with_the_right_size_or_are_refused(frame: Encapsulated) -> None:
    chance = random.Random(frame.name)
    head, tail = frame.stream[:256], frame.stream[256:2048]
    for _ in range(100):
        mutated = bytearray(head)
        for _ in range(chance.randrange(1, 5)):
            mutated[chance.randrange(len(mutated))] = chance.randrange(256)
        try:
            passed = guard.check(bytes(mutated) + tail, frame.syntax, frame.image)
        except (DamagedError, UnsupportedError):
            continue
        said = code_stream.read(passed)
        if said and said.rows:
            assert (said.rows, said.columns) == (frame.image.rows, frame.image.columns)
            assert said.components == frame.image.samples_per_pixel
