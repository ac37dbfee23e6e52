"""Lossy targets: what is asked is what comes out, and what was lost is written down."""

import struct
import subprocess
from math import inf, log10
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import UID

from dicomtx import code_stream
from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, Encoding
from dicomtx.errors import ExitCode
from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.request import Outcome
from tests import oracle
from tests.converter import Converter, grey
from tests.corpus import file
from tests.dicom import builder
from tests.dicom.builder import SOP_INSTANCE, image, native, part10
from tests.dicom.palettes import segmented_image
from tests.traps.altered_files import altered, difference, saved, streams, values

LOSSY = (
    *("jpeg-baseline", "jpeg-extended", "jpeg-ls-near-lossless"),
    *("jpeg2000", "htj2k", "jpeg-xl"),
)
REAL = (
    *("CT_small.dcm", "693_UNCR.dcm", "MR2_UNCR.dcm", "RG3_UNCR.dcm", "US1_UNCR.dcm"),
    *("examples_rgb_color.dcm", "examples_overlay.dcm", "JPEG-LL.dcm", "image_dfl.dcm"),
    *("JPGLosslessP14SV1_1s_1f_8b.dcm", "color-px.dcm"),
)
WHOLE_STEPS = {
    # NEAR is a whole number: one more would be less than 45 dB
    ("image_dfl.dcm", "jpeg-ls-near-lossless"): 1,
    ("JPGLosslessP14SV1_1s_1f_8b.dcm", "jpeg-ls-near-lossless"): 2,
    ("color-px.dcm", "jpeg-ls-near-lossless"): 1,
}


def done(converter: Converter, data: bytes, to: str, **settings: Any) -> tuple[Outcome, Dataset]:
    """Returns the outcome of a lossy step, and the data set written."""
    outcome = converter.convert(data, to, **settings)
    assert outcome.status == "done", outcome.error
    return outcome, dcmread(converter.out)


def pixels(converter: Converter, path: Path) -> oracle.Values:
    """Returns the values of a file, decoded to native, RGB for colour."""
    native = path.with_suffix(".native")
    outcome = converter.again(path, native, "explicit")
    assert not outcome.error, outcome.error
    data_set = dcmread(native, force=True)
    native.unlink()
    return values(data_set).astype(np.int64)


def psnr(before: oracle.Values, after: oracle.Values) -> float:
    """Returns the PSNR by its definition."""
    error = float(((before - after) ** 2).mean())
    if not error:
        return inf
    return 20 * log10(float(np.ptp(before))) - 10 * log10(error)


# ------------------------------------------------------------------ what is asked


@pytest.mark.long
@pytest.mark.parametrize("to", LOSSY)
@pytest.mark.parametrize("name", REAL)
def test_a_psnr_that_is_asked_is_had_and_hardly_more(
    converter: Converter, name: str, to: str
) -> None:
    outcome = converter.convert(file(name).read_bytes(), to, psnr=45.0)
    if outcome.exit_code == ExitCode.UNSUPPORTED:
        signed_or_wide = ("holds", "signed", "unsigned")
        assert any(word in outcome.error for word in signed_or_wide), outcome.error
        return
    assert outcome.quality is not None, outcome.error
    found = psnr(pixels(converter, converter.source), pixels(converter, converter.out))
    assert found == pytest.approx(outcome.quality.psnr, abs=0.01)
    assert found >= 45
    if (name, to) in WHOLE_STEPS:
        assert outcome.quality.largest_error == WHOLE_STEPS[name, to]
        assert any("--psnr 45: NEAR" in warning for warning in outcome.warnings)
    else:
        assert found < 48


@pytest.mark.parametrize("name", ["4467", "4588", "6293"])
def test_few_values_of_sixteen_bits_are_as_good_as_asked(converter: Converter, name: str) -> None:
    """Their range is 32 or so: OpenJPEG's whole steps alone would be too coarse."""
    done(converter, file(name).read_bytes(), "jpeg2000", psnr=50.0)
    assert psnr(pixels(converter, converter.source), pixels(converter, converter.out)) >= 50


