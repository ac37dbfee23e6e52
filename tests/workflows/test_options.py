"""What the options of a conversion do: salvage, repair, overlays, fallback, colour space."""

import io
import struct

import numpy as np
import pytest
from pydicom import dcmread

from dicomtx.errors import ExitCode
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.request import Outcome
from tests import oracle
from tests.bench import Bench, grey
from tests.corpus import file
from tests.dicom import builder
from tests.dicom.builder import image, native, part10, short
from tests.traps.altered import (
    altered,
    difference,
    encapsulated,
    fragments,
    offsets,
    right_offsets,
    streams,
    values,
)

EMRI = "emri_small_jpeg_2k_lossless.dcm"
J2K = "MR_small_jp2klossless.dcm"

# ------------------------------------------------------------------ --salvage


def salvaged(bench: Bench, data: bytes, to: str = "explicit") -> Outcome:
    """Returns the outcome of what is refused, and is salvaged when that is asked for."""
    assert bench.convert(data, to).status == "failed"
    outcome = bench.convert(data, to, salvage=True)
    assert (outcome.status, outcome.exit_code) == ("done", 0), outcome.error
    assert any(warning.startswith("salvaged") for warning in outcome.warnings)
    assert outcome.verification == "none"
    return outcome


@pytest.mark.parametrize("to", ["explicit", "implicit", "big-endian", "rle", "jpeg2000-lossless"])
def test_salvage_fills_truncated_native_pixels_with_zeros(bench: Bench, to: str) -> None:
    data = file("MR_truncated.dcm").read_bytes()
    salvaged(bench, data, to)
    back = bench.done(bench.out.read_bytes())
    whole = dcmread(file("MR_small.dcm")).PixelData
    assert back.PixelData == whole[:8130] + bytes(62)


@pytest.mark.parametrize("to", ["explicit", "jpeg2000-lossless", "rle"])
def test_salvage_does_without_a_sequence_delimiter(bench: Bench, to: str) -> None:
    data = file(EMRI).read_bytes()
    pixels = bench.done(data).PixelData
    salvaged(bench, data[: data.rindex(b"\xfe\xff\xdd\xe0")], to)
    assert bench.done(bench.out.read_bytes()).PixelData == pixels


def test_salvage_keeps_the_frames_that_are_sound(bench: Bench) -> None:
    pixels = bench.done(file(EMRI).read_bytes()).PixelData
    parts = fragments(dcmread(file(EMRI)))
    parts[3] = parts[3][:20] + bytes(len(parts[3]) - 20)
    outcome = salvaged(bench, encapsulated(EMRI, parts), "rle")
    assert [w for w in outcome.warnings if w.startswith("salvaged")] == [
        "salvaged: frame 4 could not be decoded: it is zero"
    ]
    back = bench.done(bench.out.read_bytes()).PixelData
    size = len(pixels) // 10
    assert back == pixels[: 3 * size] + bytes(size) + pixels[4 * size :]


