"""What the options of a conversion do: overlays, fallback, colour space."""

import io
import struct

import pytest
from pydicom import dcmread

from dicomtx.errors import ExitCode
from dicomtx.transfer_syntaxes import find
from tests import oracle
from tests.converter import Converter, grey
from tests.corpus import file
from tests.dicom.builder import image, native, part10, short
from tests.traps.altered_files import difference, values

# ------------------------------------------------------------------ --overlays

VALUES = (0, 1, 0x7FF, 0x800, 0xFFF, 5, 6, 7)
PLANE = (1, 0, 0, 1, 1, 0, 1, 1)
WORDS = ("rle", "encapsulated-uncompressed", "deflated-image-frame")


def with_overlay() -> bytes:
    """Returns a 2 x 4 image of 12 bits with an overlay in bit 12, and what is said of it."""
    pixel = image(2, 4, allocated=16, stored=12)
    words = struct.pack("<8H", *(v | p << 12 for v, p in zip(VALUES, PLANE, strict=True)))
    made = native(pixel, words)
    at = made.rindex(b"\xe0\x7f\x10\0")
    place = short(0x60000010, 2) + short(0x60000011, 4)
    more = place + short(0x60000100, 16) + short(0x60000102, 12)
    return part10("explicit", made[:at] + more + made[at:])


@pytest.mark.parametrize("to", [*WORDS, "jpeg2000-lossless", "jpeg-lossless"])
def test_overlays_are_extracted_by_default(converter: Converter, to: str) -> None:
    made = converter.done(with_overlay(), to)
    assert made[0x60003000].value == bytes([0b11011001, 0])
    assert converter.done(converter.out.read_bytes()).PixelData == struct.pack("<8H", *VALUES)


@pytest.mark.parametrize("to", WORDS)
def test_overlays_are_kept_where_the_target_has_their_bits(converter: Converter, to: str) -> None:
    source = with_overlay()
    pixels = dcmread(io.BytesIO(source)).PixelData
    made = converter.done(source, to, overlays="keep")
    assert 0x60003000 not in made
    assert (made[0x60000100].value, made[0x60000102].value) == (16, 12)
    assert converter.done(converter.out.read_bytes()).PixelData == pixels


@pytest.mark.parametrize("to", ["jpeg2000-lossless", "jpeg-ls-lossless", "jpeg-xl-lossless"])
def test_overlays_are_not_kept_where_the_target_has_no_room(converter: Converter, to: str) -> None:
    outcome = converter.convert(with_overlay(), to, overlays="keep")
    assert "--overlays extract" in converter.failed(outcome, ExitCode.UNSUPPORTED)


@pytest.mark.parametrize("to", ["rle", "jpeg2000-lossless"])
def test_overlays_are_dropped_with_all_that_is_said_of_them(converter: Converter, to: str) -> None:
    made = converter.done(with_overlay(), to, overlays="drop")
    assert not [element for element in made if element.tag.group == 0x6000]
    assert converter.done(converter.out.read_bytes()).PixelData == struct.pack("<8H", *VALUES)


@pytest.mark.parametrize("how", ["extract", "keep", "drop"])
def test_overlays_stay_as_they_are_in_native_targets(converter: Converter, how: str) -> None:
    made = converter.done(with_overlay(), "implicit", overlays=how)
    assert made.PixelData == dcmread(io.BytesIO(with_overlay())).PixelData
    assert made[0x60000102].value == 12


# ------------------------------------------------------------------ --fallback


def test_fallback_is_taken_and_said(converter: Converter) -> None:
    outcome = converter.convert(
        file("CT_small.dcm").read_bytes(), "jpeg-xl-lossless", fallback=("rle",)
    )
    assert (outcome.status, outcome.target_syntax) == ("done", find("rle").uid)
    assert dcmread(converter.out).file_meta.TransferSyntaxUID == find("rle").uid
    assert outcome.warnings[0].startswith(
        "fell back to rle-lossless: JPEG XL: encoders take unsigned "
    )


def test_the_first_fallback_that_can_be_is_taken(converter: Converter) -> None:
    data = grey(allocated=32)
    fallback = ("jpeg-ls-lossless", "deflated-image-frame", "rle")
    outcome = converter.convert(data, "jpeg2000-lossless", fallback=fallback)
    assert outcome.target_syntax == find("deflated-image-frame").uid
    assert outcome.warnings[0].startswith("fell back to deflated-image-frame: JPEG 2000: ")
    assert "; JPEG-LS holds 2 to 16 bits" in outcome.warnings[0]


def test_no_fallback_is_taken_where_none_is_needed(converter: Converter) -> None:
    outcome = converter.convert(grey(), "jpeg2000-lossless", fallback=("rle",))
    assert outcome.target_syntax == find("jpeg2000-lossless").uid
    assert outcome.warnings == ()


def test_where_no_fallback_can_be_each_reason_is_told(converter: Converter) -> None:
    fallback = ("jpeg-ls-lossless", "jpeg-lossless")
    outcome = converter.convert(grey(allocated=32), "jpeg2000-lossless", fallback=fallback)
    error = converter.failed(outcome, ExitCode.UNSUPPORTED)
    for name in ("jpeg2000-lossless", "jpeg-ls-lossless", "jpeg-lossless"):
        assert name in error


def test_without_fallback_nothing_else_is_written(converter: Converter) -> None:
    converter.failed(
        converter.convert(grey(allocated=32), "jpeg2000-lossless"), ExitCode.UNSUPPORTED
    )


# ------------------------------------------------------------------ --keep-colour-space


@pytest.mark.parametrize("name", ["SC_rgb_dcmtk_+eb+cy+s2.dcm", "SC_rgb_jpeg_dcmtk.dcm"])
@pytest.mark.parametrize("to", ["explicit", "rle", "jpeg2000-lossless", "jpeg-ls-lossless"])
def test_ycbcr_of_lossy_jpeg_is_kept_as_it_was_coded(
    converter: Converter, name: str, to: str
) -> None:
    data = file(name).read_bytes()
    made = converter.done(data, to, keep_colour_space=True)
    assert made.PhotometricInterpretation == "YBR_FULL"
    kept = values(converter.done(converter.out.read_bytes()))
    rgb = values(converter.done(data))
    assert difference(oracle.as_rgb(kept, "YBR_FULL"), rgb)[1] <= 2


def test_rgb_stays_rgb_whatever_is_asked(converter: Converter) -> None:
    data = file("SC_rgb_dcmtk_+eb+cr.dcm").read_bytes()
    pixels = converter.done(data).PixelData
    kept = converter.done(data, keep_colour_space=True)
    assert (kept.PhotometricInterpretation, kept.PixelData) == ("RGB", pixels)


@pytest.mark.parametrize("keep", [False, True])
def test_ycbcr_that_is_not_of_lossy_jpeg_is_never_converted(
    converter: Converter, *, keep: bool
) -> None:
    pixel = image(8, 8, samples=3, photometric="YBR_FULL")
    data = part10("explicit", native(pixel, bytes(range(192))))
    back = converter.there_and_back(data, "jpeg-lossless", keep_colour_space=keep)
    assert (back.PhotometricInterpretation, back.PixelData) == ("YBR_FULL", bytes(range(192)))