def test_a_ratio_that_is_asked_is_had(converter: Converter) -> None:
    for to in LOSSY[2:5]:
        outcome, made = done(converter, file("CT_small.dcm").read_bytes(), to, ratio=8.0)
        assert outcome.quality is not None
        size = sum(map(len, streams(made)))
        assert 8 <= outcome.quality.ratio < 8.8
        assert outcome.quality.ratio == pytest.approx(128 * 128 * 2 / size, rel=0.001)


@pytest.mark.parametrize("to", LOSSY[2:5])
def test_no_error_is_larger_than_asked(converter: Converter, to: str) -> None:
    outcome, _ = done(converter, file("CT_small.dcm").read_bytes(), to, max_error=7)
    assert outcome.quality is not None
    largest = int(
        np.abs(pixels(converter, converter.source) - pixels(converter, converter.out)).max()
    )
    assert largest == outcome.quality.largest_error
    assert 4 <= largest <= 7


def test_near_2_on_signed_ct_has_no_error_above_2(converter: Converter, tmp_path: Path) -> None:
    outcome, made = done(
        converter, file("CT_small.dcm").read_bytes(), "jpeg-ls-near-lossless", near=2
    )
    assert outcome.quality is not None
    assert outcome.quality.largest_error == 2
    assert made.PixelRepresentation == 1
    native = tmp_path / "native.dcm"
    subprocess.run(["dcmdjpls", converter.out, native], check=True)
    found, before = values(dcmread(native)), values(dcmread(converter.source))
    assert difference(found, before)[1] == 2


@pytest.mark.parametrize("to", ["jpeg-ls-lossless", "jpeg-ls-near-lossless"])
@pytest.mark.parametrize(("bits", "signed"), [(8, False), (8, True), (5, False)])
def test_jpeg_ls_of_few_bits_in_sixteen_is_read_by_dcmtk_and_gdcm(
    converter: Converter, tmp_path: Path, to: str, bits: int, *, signed: bool
) -> None:
    native, near = tmp_path / "native.dcm", 0 if to == "jpeg-ls-lossless" else 1
    data = grey(40, 40, allocated=16, stored=bits, signed=signed)
    assert not converter.convert(data, to, near=near or None).error
    before = values(dcmread(converter.source))
    for tool in (("dcmdjpls",), ("gdcmconv", "--raw")):
        subprocess.run([*tool, converter.out, native], check=True)
        assert difference(values(dcmread(native)), before)[1] <= near


def test_quality_is_jpegs_own_and_90_if_nothing_is_said(converter: Converter) -> None:
    data = file("US1_UNCR.dcm").read_bytes()
    sizes = [
        done(converter, data, "jpeg-baseline", **asked)[0].bytes_out
        for asked in ({}, {"quality": 90}, {"quality": 60})
    ]
    assert sizes[0] == sizes[1] > sizes[2]


@pytest.mark.parametrize("to", ["jpeg2000", "htj2k", "jpeg-xl"])
def test_quality_elsewhere_is_a_psnr(converter: Converter, to: str) -> None:
    outcome, _ = done(converter, file("US1_UNCR.dcm").read_bytes(), to, quality=80)
    assert outcome.quality is not None
    assert outcome.quality.psnr is not None
    assert 46 <= outcome.quality.psnr < 48


def test_what_cannot_be_had_fails_the_file(converter: Converter) -> None:
    outcome = converter.convert(file("image_dfl.dcm").read_bytes(), "jpeg-baseline", psnr=70.0)
    error = converter.failed(outcome, ExitCode.VERIFICATION)
    assert "--psnr 70" in error
    assert "closest" in error


def test_a_frame_below_the_floor_fails_the_file(converter: Converter) -> None:
    data = file("US1_UNCR.dcm").read_bytes()
    outcome = converter.convert(data, "jpeg-baseline", quality=5)
    assert "below --min-psnr 30" in converter.failed(outcome, ExitCode.VERIFICATION)
    assert not converter.convert(data, "jpeg-baseline", quality=5, min_psnr=10.0).error


# ------------------------------------------------------------------ colours and bits


