"""``dicomtx.frames``: decoded frames as arrays."""

import io
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

import dicomtx
from dicomtx.errors import SettingsError, UnsupportedError
from tests.converter import grey
from tests.corpus import file

FILES = [
    "CT_small.dcm",
    "MR_small_RLE.dcm",
    "JPEG-LL.dcm",
    "examples_ybr_color.dcm",
    "liver_1frame.dcm",
    "examples_palette.dcm",
]


@pytest.mark.parametrize("name", FILES)
def test_the_frames_are_those_of_pydicom(name: str) -> None:
    path = file(name)
    data_set = dcmread(path)
    expected = data_set.pixel_array
    if data_set.get("NumberOfFrames", 1) == 1:
        expected = expected[np.newaxis]
    found = [*dicomtx.frames(path, raw=data_set.PhotometricInterpretation != "YBR_FULL_422")]
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        assert np.abs(ours.astype(int) - theirs).max() <= (2 if ours.ndim == 3 else 0)


def test_raw_frames_keep_the_colour_space() -> None:
    path = file("examples_ybr_color.dcm")
    raw, shown = next(dicomtx.frames(path, raw=True)), next(dicomtx.frames(path))
    assert raw.shape == shown.shape
    assert (raw != shown).any()


def test_frames_of_a_stream_are_decoded_one_at_a_time() -> None:
    found = dicomtx.frames(io.BytesIO(grey()))
    assert next(found).ndim == 2
    found.close()


def test_wrong_options_are_an_error_before_the_first_frame(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="only"):
        dicomtx.frames(tmp_path / "missing.dcm", only="compressed")  # type: ignore[call-arg]


def test_a_file_without_pixel_data_is_an_error() -> None:
    with pytest.raises(UnsupportedError, match=r"rtplan\.dcm: .* no integer Pixel Data"):
        next(dicomtx.frames(file("rtplan.dcm")))
