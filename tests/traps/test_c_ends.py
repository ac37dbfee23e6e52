"""Section C: what is behind a code stream, and streams that lack their end."""

import io
import struct

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from dicomtx.errors import ExitCode
from dicomtx.image_pixel import ImagePixel
from dicomtx.workflows.compare.compare import compare
from dicomtx.workflows.compare.result import Comparing
from tests.converter import Converter
from tests.dicom import builder
from tests.dicom.builder import image, native, part10
from tests.traps.altered_files import fragments
from tests.traps.three_frames import IMAGES, MARKED, Made, check_all

TOLD = "frame 1 (and 2 more): bytes after the {} ignored as padding"
UNENDED = "frame 1 (and 2 more): the end marker is missing, but all tile-parts are there"
ONE_UNENDED = UNENDED.replace(" (and 2 more)", "")
TILED = [case for case in MARKED if case[0] in ("jpeg2000-lossless", "htj2k-lossless")]


@pytest.mark.parametrize("tail", [b" ", b"\n\0", b"\0\0\0\1", b"GARBAGE!", b"\xff\xd8 \xff"])
@pytest.mark.parametrize(("syntax", "kind"), MARKED)
def test_bytes_behind_the_end_marker_are_padding(
    converter: Converter, syntax: str, kind: str, tail: bytes
) -> None:
    made = Made(syntax, kind)
    parts = [stream.rstrip(b"\0") + tail for stream in made.streams]
    even = [part + b" " * (len(part) % 2) for part in parts]
    told = TOLD.format("end marker")
    check_all(converter, made.file(even), made, told)
    outcome = converter.convert(made.file(even), syntax, repair=True)
    assert told in outcome.warnings
    bare = [stream.rstrip(b"\0") for stream in made.streams]
    assert [part.rstrip(b"\0") for part in fragments(dcmread(converter.out))] == bare


@pytest.mark.parametrize("pad", [b"\0", b"\xff", b"\0\0\0", b"\xff\xff", b"\0\xff"])
def test_plain_padding_needs_no_warning(converter: Converter, plain: Made, pad: bytes) -> None:
    parts = [stream + pad for stream in plain.streams]
    outcome = converter.convert(plain.file([part + b"\0" * (len(part) % 2) for part in parts]))
    assert (outcome.status, outcome.warnings) == ("done", ()), outcome.error
    assert dcmread(converter.out).PixelData == plain.pixels


@pytest.mark.parametrize("pad", [b" ", b"\x20\x20", b"\x01", b"GARBAGE!"])
@pytest.mark.parametrize("kind", IMAGES)
def test_bytes_behind_the_last_rle_segment_are_padding(
    converter: Converter, kind: str, pad: bytes
) -> None:
    made = Made("rle-lossless", kind)
    pad += b"\0" * (len(pad) % 2)
    data = made.file([stream + pad for stream in made.streams])
    outcome = converter.convert(data)
    assert (outcome.status, outcome.decoder, outcome.attempts) == ("done", "imagecodecs", ())
    assert outcome.warnings == (TOLD.format("RLE segments"),)
    assert dcmread(converter.out).PixelData == made.pixels
    outcome = converter.convert(data, "rle-lossless", repair=True)
    assert TOLD.format("RLE segments") in outcome.warnings
    assert fragments(dcmread(converter.out)) == made.streams


@pytest.mark.parametrize("pad", [b"\xff", b"\0", b"\0\0\0\0", b"\xff\0", b"\x80"])
@pytest.mark.parametrize("kind", IMAGES)
def test_plain_padding_of_an_rle_frame_needs_no_warning(
    converter: Converter, kind: str, pad: bytes
) -> None:
    made = Made("rle-lossless", kind)
    outcome = converter.convert(made.file([stream + pad for stream in made.streams]))
    assert (outcome.status, outcome.decoder, outcome.attempts) == ("done", "imagecodecs", ())
    assert outcome.warnings == ()
    assert dcmread(converter.out).PixelData == made.pixels