@pytest.mark.parametrize("name", ["US1_UNCR.dcm", "examples_rgb_color.dcm", "color-px.dcm"])
def test_colour_jpeg_is_what_it_says_and_every_reader_sees_it(
    converter: Converter, tmp_path: Path, name: str
) -> None:
    _, made = done(converter, file(name).read_bytes(), "jpeg-baseline", quality=95)
    said = code_stream.read(streams(made)[0])
    assert said is not None
    label = {"YBR": "YBR_FULL_422", "RGB": "RGB"}[said.transform]
    assert (made.PhotometricInterpretation, said.subsampled) == (label, label != "RGB")
    before = pixels(converter, converter.source)
    theirs = tmp_path / "theirs.dcm"
    found = {"dicomtx": pixels(converter, converter.out)}
    subprocess.run(["dcmdjpeg", converter.out, theirs], check=True)
    found["dcmdjpeg"] = values(dcmread(theirs))
    subprocess.run(["gdcmconv", "--raw", converter.out, theirs], check=True)
    data_set = dcmread(theirs)
    rgb = oracle.as_rgb(values(data_set), data_set.PhotometricInterpretation)
    found["gdcmconv"] = rgb.astype(np.int64)
    for reader, after in found.items():
        mean, largest = difference(before, after)
        print(f"{name} by {reader}: mean {mean:.2f}, largest {largest:.0f}")  # noqa: T201 - asked
        assert mean <= 3


def test_4_2_2_gives_way_to_rgb_where_it_misses_what_is_asked(converter: Converter) -> None:
    data = file("examples_rgb_color.dcm").read_bytes()
    by_default = done(converter, data, "jpeg-baseline")[1]
    assert by_default.PhotometricInterpretation == "YBR_FULL_422"
    outcome, made = done(converter, data, "jpeg-baseline", psnr=45.0)
    said = code_stream.read(streams(made)[0])
    assert said is not None
    assert (made.PhotometricInterpretation, said.transform) == ("RGB", "RGB")
    assert any("RGB components" in warning for warning in outcome.warnings)


@pytest.mark.parametrize("name", ["MR2_UNCR.dcm", "RG3_UNCR.dcm"])
def test_extended_jpeg_of_12_bits_is_read_by_dcmdjpeg(
    converter: Converter, tmp_path: Path, name: str
) -> None:
    """10 bits are coded as 12: what comes back a little above their range is so in the file."""
    outcome, made = done(converter, file(name).read_bytes(), "jpeg-extended", quality=95)
    assert outcome.quality is not None
    assert (made.BitsAllocated, made.BitsStored, made.HighBit) == (16, 12, 11)
    native = tmp_path / "native.dcm"
    subprocess.run(["dcmdjpeg", converter.out, native], check=True)
    theirs = values(dcmread(native)).astype(np.int64)
    assert difference(theirs, pixels(converter, converter.out))[1] <= 1
    assert (
        difference(theirs, pixels(converter, converter.source))[1]
        <= outcome.quality.largest_error + 1
    )


@pytest.mark.parametrize(
    ("to", "label", "transform"),
    [("jpeg2000", "YBR_ICT", "ICT"), ("htj2k", "YBR_ICT", "ICT"), ("jpeg-xl", "XYB", "XYB")],
)
def test_the_label_is_what_the_stream_is(
    converter: Converter, to: str, label: str, transform: str
) -> None:
    outcome, made = done(converter, file("US1_UNCR.dcm").read_bytes(), to)
    said = code_stream.read(streams(made)[0])
    assert said is not None
    if outcome.quality is None:  # libjxl 0.12 has at most 46 dB to give for it
        assert any("coded without loss" in warning for warning in outcome.warnings)
        label, transform = "RGB", ""
    assert (made.PhotometricInterpretation, said.transform) == (label, transform)
    assert said.fits(find(to).uid)
    assert difference(pixels(converter, converter.source), pixels(converter, converter.out))[0] < 3


