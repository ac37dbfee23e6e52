"""Compression ratios: what is asked is had, and what is written down is what it is."""

import pytest
from pydicom import dcmread

from dicomtx.errors import ExitCode
from tests.converter import Converter
from tests.corpus import file
from tests.traps.altered_files import streams

LOSSY = (
    *("jpeg-baseline", "jpeg-extended", "jpeg-ls-near-lossless"),
    *("jpeg2000", "htj2k", "jpeg-xl"),
)
REAL = (
    *("CT_small.dcm", "US1_UNCR.dcm", "examples_rgb_color.dcm", "image_dfl.dcm"),
    "JPGLosslessP14SV1_1s_1f_8b.dcm",
)
MOST = {"jpeg-baseline": 8.6, "jpeg-extended": 8.6, "jpeg-ls-near-lossless": 8.3}
WHOLE_STEPS = {
    # where NEAR is 0 it is as small as this, and nothing is lost
    ("image_dfl.dcm", "jpeg-ls-near-lossless"): 17.51,
    # NEAR 0 would be 7.71
    ("JPGLosslessP14SV1_1s_1f_8b.dcm", "jpeg-ls-near-lossless"): 11.80,
    # libjxl 0.12 goes from 7.64 at distance 0.551 to 8.16 at 0.560
    ("examples_rgb_color.dcm", "jpeg-xl"): 8.2,
}


@pytest.mark.parametrize("to", LOSSY)
@pytest.mark.parametrize("name", REAL)
def test_a_ratio_is_never_less_than_asked_and_as_near_as_the_knob_allows(
    converter: Converter, name: str, to: str
) -> None:
    outcome = converter.convert(file(name).read_bytes(), to, ratio=8.0, min_psnr=10.0)
    if outcome.exit_code == ExitCode.UNSUPPORTED:  # signed, or more bits than it holds
        assert name == "CT_small.dcm"
        return
    assert outcome.quality is not None, outcome.error
    made = dcmread(converter.out)
    native = made.Rows * made.Columns * made.SamplesPerPixel * made.BitsAllocated // 8
    ratio = native / sum(map(len, streams(made)))
    assert ratio == pytest.approx(outcome.quality.ratio, rel=0.001)
    assert 8 <= outcome.quality.ratio <= WHOLE_STEPS.get((name, to), MOST.get(to, 8.15))
    if outcome.quality.ratio > 10 and outcome.quality.largest_error:
        assert any("NEAR 0 gives 7.71" in warning for warning in outcome.warnings)


@pytest.mark.parametrize("to", LOSSY)
@pytest.mark.parametrize("name", ["emri_small.dcm", "SC_rgb_rle_2frame.dcm"])
def test_the_ratio_written_down_is_bytes_in_to_bytes_out_of_all_frames(
    converter: Converter, name: str, to: str
) -> None:
    outcome = converter.convert(file(name).read_bytes(), to, min_psnr=10.0)
    if outcome.exit_code == ExitCode.UNSUPPORTED:
        assert name == "emri_small.dcm"
        return
    assert outcome.quality is not None, outcome.error
    made = dcmread(converter.out)
    pixels = made.Rows * made.Columns * made.NumberOfFrames
    native = pixels * made.SamplesPerPixel * made.BitsAllocated // 8
    encoded = sum(map(len, streams(made)))
    assert made.NumberOfFrames > 1
    assert made.LossyImageCompressionRatio == pytest.approx(native / encoded, rel=0.01)
    assert len(outcome.quality.frames) == made.NumberOfFrames