@pytest.mark.parametrize("pad", [b" ", b"\x01", b"\xfe", b"GARBAGE!"])
def test_bytes_between_rle_segments_are_padding(converter: Converter, pad: bytes) -> None:
    upper, lower = b"\x02abc" + pad + b"\0" * (1 - len(pad) % 2), b"\x02def"
    head = struct.pack("<16I", 2, 64, 64 + len(upper), *[0] * 13)
    pixel = image(1, 3, allocated=16)
    data = builder.identity() + builder.module(pixel) + builder.encapsulated([head + upper + lower])
    outcome = converter.convert(part10("rle-lossless", data))
    assert (outcome.status, outcome.decoder, outcome.attempts) == ("done", "imagecodecs", ())
    assert outcome.warnings == ("frame 1: bytes after the RLE segments ignored as padding",)
    assert dcmread(converter.out).PixelData == b"daebfc"


# ------------------------------------------------------------------ no end marker


@pytest.mark.parametrize("pad", [b"", b"\0", b"\xff\xff"])
@pytest.mark.parametrize(("syntax", "kind"), TILED[:4])
def test_jpeg_2000_without_its_end_marker_is_read_if_all_tile_parts_are_there(
    converter: Converter, syntax: str, kind: str, pad: bytes
) -> None:
    made = Made(syntax, kind)
    parts = [stream.rstrip(b"\0").removesuffix(b"\xff\xd9") + pad for stream in made.streams]
    data = made.file([part + b"\0" * (len(part) % 2) for part in parts])
    check_all(converter, data, made, UNENDED)
    compared = compare(Comparing(str(converter.source), str(converter.out)))
    assert compared.pixels.same
    assert any(UNENDED in warning for warning in compared.warnings)


@pytest.mark.parametrize(
    "pixel",
    [image(64, 64), image(64, 64, allocated=16), image(64, 64, samples=3, photometric="RGB")],
    ids=["grey 8", "grey 16", "RGB"],
)
def test_htj2k_without_its_end_marker_is_read_unless_its_last_byte_may_be_padding(
    converter: Converter, pixel: ImagePixel
) -> None:
    data = np.random.default_rng(4).integers(0, 256, pixel.frame_bytes).astype("u1").tobytes()
    made = converter.done(part10("explicit", native(pixel, data)), "htj2k-lossless")
    stream = fragments(made)[0].rstrip(b"\0").removesuffix(b"\xff\xd9")
    outcome = converter.convert(coded(pixel, stream, "htj2k-lossless"))
    assert ONE_UNENDED in outcome.warnings
    assert dcmread(converter.out).PixelData == data
    outcome = converter.convert(coded(pixel, stream[:-1] + b"\0", "htj2k-lossless"))
    assert "is truncated" in converter.failed(outcome, ExitCode.SOURCE)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(("tile", "size"), [((32, 32), (70, 90)), ((31, 17), (40, 50))])
def test_tiles_that_are_missing_are_never_made_up(
    converter: Converter, bits: int, tile: tuple[int, int], size: tuple[int, int]
) -> None:
    stream = tiled(size, tile, bits)
    pixel = image(*size, allocated=bits)
    starts = [at for at, _ in tile_parts(stream)]
    for end in (*starts[1:], starts[-1] + 12, len(stream) - 3):
        outcome = converter.convert(coded(pixel, stream[:end]))
        assert "is truncated" in converter.failed(outcome, ExitCode.SOURCE)
    whole = converter.done(coded(pixel, stream)).PixelData
    outcome = converter.convert(coded(pixel, stream[:-2]))
    assert outcome.warnings == (ONE_UNENDED,)
    assert dcmread(converter.out).PixelData == whole


