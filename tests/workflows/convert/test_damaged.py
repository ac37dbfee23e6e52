"""Damaged files: what --salvage writes of them, and what --repair mends without a codec."""

import numpy as np
import pytest
from pydicom import dcmread

from dicomtx.errors import ExitCode
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.request import Outcome
from tests.converter import Converter
from tests.corpus import file
from tests.dicom import builder
from tests.dicom.builder import image, native, part10
from tests.traps.altered_files import (
    altered,
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


def salvaged(converter: Converter, data: bytes, to: str = "explicit") -> Outcome:
    """Returns the outcome of what is refused, and is salvaged when that is asked for."""
    assert converter.convert(data, to).status == "failed"
    outcome = converter.convert(data, to, salvage=True)
    assert (outcome.status, outcome.exit_code) == ("done", 0), outcome.error
    assert any(warning.startswith("salvaged") for warning in outcome.warnings)
    assert outcome.verification == "none"
    return outcome


@pytest.mark.parametrize("to", ["explicit", "implicit", "big-endian", "rle", "jpeg2000-lossless"])
def test_salvage_fills_truncated_native_pixels_with_zeros(converter: Converter, to: str) -> None:
    data = file("MR_truncated.dcm").read_bytes()
    salvaged(converter, data, to)
    back = converter.done(converter.out.read_bytes())
    whole = dcmread(file("MR_small.dcm")).PixelData
    assert back.PixelData == whole[:8130] + bytes(62)


@pytest.mark.parametrize("name", ["jpeg-lossless", "jpeg-baseline"])
def test_a_forged_size_is_refused_with_salvage_and_without(converter: Converter, name: str) -> None:
    marker = {"jpeg-lossless": b"\xff\xc3", "jpeg-baseline": b"\xff\xc0"}[name]
    assert (
        converter.convert(part10("explicit", native(image(64, 64), bytes(4096))), name).error == ""
    )
    data = converter.out.read_bytes()
    for start, order in ((marker, "big"), (b"\x28\0\x10\0US", "little")):
        at = data.index(start) + (5 if start == marker else 8)
        step = 2 if start == marker else 10
        for place in (at, at + step):
            data = data[:place] + (24000).to_bytes(2, order) + data[place + 2 :]  # type: ignore[arg-type]
    for salvage in (False, True):
        outcome = converter.convert(data, "explicit", salvage=salvage)
        assert outcome.exit_code == ExitCode.SOURCE
        assert "too few for 24000 x 24000" in outcome.error


def test_lost_frames_larger_than_the_file_can_hold_are_not_made_up(converter: Converter) -> None:
    large = image(2048, 2048)
    converter.convert(part10("explicit", native(large, bytes(1 << 22))), "rle")
    (good,) = fragments(dcmread(converter.out))
    lost = good[:64] + bytes(2)
    pixels = builder.encapsulated([good, *[lost] * 16, good])
    data = part10("rle", builder.identity() + builder.module(large, frames="18") + pixels)
    with_room = converter.convert(data, "explicit", salvage=True)
    assert with_room.status == "done"
    data = data.replace(pixels, builder.encapsulated([good, *[lost] * 17]))
    outcome = converter.convert(data, "explicit", salvage=True)
    assert outcome.exit_code == ExitCode.SOURCE
    assert "too many to fill in" in outcome.error


@pytest.mark.parametrize("to", ["explicit", "jpeg2000-lossless", "rle"])
def test_salvage_does_without_a_sequence_delimiter(converter: Converter, to: str) -> None:
    data = file(EMRI).read_bytes()
    pixels = converter.done(data).PixelData
    salvaged(converter, data[: data.rindex(b"\xfe\xff\xdd\xe0")], to)
    assert converter.done(converter.out.read_bytes()).PixelData == pixels


def test_salvage_keeps_the_frames_that_are_sound(converter: Converter) -> None:
    pixels = converter.done(file(EMRI).read_bytes()).PixelData
    parts = fragments(dcmread(file(EMRI)))
    parts[3] = parts[3][:20] + bytes(len(parts[3]) - 20)
    outcome = salvaged(converter, encapsulated(EMRI, parts), "rle")
    assert [w for w in outcome.warnings if w.startswith("salvaged")] == [
        "salvaged: frame 4 could not be decoded; set to zero"
    ]
    back = converter.done(converter.out.read_bytes()).PixelData
    size = len(pixels) // 10
    assert back == pixels[: 3 * size] + bytes(size) + pixels[4 * size :]


@pytest.mark.parametrize("name", ["JPEG-LL.dcm", "SC_rgb_jpeg_dcmtk.dcm", "MR_small_RLE.dcm"])
def test_salvage_has_what_there_is_of_a_stream_that_is_cut_off(
    converter: Converter, name: str
) -> None:
    right = values(converter.done(file(name).read_bytes()))
    stream = streams(dcmread(file(name)))[0].rstrip(b"\0")
    cut = stream[: len(stream) * 9 // 10 // 2 * 2]
    outcome = salvaged(converter, encapsulated(name, [cut]))
    assert "salvaged: frame 1 is truncated; filled in" in outcome.warnings
    found = values(dcmread(converter.out)).reshape(-1)
    if name == "MR_small_RLE.dcm":  # the lower bytes come last
        found, right = found >> 8, right >> 8
    half = right.size // 2
    assert np.array_equal(found[:half], right.reshape(-1)[:half])


def test_a_jpeg_2000_stream_that_is_cut_off_cannot_be_salvaged(converter: Converter) -> None:
    stream = streams(dcmread(file(J2K)))[0]
    data = encapsulated(J2K, [stream[: len(stream) * 9 // 10 // 2 * 2]])
    converter.failed(converter.convert(data, salvage=True), ExitCode.SOURCE)


def test_salvage_of_nothing_is_a_failure(converter: Converter) -> None:
    data = file("JPEG2000-embedded-sequence-delimiter.dcm").read_bytes()
    converter.failed(converter.convert(data, salvage=True), ExitCode.SOURCE)


@pytest.mark.parametrize("name", ["CT_small.dcm", EMRI, "SC_rgb_jpeg_dcmtk.dcm"])
@pytest.mark.parametrize("to", ["explicit", "rle"])
def test_salvage_changes_nothing_where_nothing_is_wrong(
    converter: Converter, name: str, to: str
) -> None:
    data = file(name).read_bytes()
    first = converter.convert(data, to)
    expected = converter.out.read_bytes()
    outcome = converter.convert(data, to, salvage=True)
    assert outcome.verification == first.verification != "none"
    assert not [warning for warning in outcome.warnings if warning.startswith("salvaged")]
    assert converter.out.read_bytes() == expected


@pytest.mark.parametrize("to", ["explicit", "rle"])
def test_salvage_drops_an_element_that_is_cut_off_behind_pixel_data(
    converter: Converter, to: str
) -> None:
    behind = builder.element(0x7FE11001, "UN", b"ab", length=2000)
    data = part10("explicit", native(image(), bytes(range(6))) + behind)
    salvaged(converter, data, to)
    assert converter.done(converter.out.read_bytes()).PixelData == bytes(range(6))


# ------------------------------------------------------------------ --repair


def repaired(converter: Converter, data: bytes, to: str, expected: list[bytes]) -> Outcome:
    """Returns the outcome, once it is sure that no code stream changed and all around is tidy."""
    outcome = converter.convert(data, to, repair=True)
    assert (outcome.status, outcome.action) == ("done", "rewrite"), outcome
    assert (outcome.verification, outcome.decoder, outcome.encoder) == ("bytes-only", "", "")
    made = dcmread(converter.out)
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
    ],
)
def test_repair_leaves_every_code_stream_as_it_is(converter: Converter, name: str, to: str) -> None:
    label = dcmread(file(name)).file_meta.TransferSyntaxUID
    assert label == find(to).uid
    repaired(converter, file(name).read_bytes(), to, _bare(name))


def test_repair_leaves_rle_as_it_is(converter: Converter) -> None:
    name = "SC_rgb_rle_2frame.dcm"
    repaired(converter, file(name).read_bytes(), "rle", streams(dcmread(file(name))))


@pytest.mark.parametrize("table", [(), (1, 2, 3), tuple(range(0, 80, 8))])
def test_repair_mends_offset_tables_fragments_and_padding(
    converter: Converter, table: tuple[int, ...]
) -> None:
    cut = [part for s in _bare(EMRI) for part in (s[:100], s[100:] + b"\0" * (len(s) % 2 + 4))]
    repaired(converter, encapsulated(EMRI, cut, table), "jpeg2000-lossless", _bare(EMRI))


@pytest.mark.parametrize("said", ["1", "9"])
def test_repair_mends_the_number_of_frames(converter: Converter, said: str) -> None:
    data = altered(EMRI, NumberOfFrames=said)
    outcome = repaired(converter, data, "jpeg2000-lossless", _bare(EMRI))
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
    converter: Converter, name: str, to: str, wrong: str, right: str
) -> None:
    outcome = repaired(converter, altered(name, PhotometricInterpretation=wrong), to, _bare(name))
    assert dcmread(converter.out).PhotometricInterpretation == right
    told = any("Photometric Interpretation" in warning for warning in outcome.warnings)
    assert told == (wrong != right)


def test_repair_makes_up_no_frame_and_forgets_none(converter: Converter) -> None:
    data = altered(EMRI, NumberOfFrames="11")
    outcome = converter.convert(data, "jpeg2000-lossless", repair=True)
    converter.failed(outcome, ExitCode.SOURCE)
    outcome = converter.convert(data, "jpeg2000-lossless", repair=True, salvage=True)
    assert (outcome.status, outcome.verification) == ("done", "none")
    assert dcmread(converter.out).NumberOfFrames == 10


def test_repair_mends_the_label(converter: Converter) -> None:
    data = altered("JPEG-LL.dcm", "jpeg-baseline")
    outcome = repaired(converter, data, "jpeg-lossless-sv1", _bare("JPEG-LL.dcm"))
    assert any("the file meta says" in warning for warning in outcome.warnings)


def test_repair_refuses_what_is_cut_off(converter: Converter) -> None:
    data = file("emri_small_jpeg_2k_lossless_too_short.dcm").read_bytes()
    outcome = converter.convert(data, "jpeg2000-lossless", repair=True)
    converter.failed(outcome, ExitCode.SOURCE)
    outcome = converter.convert(data, "jpeg2000-lossless", repair=True, salvage=True)
    assert (outcome.status, outcome.verification) == ("done", "none")


def test_without_repair_a_file_in_the_target_syntax_is_copied(converter: Converter) -> None:
    data = encapsulated(EMRI, fragments(dcmread(file(EMRI))), (1, 2, 3))
    outcome = converter.convert(data, "jpeg2000-lossless")
    assert (outcome.action, converter.out.read_bytes()) == ("copy", data)


def test_repair_is_no_matter_for_another_target(converter: Converter) -> None:
    data = file(EMRI).read_bytes()
    assert converter.convert(data, "rle", repair=True).action == "recode"
    assert converter.convert(data, repair=True).action == "decode"
