"""Section C: encapsulated Pixel Data of defined length, without items, or under a native label."""

import struct
from pathlib import Path

import pytest
from pydicom import dcmread

from dicomtx.errors import ExitCode
from dicomtx.settings import Settings
from dicomtx.workflows.compare.compare import compare
from dicomtx.workflows.compare.opened import ComparisonError
from dicomtx.workflows.compare.result import Comparing
from dicomtx.workflows.info import describe
from tests.converter import Converter
from tests.dicom import builder
from tests.dicom.builder import element, item
from tests.sampling import sampled
from tests.traps.altered_files import fragments
from tests.traps.three_frames import Made

NATIVE = ["implicit", "explicit", "big-endian"]


def _in_items(streams: list[bytes], table: bytes = b"") -> bytes:
    return b"".join(item(content) for content in (table, *streams))


def _file(made: Made, value: bytes, syntax: str = "") -> bytes:
    """Returns the file with these bytes as Pixel Data of defined length, under another label."""
    data = made.head + element(0x7FE00010, "OB", value)
    if not syntax:
        return data
    at = data.index(b"\x08\0\x16\0UI")  # the data set begins with SOP Class UID
    return builder.part10(syntax, data[at:])


def _check_done(converter: Converter, data: bytes, made: Made, said: str, frames: int = 3) -> None:
    outcome = converter.convert(data, "implicit")
    assert outcome.status == "done", outcome.error
    assert outcome.verification == "bytes-only"
    assert any(said in warning for warning in outcome.warnings), outcome.warnings
    size = len(made.pixels) // 3
    assert dcmread(converter.out).PixelData[: size * frames] == made.pixels[: size * frames]
    assert int(dcmread(converter.out).NumberOfFrames) == frames


@pytest.mark.parametrize("delimiter", [b"", builder.mark(0xFFFEE0DD)])
def test_items_in_an_element_of_defined_length_are_the_frames(
    converter: Converter, made: Made, delimiter: bytes
) -> None:
    data = _file(made, _in_items(made.streams) + delimiter)
    _check_done(converter, data, made, "Pixel Data has a defined length")
    _check_done(converter.salvaging(), data, made, "Pixel Data has a defined length")


def test_a_file_in_the_target_syntax_gets_its_delimiter(converter: Converter, plain: Made) -> None:
    outcome = converter.convert(_file(plain, _in_items(plain.streams)), plain.syntax)
    assert (outcome.status, outcome.action) == ("done", "rewrite"), outcome.error
    assert fragments(dcmread(converter.out)) == plain.streams
    assert dcmread(converter.out)["PixelData"].is_undefined_length


def test_streams_without_items_are_the_frames(converter: Converter, made: Made) -> None:
    data = _file(made, b"".join(made.streams))
    _check_done(converter, data, made, "stream without items")
    _check_done(converter.salvaging(), data, made, "stream without items")
    assert describe(str(converter.source)).pixel_data == "encapsulated"


