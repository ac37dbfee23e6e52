"""Section C: fragments, offset tables, and streams that are not what they should be."""

import struct
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from dicomtx.errors import ExitCode
from tests.converter import Converter
from tests.corpus import file
from tests.dicom import builder
from tests.dicom.builder import element, image, native, part10, text
from tests.test_every_file import LOSSLESS
from tests.traps.altered_files import (
    altered,
    encapsulated,
    fragments,
    offsets,
    pixel_data_at,
    right_offsets,
    streams,
)

EMRI = "emri_small_jpeg_2k_lossless.dcm"


def _quarters(stream: bytes) -> list[bytes]:
    """Returns a stream of even length in four fragments."""
    cut = len(stream) // 8 * 2
    return [stream[:cut], stream[cut : 2 * cut], stream[2 * cut : 3 * cut], stream[3 * cut :]]


def _check_tidy(converter: Converter, frames: int) -> None:
    """One fragment a frame, each of even length, and a right Basic Offset Table."""
    made = dcmread(converter.out)
    parts = fragments(made)
    assert len(parts) == frames
    assert offsets(made) == right_offsets(parts)
    assert all(len(part) % 2 == 0 for part in parts)


@pytest.mark.parametrize("name", ["JPEG-LL.dcm", "MR_small_jp2klossless.dcm"])
@pytest.mark.parametrize("table", [(), (0,), (0, 8, 16, 24)])
def test_c1_a_frame_in_four_fragments_is_one_frame(
    converter: Converter, name: str, table: tuple[int, ...]
) -> None:
    pixels = converter.done(file(name).read_bytes()).PixelData
    stream = streams(dcmread(file(name)))[0]
    stream += b"\0" * (len(stream) % 2)
    data = encapsulated(name, _quarters(stream), table)
    assert converter.done(data).PixelData == pixels
    converter.done(data, "jpeg-ls-lossless")
    _check_tidy(converter, 1)


def test_c1_ten_frames_in_forty_fragments_are_ten_frames(converter: Converter) -> None:
    pixels = converter.done(file(EMRI).read_bytes()).PixelData
    parts = [part for s in fragments(dcmread(file(EMRI))) for part in _quarters(s)]
    back = converter.done(encapsulated(EMRI, parts))
    assert (back.NumberOfFrames, back.PixelData) == (10, pixels)


@pytest.mark.parametrize("to", ["explicit", "htj2k-lossless", "rle"])
@pytest.mark.parametrize("fault", ["empty", "one off", "garbage", "short", "long"])
def test_c2_the_basic_offset_table_is_not_believed(
    converter: Converter, fault: str, to: str
) -> None:
    pixels = converter.done(file(EMRI).read_bytes()).PixelData
    parts = fragments(dcmread(file(EMRI)))
    right = right_offsets(parts)
    tables = {
        "empty": [],
        "one off": [offset + 1 for offset in right],
        "garbage": [0xFFFFFFF0, 7, 7, 7, 0, 1, 2, 3, 4, 5],
        "short": right[:4],
        "long": [*right, right[-1] + 8 + len(parts[-1])],
    }
    outcome = converter.convert(encapsulated(EMRI, parts, tuple(tables[fault])), to)
    assert outcome.status == "done", outcome.error
    assert any("Offset Table" in warning for warning in outcome.warnings) == (fault != "empty")
    if to != "explicit":
        _check_tidy(converter, 10)
    back = converter.done(converter.out.read_bytes())
    assert (back.NumberOfFrames, back.PixelData) == (10, pixels)


def test_c2_an_empty_fragment_at_the_end_is_no_frame(converter: Converter) -> None:
    pixels = converter.done(file(EMRI).read_bytes()).PixelData
    data = encapsulated(EMRI, [*fragments(dcmread(file(EMRI))), b""])
    outcome = converter.convert(data)
    assert (dcmread(converter.out).NumberOfFrames, dcmread(converter.out).PixelData) == (10, pixels)
    assert any("empty fragment" in warning for warning in outcome.warnings)


@pytest.mark.parametrize("to", ["explicit", "rle"])
def test_c3_a_stale_extended_offset_table_is_removed(converter: Converter, to: str) -> None:
    pixels = converter.done(file(EMRI).read_bytes()).PixelData
    data = file(EMRI).read_bytes()
    at = pixel_data_at(data)
    stale = struct.pack("<10Q", *range(10))
    tables = element(0x7FE00001, "OV", stale) + element(0x7FE00002, "OV", stale)
    outcome = converter.convert(data[:at] + tables + data[at:], to)
    assert any("Extended Offset Table" in warning for warning in outcome.warnings)
    made = dcmread(converter.out)
    assert [tag for tag in made if tag.tag in (0x7FE00001, 0x7FE00002)] == []
    assert converter.done(converter.out.read_bytes()).PixelData == pixels