@pytest.mark.parametrize("name", ["JPEG-LL.dcm", "SC_rgb_jpeg_dcmtk.dcm", "MR_small_RLE.dcm"])
def test_salvage_has_what_there_is_of_a_stream_that_is_cut_off(bench: Bench, name: str) -> None:
    right = values(bench.done(file(name).read_bytes()))
    stream = streams(dcmread(file(name)))[0].rstrip(b"\0")
    cut = stream[: len(stream) * 9 // 10 // 2 * 2]
    outcome = salvaged(bench, encapsulated(name, [cut]))
    assert "salvaged: frame 1 is cut off: its end is made up" in outcome.warnings
    found = values(dcmread(bench.out)).reshape(-1)
    if name == "MR_small_RLE.dcm":  # the lower bytes come last
        found, right = found >> 8, right >> 8
    half = right.size // 2
    assert np.array_equal(found[:half], right.reshape(-1)[:half])


def test_a_jpeg_2000_stream_that_is_cut_off_cannot_be_salvaged(bench: Bench) -> None:
    stream = streams(dcmread(file(J2K)))[0]
    data = encapsulated(J2K, [stream[: len(stream) * 9 // 10 // 2 * 2]])
    bench.failed(bench.convert(data, salvage=True), ExitCode.CODEC)


def test_salvage_of_nothing_is_a_failure(bench: Bench) -> None:
    data = file("JPEG2000-embedded-sequence-delimiter.dcm").read_bytes()
    bench.failed(bench.convert(data, salvage=True), ExitCode.CODEC)


@pytest.mark.parametrize("name", ["CT_small.dcm", EMRI, "SC_rgb_jpeg_dcmtk.dcm"])
@pytest.mark.parametrize("to", ["explicit", "rle"])
def test_salvage_changes_nothing_where_nothing_is_wrong(bench: Bench, name: str, to: str) -> None:
    data = file(name).read_bytes()
    first = bench.convert(data, to)
    expected = bench.out.read_bytes()
    outcome = bench.convert(data, to, salvage=True)
    assert outcome.verification == first.verification != "none"
    assert not [warning for warning in outcome.warnings if warning.startswith("salvaged")]
    assert bench.out.read_bytes() == expected


@pytest.mark.parametrize("to", ["explicit", "rle"])
def test_salvage_drops_an_element_that_is_cut_off_behind_pixel_data(bench: Bench, to: str) -> None:
    behind = builder.element(0x7FE11001, "UN", b"ab", length=2000)
    data = part10("explicit", native(image(), bytes(range(6))) + behind)
    salvaged(bench, data, to)
    assert bench.done(bench.out.read_bytes()).PixelData == bytes(range(6))


# ------------------------------------------------------------------ --repair


def repaired(bench: Bench, data: bytes, to: str, expected: list[bytes]) -> Outcome:
    """Returns the outcome, once it is sure that no code stream changed and all around is tidy."""
    outcome = bench.convert(data, to, repair=True)
    assert (outcome.status, outcome.action) == ("done", "rewrite"), outcome
    assert (outcome.verification, outcome.decoder, outcome.encoder) == ("bytes-only", "", "")
    made = dcmread(bench.out)
    assert made.file_meta.TransferSyntaxUID == find(to).uid
    parts = fragments(made)
    assert parts == [stream + b"\0" * (len(stream) % 2) for stream in expected]
    assert offsets(made) == right_offsets(parts)
    assert int(made.get("NumberOfFrames", 1)) == len(expected)
    return outcome


def _bare(name: str) -> list[bytes]:
    return [stream.rstrip(b"\0") for stream in streams(dcmread(file(name)))]


@pytest.mark.parametrize(
    ("name", "to"),
    [
        (EMRI, "jpeg2000-lossless"),
        ("JPEG-LL.dcm", "jpeg-lossless-sv1"),
        ("SC_rgb_jpeg_dcmtk.dcm", "jpeg-baseline"),
        ("MR_small_jpeg_ls_lossless.dcm", "jpeg-ls-lossless"),
        ("HTJ2KLossless_08_RGB.dcm", "htj2k-lossless"),
    ],
)
def test_repair_leaves_every_code_stream_as_it_is(bench: Bench, name: str, to: str) -> None:
    label = dcmread(file(name)).file_meta.TransferSyntaxUID
    assert label == find(to).uid
    repaired(bench, file(name).read_bytes(), to, _bare(name))


def test_repair_leaves_rle_as_it_is(bench: Bench) -> None:
    name = "SC_rgb_rle_2frame.dcm"
    repaired(bench, file(name).read_bytes(), "rle", streams(dcmread(file(name))))


@pytest.mark.parametrize("table", [(), (1, 2, 3), tuple(range(0, 80, 8))])
def test_repair_mends_offset_tables_fragments_and_padding(
    bench: Bench, table: tuple[int, ...]
) -> None:
    cut = [part for s in _bare(EMRI) for part in (s[:100], s[100:] + b"\0" * (len(s) % 2 + 4))]
    repaired(bench, encapsulated(EMRI, cut, table), "jpeg2000-lossless", _bare(EMRI))


@pytest.mark.parametrize("said", ["9", "11"])
def test_repair_mends_the_number_of_frames(bench: Bench, said: str) -> None:
    data = altered(EMRI, NumberOfFrames=said)
    outcome = repaired(bench, data, "jpeg2000-lossless", _bare(EMRI))
    assert any("Number of Frames" in warning for warning in outcome.warnings)


@pytest.mark.parametrize(
    ("name", "to", "wrong", "right"),
    [
        ("US1_J2KR.dcm", "jpeg2000-lossless", "RGB", "YBR_RCT"),
        ("US1_J2KI.dcm", "jpeg2000", "RGB", "YBR_ICT"),
        ("SC_rgb_dcmtk_+eb+cr.dcm", "jpeg-baseline", "YBR_FULL_422", "RGB"),
        ("SC_rgb_dcmtk_+eb+cy+s2.dcm", "jpeg-baseline", "RGB", "YBR_FULL_422"),
        ("SC_rgb_dcmtk_+eb+cy+s2.dcm", "jpeg-baseline", "YBR_FULL_422", "YBR_FULL_422"),
    ],
)
def test_repair_mends_the_photometric_interpretation(
    bench: Bench, name: str, to: str, wrong: str, right: str
) -> None:
    outcome = repaired(bench, altered(name, PhotometricInterpretation=wrong), to, _bare(name))
    assert dcmread(bench.out).PhotometricInterpretation == right
    told = any("Photometric Interpretation" in warning for warning in outcome.warnings)
    assert told == (wrong != right)


def test_repair_mends_the_label(bench: Bench) -> None:
    data = altered("JPEG-LL.dcm", "jpeg-baseline")
    outcome = repaired(bench, data, "jpeg-lossless-sv1", _bare("JPEG-LL.dcm"))
    assert any("the file meta says" in warning for warning in outcome.warnings)


def test_repair_refuses_what_is_cut_off(bench: Bench) -> None:
    data = file("emri_small_jpeg_2k_lossless_too_short.dcm").read_bytes()
    outcome = bench.convert(data, "jpeg2000-lossless", repair=True)
    bench.failed(outcome, ExitCode.SOURCE)
    outcome = bench.convert(data, "jpeg2000-lossless", repair=True, salvage=True)
    assert (outcome.status, outcome.verification) == ("done", "none")


def test_without_repair_a_file_in_the_target_syntax_is_copied(bench: Bench) -> None:
    data = encapsulated(EMRI, fragments(dcmread(file(EMRI))), (1, 2, 3))
    outcome = bench.convert(data, "jpeg2000-lossless")
    assert (outcome.action, bench.out.read_bytes()) == ("copy", data)


def test_repair_is_no_matter_for_another_target(bench: Bench) -> None:
    data = file(EMRI).read_bytes()
    assert bench.convert(data, "rle", repair=True).action == "recode"
    assert bench.convert(data, repair=True).action == "decode"


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
def test_overlays_are_extracted_by_default(bench: Bench, to: str) -> None:
    made = bench.done(with_overlay(), to)
    assert made[0x60003000].value == bytes([0b11011001, 0])
    assert bench.done(bench.out.read_bytes()).PixelData == struct.pack("<8H", *VALUES)


@pytest.mark.parametrize("to", WORDS)
def test_overlays_are_kept_where_the_target_has_their_bits(bench: Bench, to: str) -> None:
    source = with_overlay()
    pixels = dcmread(io.BytesIO(source)).PixelData
    made = bench.done(source, to, overlays="keep")
    assert 0x60003000 not in made
    assert (made[0x60000100].value, made[0x60000102].value) == (16, 12)
    assert bench.done(bench.out.read_bytes()).PixelData == pixels


@pytest.mark.parametrize("to", ["jpeg2000-lossless", "jpeg-ls-lossless", "jpeg-xl-lossless"])
def test_overlays_are_not_kept_where_the_target_has_no_room(bench: Bench, to: str) -> None:
    outcome = bench.convert(with_overlay(), to, overlays="keep")
    assert "--overlays extract" in bench.failed(outcome, ExitCode.UNSUPPORTED)


@pytest.mark.parametrize("to", ["rle", "jpeg2000-lossless"])
def test_overlays_are_dropped_with_all_that_is_said_of_them(bench: Bench, to: str) -> None:
    made = bench.done(with_overlay(), to, overlays="drop")
    assert not [element for element in made if element.tag.group == 0x6000]
    assert bench.done(bench.out.read_bytes()).PixelData == struct.pack("<8H", *VALUES)


@pytest.mark.parametrize("how", ["extract", "keep", "drop"])
def test_overlays_stay_as_they_are_in_native_targets(bench: Bench, how: str) -> None:
    made = bench.done(with_overlay(), "implicit", overlays=how)
    assert made.PixelData == dcmread(io.BytesIO(with_overlay())).PixelData
    assert made[0x60000102].value == 12


# ------------------------------------------------------------------ --fallback


def test_fallback_is_taken_and_said(bench: Bench) -> None:
    outcome = bench.convert(
        file("CT_small.dcm").read_bytes(), "jpeg-xl-lossless", fallback=("rle",)
    )
    assert (outcome.status, outcome.target_syntax) == ("done", find("rle").uid)
    assert dcmread(bench.out).file_meta.TransferSyntaxUID == find("rle").uid
    assert outcome.warnings[0].startswith("jpeg-xl-lossless cannot be: ")
    assert "rle-lossless is taken" in outcome.warnings


def test_the_first_fallback_that_can_be_is_taken(bench: Bench) -> None:
    data = grey(allocated=32)
    fallback = ("jpeg-ls-lossless", "deflated-image-frame", "rle")
    outcome = bench.convert(data, "jpeg2000-lossless", fallback=fallback)
    assert outcome.target_syntax == find("deflated-image-frame").uid
    assert [warning.split()[0] for warning in outcome.warnings[:2]] == [
        "jpeg2000-lossless",
        "jpeg-ls-lossless",
    ]


def test_no_fallback_is_taken_where_none_is_needed(bench: Bench) -> None:
    outcome = bench.convert(grey(), "jpeg2000-lossless", fallback=("rle",))
    assert outcome.target_syntax == find("jpeg2000-lossless").uid
    assert outcome.warnings == ()


def test_where_no_fallback_can_be_each_reason_is_told(bench: Bench) -> None:
    fallback = ("jpeg-ls-lossless", "jpeg-lossless")
    outcome = bench.convert(grey(allocated=32), "jpeg2000-lossless", fallback=fallback)
    error = bench.failed(outcome, ExitCode.UNSUPPORTED)
    for name in ("jpeg2000-lossless", "jpeg-ls-lossless", "jpeg-lossless"):
        assert name in error


def test_without_fallback_nothing_else_is_written(bench: Bench) -> None:
    bench.failed(bench.convert(grey(allocated=32), "jpeg2000-lossless"), ExitCode.UNSUPPORTED)


# ------------------------------------------------------------------ --keep-colour-space


@pytest.mark.parametrize("name", ["SC_rgb_dcmtk_+eb+cy+s2.dcm", "SC_rgb_jpeg_dcmtk.dcm"])
@pytest.mark.parametrize("to", ["explicit", "rle", "jpeg2000-lossless", "jpeg-ls-lossless"])
def test_ycbcr_of_lossy_jpeg_is_kept_as_it_was_coded(bench: Bench, name: str, to: str) -> None:
    data = file(name).read_bytes()
    made = bench.done(data, to, keep_colour_space=True)
    assert made.PhotometricInterpretation == "YBR_FULL"
    kept = values(bench.done(bench.out.read_bytes()))
    rgb = values(bench.done(data))
    assert difference(oracle.as_rgb(kept, "YBR_FULL"), rgb)[1] <= 2


def test_rgb_stays_rgb_whatever_is_asked(bench: Bench) -> None:
    data = file("SC_rgb_dcmtk_+eb+cr.dcm").read_bytes()
    pixels = bench.done(data).PixelData
    kept = bench.done(data, keep_colour_space=True)
    assert (kept.PhotometricInterpretation, kept.PixelData) == ("RGB", pixels)


@pytest.mark.parametrize("keep", [False, True])
def test_ycbcr_that_is_not_of_lossy_jpeg_is_never_converted(bench: Bench, *, keep: bool) -> None:
    pixel = image(8, 8, samples=3, photometric="YBR_FULL")
    data = part10("explicit", native(pixel, bytes(range(192))))
    back = bench.there_and_back(data, "jpeg-lossless", keep_colour_space=keep)
    assert (back.PhotometricInterpretation, back.PixelData) == ("YBR_FULL", bytes(range(192)))