@pytest.mark.parametrize(
    ("pixel", "frames"),
    [
        (image(40, 50), "1"),
        (image(40, 50, allocated=16, stored=12), "2"),
        (image(40, 50, samples=3, photometric="RGB"), "3"),
    ],
    ids=str,
)
@pytest.mark.parametrize("goal", [{"psnr": 150.0}, {"psnr": 120.0, "min_psnr": 60.0}], ids=str)
def test_jpeg_xl_that_misses_its_goal_at_its_finest_is_coded_without_loss(
    converter: Converter, pixel: ImagePixel, frames: str, goal: dict[str, float]
) -> None:
    random = np.random.default_rng(5)
    words = random.integers(0, 1 << pixel.bits_stored, pixel.samples_per_frame * int(frames))
    data = words.astype(f"<u{pixel.bits_allocated // 8}").tobytes()
    source = part10("explicit", native(pixel, data, frames=frames))
    outcome = converter.convert(source, "jpeg-xl", **goal)
    assert (outcome.status, outcome.quality) == ("done", None), outcome.error
    assert any("coded without loss, which jpeg-xl allows" in said for said in outcome.warnings)
    made = dcmread(converter.out)
    said = code_stream.read(streams(made)[0])
    assert said is not None
    assert (said.fits(find("jpeg-xl").uid), said.transform) == (True, "")
    assert made.PhotometricInterpretation == pixel.photometric_interpretation
    assert (made.SOPInstanceUID, "LossyImageCompression" in made) == (SOP_INSTANCE, False)
    assert converter.done(converter.out.read_bytes()).PixelData == data


def test_jpeg_xl_that_misses_a_ratio_is_refused(converter: Converter) -> None:
    data = part10("explicit", native(image(8, 8), bytes(range(64))))
    outcome = converter.convert(data, "jpeg-xl", ratio=500.0, min_psnr=1.0)
    assert "--ratio 500 cannot be reached" in converter.failed(outcome, ExitCode.VERIFICATION)


# ------------------------------------------------------------------ what is written down


def test_a_lossy_step_is_told_and_its_result_is_another_instance(converter: Converter) -> None:
    outcome, made = done(converter, file("CT_small.dcm").read_bytes(), "jpeg2000", psnr=50.0)
    source = dcmread(converter.source)
    assert made.LossyImageCompression == "01"
    assert made.LossyImageCompressionMethod == "ISO_15444_1"
    native = source.Rows * source.Columns * 2
    encoded = sum(map(len, streams(made)))
    assert made.LossyImageCompressionRatio == pytest.approx(native / encoded, rel=0.01)
    assert made.ImageType[0] == "DERIVED"
    assert made.SOPInstanceUID == outcome.new_sop_instance_uid != source.SOPInstanceUID
    assert made.file_meta.MediaStorageSOPInstanceUID == made.SOPInstanceUID
    assert made.SourceImageSequence[-1].ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert outcome.quality is not None
    assert f"{outcome.quality.psnr:.1f} dB" in made.DerivationDescription


def test_twice_lossy_has_two_of_each(converter: Converter) -> None:
    _, first = done(converter, file("CT_small.dcm").read_bytes(), "jpeg2000", psnr=55.0)
    data = converter.out.read_bytes()
    outcome = converter.convert(data, "jpeg-ls-near-lossless", near=2)
    assert "--allow-generation-loss" in converter.failed(outcome, ExitCode.UNSUPPORTED)
    _, made = done(converter, data, "jpeg-ls-near-lossless", near=2, allow_generation_loss=True)
    assert len(made.LossyImageCompressionRatio) == 2
    assert made.LossyImageCompressionMethod == ["ISO_15444_1", "ISO_14495_1"]
    original, then = (item.ReferencedSOPInstanceUID for item in made.SourceImageSequence)
    assert original == dcmread(file("CT_small.dcm")).SOPInstanceUID
    assert then == first.SOPInstanceUID