def test_items_that_are_cut_off_are_never_pixels(converter: Converter, plain: Made) -> None:
    value = _in_items(plain.streams)
    whole = _file(plain, value)
    data = whole[: len(whole) - len(plain.streams[2]) // 2 // 2 * 2]
    converter.failed(converter.convert(data), ExitCode.SOURCE)
    outcome = converter.convert(data, salvage=True)
    assert (outcome.status, outcome.verification) == ("done", "none"), outcome.error
    size = len(plain.pixels) // 3
    assert dcmread(converter.out).PixelData[: 2 * size] == plain.pixels[: 2 * size]


@pytest.mark.parametrize("salvage", [False, True])
@pytest.mark.parametrize("size", [10, 100, 5000])
def test_what_is_neither_items_nor_a_stream_nor_native_is_refused(
    converter: Converter, plain: Made, size: int, *, salvage: bool
) -> None:
    data = _file(plain, b"\x12\x34" * (size // 2))
    outcome = converter.convert(data, salvage=salvage)
    assert "no items and no known code stream" in converter.failed(outcome, ExitCode.SOURCE)


@pytest.mark.parametrize("padding", [0, 2, 64])
def test_native_words_under_a_compressed_label_are_pixels(
    converter: Converter, plain: Made, padding: int
) -> None:
    data = _file(plain, plain.pixels + bytes(padding))
    _check_done(converter, data, plain, "the file meta says")


# ------------------------------------------------------------------ under a native label


@pytest.mark.parametrize("to", sampled(["explicit", "rle", "implicit", "jpeg-ls-lossless"], 3))
@pytest.mark.parametrize("table", [b"", bytes(12)])
def test_streams_under_a_native_label_are_refused(
    converter: Converter, made: Made, to: str, table: bytes
) -> None:
    value = _in_items(made.streams, table)
    needed = len(made.pixels)
    longer = value + bytes(max(0, needed - len(value)))
    data = _file(made, longer, "explicit")
    error = converter.failed(converter.convert(data, to, salvage=True), ExitCode.UNSUPPORTED)
    assert "holds items of" in error
    assert "--force-native" in error


@pytest.mark.parametrize("salvage", [False, True])
@pytest.mark.parametrize("kind", [("jpeg-baseline", "RGB"), ("jpeg2000-lossless", "grey 12")])
def test_a_bare_stream_under_a_native_label_is_refused(
    converter: Converter, kind: tuple[str, str], *, salvage: bool
) -> None:
    made = Made(*kind)
    data = _file(made, b"".join(made.streams), "explicit")
    error = converter.failed(
        converter.convert(data, "implicit", salvage=salvage), ExitCode.UNSUPPORTED
    )
    assert "stream" in error


def _pixels_that_look_like_items(made: Made) -> bytes:
    value = _in_items(made.streams)
    return (value + bytes(len(made.pixels)))[: len(made.pixels)]


def test_force_native_takes_the_words_for_pixels(converter: Converter) -> None:
    made = Made("rle-lossless", "grey 16")
    words = _pixels_that_look_like_items(made)
    data = _file(made, words, "explicit")
    assert converter.done(data, "implicit", force_native=True).PixelData == words
    assert converter.done(data, "explicit", force_native=True).PixelData == words
    encoded = converter.convert(data, "jpeg-ls-lossless", force_native=True)
    assert encoded.status == "done", encoded.error
    assert converter.done(converter.out.read_bytes()).PixelData == words


def test_streams_under_a_native_label_are_described_and_not_compared(
    converter: Converter, tmp_path: Path
) -> None:
    made = Made("rle-lossless", "grey 16")
    converter.source.write_bytes(_file(made, _pixels_that_look_like_items(made), "explicit"))
    path = str(converter.source)
    assert any("contains items of RLE frames" in warning for warning in describe(path).warnings)
    with pytest.raises(ComparisonError, match="--force-native") as raised:
        compare(Comparing(path, path))
    assert raised.value.exit_code == ExitCode.UNSUPPORTED
    assert compare(Comparing(path, path, settings=Settings(force_native=True))).same


@pytest.mark.parametrize(
    "words",
    [
        b"\xff\xd8\xff\xe0" + bytes(range(122)),
        b"\xfe\xff\x00\xe0\x02\0\0\0" + bytes(range(118)),
        b"\xff\x0a" + bytes(124),
        struct.pack("<16I", 1, 64, *[0] * 14) + bytes(62),
    ],
)
def test_words_that_only_begin_like_a_stream_are_pixels(converter: Converter, words: bytes) -> None:
    pixel = builder.image(9, 14)
    data = builder.part10("explicit", builder.native(pixel, words))
    outcome = converter.convert(data, "implicit")
    assert (outcome.status, outcome.warnings) == ("done", ()), outcome.error
    assert dcmread(converter.out).PixelData == words


def test_a_missing_sequence_delimiter_names_salvage(converter: Converter, plain: Made) -> None:
    data = plain.file(plain.streams)
    error = converter.failed(converter.convert(data[:-8]), ExitCode.SOURCE)
    assert "no sequence delimiter" in error
    assert "--salvage" in error
    outcome = converter.convert(data[:-8], salvage=True)
    assert (outcome.status, dcmread(converter.out).PixelData) == ("done", plain.pixels)