@pytest.mark.parametrize("to", ["rle", "htj2k-lossless"])
def test_c4_a_number_of_frames_that_is_too_small_is_mended(converter: Converter, to: str) -> None:
    pixels = converter.done(file(EMRI).read_bytes()).PixelData
    outcome = converter.convert(altered(EMRI, NumberOfFrames="9"), to)
    assert "Number of Frames is 9, but Pixel Data has 10 frames" in outcome.warnings
    assert dcmread(converter.out).NumberOfFrames == 10
    _check_tidy(converter, 10)
    assert converter.done(converter.out.read_bytes()).PixelData == pixels


@pytest.mark.parametrize("to", ["rle", "htj2k-lossless"])
def test_c4_a_number_of_frames_that_is_too_large_is_refused(converter: Converter, to: str) -> None:
    outcome = converter.convert(altered(EMRI, NumberOfFrames="11"), to)
    told = "Number of Frames is 11, but Pixel Data has 10 frames"
    assert told in converter.failed(outcome, ExitCode.SOURCE)


@pytest.mark.parametrize("to", LOSSLESS)
def test_c5_an_odd_frame_is_padded_with_one_zero(converter: Converter, to: str) -> None:
    random = np.random.default_rng(9)
    frames = 64
    data = random.integers(0, 256, frames * 15, dtype=np.uint8).tobytes()
    made = converter.done(part10("explicit", native(image(3, 5), data, frames=str(frames))), to)
    _check_tidy(converter, frames)
    for part in fragments(made):
        if part.startswith((b"\xff\xd8", b"\xff\x4f")):  # JPEG, JPEG 2000: an end marker tells
            assert part.endswith((b"\xff\xd9", b"\xff\xd9\0"))
    assert converter.done(converter.out.read_bytes()).PixelData[: len(data)] == data


@pytest.mark.parametrize("pad", [b"\0", b"\xff", b"\0\0\0"])
def test_c5_padding_of_any_kind_is_read(converter: Converter, pad: bytes) -> None:
    """Some writers make the length even with a fill byte before the end marker, or more zeros."""
    stream = streams(dcmread(file("MR_small_jp2klossless.dcm")))[0].rstrip(b"\0")
    even = stream + pad + b"\0" * ((len(stream) + len(pad)) % 2)
    pixels = converter.done(file("MR_small_jp2klossless.dcm").read_bytes()).PixelData
    assert converter.done(encapsulated("MR_small_jp2klossless.dcm", [even])).PixelData == pixels


@pytest.mark.parametrize(("rows", "columns", "samples"), [(3, 3, 3), (101, 101, 1), (511, 511, 3)])
def test_c6_rle_of_an_odd_number_of_bytes_has_even_segments(
    converter: Converter, rows: int, columns: int, samples: int
) -> None:
    pixel = image(rows, columns, samples=samples, photometric="RGB" if samples == 3 else "")
    data = bytes(n * n // 7 % 256 for n in range(pixel.frame_bytes))
    made = converter.done(part10("explicit", native(pixel, data)), "rle")
    starts = struct.unpack("<16I", streams(made)[0][:64])
    assert starts[0] == samples
    assert all(start % 2 == 0 for start in starts[1:])
    assert converter.done(converter.out.read_bytes()).PixelData[: len(data)] == data


def _rle(*segments: bytes) -> bytes:
    starts = [64 + sum(map(len, segments[:n])) for n in range(len(segments))]
    header = struct.pack("<I15I", len(segments), *starts, *[0] * (15 - len(segments)))
    return header + b"".join(segments)


def _rle_file(*segments: bytes) -> bytes:
    stream = _rle(*segments)
    pixels = builder.encapsulated([stream + b"\0" * (len(stream) % 2)])
    return part10("rle", builder.identity() + builder.module(image(2, 3)) + pixels)


@pytest.mark.parametrize("more", [b"", b"\0", b"\x00\x07", b"\x80"])
def test_c6_a_segment_may_hold_a_byte_more_than_it_should(
    converter: Converter, more: bytes
) -> None:
    assert converter.done(_rle_file(b"\x05abcdef" + more)).PixelData == b"abcdef"


def test_c6_a_segment_that_is_too_short_is_refused(converter: Converter) -> None:
    converter.failed(converter.convert(_rle_file(b"\x03abcd")), ExitCode.SOURCE)


def test_c7_the_vr_of_pixel_data_follows_its_form(converter: Converter, ct: Path) -> None:
    data = ct.read_bytes()
    assert dcmread(ct)["PixelData"].VR == "OW"
    assert converter.done(data, "jpeg2000-lossless")["PixelData"].VR == "OB"
    assert converter.done(converter.out.read_bytes())["PixelData"].VR == "OW"


def _boxed(stream: bytes, rows: int, columns: int) -> bytes:
    """Returns a JP2 file around a code stream (ISO/IEC 15444-1 annex I)."""

    def box(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", 8 + len(content)) + name + content

    image_header = box(b"ihdr", struct.pack(">IIHBBBB", rows, columns, 1, 15, 7, 0, 0))
    colour = box(b"colr", struct.pack(">BBBI", 1, 0, 0, 17))
    made = box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
    return made + box(b"jp2h", image_header + colour) + box(b"jp2c", stream)


def test_c8_boxes_around_jpeg_2000_are_taken_off(converter: Converter) -> None:
    name = "MR_small_jp2klossless.dcm"
    pixels = converter.done(file(name).read_bytes()).PixelData
    stream = streams(dcmread(file(name)))[0].rstrip(b"\0")
    boxed = _boxed(stream, 64, 64)
    data = encapsulated(name, [boxed + b"\0" * (len(boxed) % 2)])
    assert converter.done(data).PixelData == pixels
    mended = converter.done(data, "jpeg2000-lossless", repair=True)
    assert streams(mended)[0].rstrip(b"\0") == stream
    assert converter.done(data, "htj2k-lossless")
    assert converter.done(converter.out.read_bytes()).PixelData == pixels


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("JPEG-LL.dcm", "jpeg-baseline"),
        ("JPEG-LL.dcm", "jpeg-ls-lossless"),
        ("MR_small_RLE.dcm", "implicit"),
        ("MR_small_RLE.dcm", "jpeg2000-lossless"),
        ("MR_small_jp2klossless.dcm", "jpeg-baseline"),
        ("MR_small_jp2klossless.dcm", "explicit"),
        ("MR_small_jpeg_ls_lossless.dcm", "rle"),
        ("CT_small.dcm", "jpeg-lossless-sv1"),
    ],
)
@pytest.mark.parametrize("to", ["explicit", "htj2k-lossless"])
def test_c9_a_wrong_label_is_seen_through_with_a_warning(
    converter: Converter, name: str, label: str, to: str
) -> None:
    pixels = converter.done(file(name).read_bytes()).PixelData
    outcome = converter.convert(altered(name, label), to)
    assert outcome.status == "done", outcome.error
    assert outcome.source_syntax == dcmread(file(name)).file_meta.TransferSyntaxUID
    assert any("the file meta says" in warning for warning in outcome.warnings)
    assert converter.done(converter.out.read_bytes()).PixelData == pixels