@pytest.mark.parametrize(
    ("to", "asked"),
    [
        ("jpeg2000", {"reversible": True}),
        ("htj2k", {"reversible": True}),
        ("jpeg2000", {"max_error": 0}),
        ("jpeg-ls-near-lossless", {"near": 0}),
    ],
)
def test_what_loses_nothing_is_not_marked_lossy(
    converter: Converter, to: str, asked: dict[str, Any]
) -> None:
    outcome, made = done(converter, file("US1_UNCR.dcm").read_bytes(), to, **asked)
    source = dcmread(converter.source)
    assert made.file_meta.TransferSyntaxUID == find(to).uid
    assert "LossyImageCompression" not in made
    assert "SourceImageSequence" not in made
    assert made.SOPInstanceUID == source.SOPInstanceUID
    assert (outcome.new_sop_instance_uid, outcome.quality) == (None, None)
    assert np.array_equal(pixels(converter, converter.out), pixels(converter, converter.source))


def test_a_syntax_that_always_loses_something_cannot_be_reversible(converter: Converter) -> None:
    outcome = converter.convert(file("US1_UNCR.dcm").read_bytes(), "jpeg-baseline", reversible=True)
    assert "has no lossless mode" in converter.failed(outcome, ExitCode.UNSUPPORTED)


def test_a_derived_uid_is_the_same_again_and_another_for_other_settings(
    converter: Converter,
) -> None:
    data = file("CT_small.dcm").read_bytes()
    uids = [
        done(converter, data, to, uid="derived", psnr=dB)[1].SOPInstanceUID
        for to, dB in (("jpeg2000", 50.0), ("jpeg2000", 50.0), ("jpeg2000", 51.0), ("htj2k", 50.0))
    ]
    assert uids[0] == uids[1]
    assert len(set(uids)) == 3


def test_a_uid_can_be_kept(converter: Converter) -> None:
    outcome, made = done(converter, file("CT_small.dcm").read_bytes(), "jpeg2000", uid="keep")
    assert made.SOPInstanceUID == dcmread(converter.source).SOPInstanceUID
    assert outcome.new_sop_instance_uid is None
    assert made.LossyImageCompression == "01"


def test_smallest_and_largest_pixel_value_stay_true(converter: Converter) -> None:
    data_set = dcmread(file("CT_small.dcm"))
    data_set.add_new(0x00280106, "SS", 128)
    data_set.add_new(0x00280107, "SS", 2191)
    _, made = done(converter, saved(data_set), "jpeg2000", psnr=40.0)
    found = pixels(converter, converter.out)
    range_now = (made.SmallestImagePixelValue, made.LargestImagePixelValue)
    assert range_now == (found.min(), found.max()) != (128, 2191)


def test_a_lossy_past_that_is_not_told_is_told_when_decoded(converter: Converter) -> None:
    data_set = dcmread(file("JPGExtended.dcm"))
    for keyword in ("", "Ratio", "Method"):
        name = f"LossyImageCompression{keyword}"
        if name in data_set:
            delattr(data_set, name)
    _, made = done(converter, saved(data_set), "explicit")
    assert made.LossyImageCompression == "01"
    assert made.LossyImageCompressionMethod == "ISO_10918_1"
    assert made.SOPInstanceUID == data_set.SOPInstanceUID


# ------------------------------------------------------------------ rails


@pytest.mark.parametrize(
    ("sop_class", "what"),
    [
        ("1.2.840.10008.5.1.4.1.1.66.4", "a segmentation"),
        ("1.2.840.10008.5.1.4.1.1.481.2", "an RT dose"),
        ("1.2.840.10008.5.1.4.1.1.30", "a parametric map"),
    ],
)
def test_values_that_are_no_picture_are_not_made_lossy(
    converter: Converter, sop_class: str, what: str
) -> None:
    data = altered("CT_small.dcm", SOPClassUID=sop_class)
    error = converter.failed(converter.convert(data, "jpeg2000"), ExitCode.UNSUPPORTED)
    assert what in error
    assert "--allow-lossy-class" in error
    assert not converter.convert(data, "jpeg2000", allow_lossy_class=True).error