@pytest.mark.parametrize("fault", ["length", "count", "missing", "twice", "tile"])
def test_tile_parts_that_may_be_missing_are_refused(converter: Converter, fault: str) -> None:
    """Nothing tells whether the last one is whole, or whether others should follow."""
    pixel = image(70, 90)
    stream = bytearray(tiled((70, 90), (64, 64), 8)[:-2])
    at, length = tile_parts(stream)[-1]
    change = {
        "length": (at + 6, bytes(4)),  # Psot 0: up to EOC
        "count": (at + 11, b"\0"),  # TNsot 0: not known
        "missing": (at + 11, b"\2"),
        "twice": (at + 10, b"\1"),
        "tile": (at + 4, b"\0\0"),
    }
    place, value = change[fault]
    stream[place : place + len(value)] = value
    assert length
    outcome = converter.convert(coded(pixel, bytes(stream)))
    assert "is truncated" in converter.failed(outcome, ExitCode.SOURCE)


def tiled(size: tuple[int, int], tile: tuple[int, int], bits: int) -> bytes:
    """Returns a JPEG 2000 stream of tiles."""
    values = np.random.default_rng(3).integers(0, 1 << bits, size).astype(f"<u{bits // 8}")
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "JPEG2000", no_jp2=True, tile_size=tile)
    return buffer.getvalue()


def tile_parts(stream: bytes | bytearray) -> list[tuple[int, int]]:
    """Returns position and length of each."""
    found, at = [], stream.index(b"\xff\x90")
    while stream[at : at + 2] == b"\xff\x90":
        found.append((at, int.from_bytes(stream[at + 6 : at + 10], "big")))
        at += found[-1][1]
    return found


def coded(pixel: ImagePixel, stream: bytes, syntax: str = "jpeg2000-lossless") -> bytes:
    even = stream + b"\0" * (len(stream) % 2)
    content = builder.identity() + builder.module(pixel) + builder.encapsulated([even])
    return part10(syntax, content)


@pytest.mark.parametrize(("syntax", "kind"), MARKED)
def test_a_stream_that_is_cut_off_is_damaged_whatever_is_behind_it(
    converter: Converter, syntax: str, kind: str
) -> None:
    made = Made(syntax, kind)
    stream = made.streams[1].rstrip(b"\0")
    short = () if (syntax, kind) in TILED else (stream[:-2],)
    for cut in (*short, stream[:-3], stream[: len(stream) * 2 // 3], stream[:-2] + b"GARBAGE!"):
        even = cut + b"\0" * (len(cut) % 2)
        parts = [made.streams[0], even, made.streams[2]]
        outcome = converter.convert(made.file(parts))
        error = converter.failed(outcome, ExitCode.SOURCE)
        assert error.startswith("frame 2: the code stream is truncated")
        assert "could not decode" not in error
        assert outcome.attempts == ()


def test_a_thumbnail_in_a_jpeg_header_is_not_its_end(converter: Converter) -> None:
    made = Made("jpeg-baseline", "RGB")
    thumbnail = made.streams[1].rstrip(b"\0")
    segment = b"\xff\xe1" + struct.pack(">H", 2 + len(thumbnail)) + thumbnail
    streams = [s[:2] + segment + s[2:] for s in made.streams]
    outcome = converter.convert(made.file([s + b"\0" * (len(s) % 2) for s in streams]))
    assert (outcome.status, outcome.warnings) == ("done", ()), outcome.error
    assert dcmread(converter.out).PixelData == made.pixels
    cut = streams[0][: len(segment) + 300]
    converter.failed(
        converter.convert(made.file([cut + b"\0" * (len(cut) % 2)], "1")), ExitCode.SOURCE
    )


def test_a_preview_behind_a_stream_is_not_a_frame(converter: Converter) -> None:
    made = Made("jpeg-baseline", "RGB")
    pixel = image(4, 5, samples=3, photometric="RGB")
    small = converter.done(part10("explicit", native(pixel, bytes(60))), "jpeg-baseline")
    parts = [stream.rstrip(b"\0") + fragments(small)[0] for stream in made.streams]
    check_all(
        converter, made.file([p + b"\0" * (len(p) % 2) for p in parts]), made, "ignored as padding"
    )