@pytest.mark.parametrize("to", ["explicit", "implicit", "rle", "jpeg2000-lossless"])
@pytest.mark.parametrize("name", ["MR_truncated.dcm", "emri_small_jpeg_2k_lossless_too_short.dcm"])
def test_c10_truncated_pixel_data_is_refused(converter: Converter, name: str, to: str) -> None:
    error = converter.failed(converter.convert(file(name).read_bytes(), to), ExitCode.SOURCE)
    assert "(7FE0,0010)" in error


@pytest.mark.parametrize("name", ["JPEG-LL.dcm", "MR_small_jp2klossless.dcm"])
def test_c10_a_stream_without_its_end_is_refused(converter: Converter, name: str) -> None:
    stream = streams(dcmread(file(name)))[0].rstrip(b"\0")
    cut = stream[: len(stream) // 4 * 2]
    outcome = converter.convert(encapsulated(name, [cut]))
    assert "truncated" in converter.failed(outcome, ExitCode.SOURCE)


def test_c10_padding_behind_pixel_data_is_accepted(converter: Converter) -> None:
    back = converter.there_and_back(file("MR_small_padded.dcm").read_bytes(), "jpeg2000-lossless")
    source = dcmread(file("MR_small_padded.dcm"))
    assert back.PixelData == source.PixelData[: 64 * 64 * 2]


def test_c11_delimiter_bytes_within_a_stream_do_no_harm(converter: Converter) -> None:
    data = file("JPEG2000-embedded-sequence-delimiter.dcm").read_bytes()
    converter.failed(converter.convert(data), ExitCode.SOURCE)
    assert converter.source.read_bytes() == data


def test_c11_delimiter_bytes_within_a_sound_stream_are_pixels(converter: Converter) -> None:
    pixel = image(4, 4)
    data = b"\xfe\xff\xdd\xe0\0\0\0\0\xfe\xff\0\xe0\2\0\0\0"
    source = part10("explicit", native(pixel, data))
    assert converter.there_and_back(source, "encapsulated-uncompressed").PixelData == data


def test_c12_what_native_pixel_data_cannot_hold_is_told_before_any_work(
    converter: Converter,
) -> None:
    pixel = image(65535, 65535)
    parts = [struct.pack("<16I", 1, 64, *[0] * 14)] * 2
    pixels = builder.encapsulated(parts)
    content = builder.identity() + builder.module(pixel, frames="2") + pixels
    outcome = converter.convert(part10("rle", content))
    error = converter.failed(outcome, ExitCode.UNSUPPORTED)
    assert str(2 * 65535**2) in error
    assert "encapsulated-uncompressed" in error
    assert text(0x00280008, "IS", "2") in content