@pytest.mark.parametrize(
    ("name", "to", "why"),
    [
        ("JPGExtended.dcm", "jpeg2000", "lossy-compressed"),
        ("693_UNCI.dcm", "jpeg2000", "lossy-compressed"),
        ("examples_palette.dcm", "jpeg2000", "--palette expand"),
        ("CT_small.dcm", "jpeg-extended", "12 bits per sample, not 16"),
        ("liver_1frame.dcm", "jpeg2000", "not 1"),
        ("SC_rgb_32bit.dcm", "jpeg2000", "not 32"),
        ("CT_small.dcm", "jpeg-xl-recompression", "only jpeg-baseline can be converted"),
    ],
)
def test_what_would_be_wrong_is_refused_with_the_reason(
    converter: Converter, name: str, to: str, why: str
) -> None:
    outcome = converter.convert(file(name).read_bytes(), to)
    assert why in converter.failed(outcome, ExitCode.UNSUPPORTED)


def test_one_bit_is_never_lossy(converter: Converter) -> None:
    data = file("liver_1frame.dcm").read_bytes()
    outcome = converter.convert(data, "jpeg2000", allow_lossy_class=True)
    assert "not 1" in converter.failed(outcome, ExitCode.UNSUPPORTED)


@pytest.mark.parametrize("name", ["examples_palette.dcm", "OT-PAL-8-face.dcm"])
def test_a_palette_that_is_expanded_is_rgb(converter: Converter, name: str) -> None:
    outcome, made = done(converter, file(name).read_bytes(), "jpeg2000", palette="expand")
    source = dcmread(converter.source, force=True)
    source.file_meta.TransferSyntaxUID = UID(oracle.syntax_of(source))
    colours = apply_color_lut(source.pixel_array, source)
    wide = source.RedPaletteColorLookupTableDescriptor[2] == 16
    expected = (colours >> 8 if wide else colours).astype(np.int64)
    found = pixels(converter, converter.out).reshape(expected.shape)
    assert psnr(expected, found) == pytest.approx(outcome.quality.psnr, abs=0.01)  # type: ignore[union-attr]
    assert (made.SamplesPerPixel, made.BitsAllocated, made.PlanarConfiguration) == (3, 8, 0)
    assert not [element for element in made if "Palette" in element.keyword]


@pytest.mark.parametrize(
    ("bits", "encoding"), [(8, EXPLICIT), (16, EXPLICIT), (8, EXPLICIT_BIG), (16, EXPLICIT_BIG)]
)
def test_a_segmented_palette_is_expanded_exactly(
    converter: Converter, bits: int, encoding: Encoding
) -> None:
    data, colours = segmented_image(bits, encoding)
    _, made = done(converter, data, "jpeg2000", palette="expand", reversible=True)
    assert pixels(converter, converter.out).reshape(-1, 3).tolist() == colours
    assert not [element for element in made if "Palette" in element.keyword]
    kept = converter.there_and_back(data, "rle")
    assert kept.pixel_array.ravel().tolist() == list(range(16))
    assert "SegmentedRedPaletteColorLookupTableData" in kept


def test_a_segmented_palette_that_is_too_long_is_damaged(converter: Converter) -> None:
    data, _ = segmented_image(16)
    longer = data.replace(struct.pack("<3H", 16, 0, 16), struct.pack("<3H", 12, 0, 16))
    outcome = converter.convert(longer, "jpeg2000", palette="expand")
    assert "has 14 entries; 10 are left" in converter.failed(outcome, ExitCode.SOURCE)


@pytest.mark.parametrize("first", [0, 5])
@pytest.mark.parametrize("to", ["explicit", "rle"])
def test_a_loss_is_told_whichever_frame_it_is_in(converter: Converter, first: int, to: str) -> None:
    grey = np.random.default_rng(1).integers(0, 256, (16, 16)).astype(np.uint8)
    coded = [bytes(imagecodecs.jpegls_encode(grey, near)) for near in (first, 5 - first)]
    pixels = builder.encapsulated([stream + b"\0" * (len(stream) % 2) for stream in coded])
    module = builder.identity() + builder.module(builder.image(16, 16), frames="2")
    made = converter.done(builder.part10("jpeg-ls-near-lossless", module + pixels), to)
    assert (made.LossyImageCompression, made.LossyImageCompressionMethod) == ("01", "ISO_14495_1")
