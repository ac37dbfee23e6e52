"""pydicom's ``Dataset.compress()`` and ``pixel_array`` with the codecs of dicomtx."""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.pixels.decoders.base import _PIXEL_DATA_DECODERS
from pydicom.pixels.encoders.base import _PIXEL_DATA_ENCODERS
from pydicom.uid import UID

import dicomtx
from dicomtx import pydicom_plugins
from tests.corpus import file

LOSSLESS = ("5", "4.57", "4.70", "4.80", "4.90", "4.201", "4.202", "4.110")
PLUGIN = {"encoding_plugin": "dicomtx", "generate_instance_uid": False}


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """The plugin is registered, and unknown to pydicom again after the test."""
    pydicom_plugins.register()
    yield
    pydicom_plugins.unregister()


def _compressed(data_set: Dataset, uid: str, **goal: float) -> Dataset:
    made = copy.deepcopy(data_set)
    made.compress(f"1.2.840.10008.1.2.{uid}", **PLUGIN, **goal)  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize("uid", LOSSLESS)
@pytest.mark.parametrize("name", ["CT_small.dcm", "examples_rgb_color.dcm", "MR2_UNCI.dcm"])
def test_lossless_syntaxes_keep_every_value(name: str, uid: str) -> None:
    source = dcmread(file(name))
    if source.PixelRepresentation == 1 and uid == "4.110":
        with pytest.raises(RuntimeError, match="JPEG XL does not support signed samples"):
            _compressed(source, uid)
        return
    made = _compressed(source, uid)
    assert np.array_equal(made.pixel_array, source.pixel_array)


@pytest.mark.parametrize("uid", ["4.90", "4.201"])
@pytest.mark.parametrize(("label", "transform"), [("RGB", "none"), ("YBR_RCT", "RCT")])
def test_a_label_decides_on_the_colour_transform_of_jpeg_2000(
    uid: str, label: str, transform: str
) -> None:
    source = dcmread(file("examples_rgb_color.dcm"))
    expected = source.pixel_array
    source.PhotometricInterpretation = label
    made = _compressed(source, uid)
    assert np.array_equal(made.pixel_array, expected)
    stream = made.PixelData
    style = stream[stream.index(b"\xff\x52") + 8]
    assert style == (1 if transform == "RCT" else 0)


def test_planes_are_encoded_by_pixel() -> None:
    source = dcmread(file("examples_rgb_color.dcm"))
    expected = source.pixel_array
    source.PixelData = expected.transpose(2, 0, 1).tobytes()
    source.PlanarConfiguration = 1
    assert np.array_equal(_compressed(source, "4.70").pixel_array, expected)


@pytest.mark.parametrize(
    ("uid", "goal", "worst"),
    [
        ("4.81", {"jls_error": 2}, 2),
        ("4.91", {"j2k_psnr": [80]}, 60),
        ("4.203", {"step": 0.0001}, 60),
        ("4.50", {"quality": 95}, 40),
    ],
)
def test_lossy_syntaxes_need_a_goal(uid: str, goal: dict[str, float], worst: int) -> None:
    source = dcmread(file("examples_rgb_color.dcm" if uid == "4.50" else "MR_small.dcm"))
    made = _compressed(source, uid, **goal)
    apart = np.abs(made.pixel_array.astype(int) - source.pixel_array)
    assert 0 < apart.max() <= worst
    with pytest.raises(RuntimeError, match="is lossy and needs a goal"):
        _compressed(source, uid)


@pytest.mark.parametrize(
    ("uid", "goal"), [("4.91", {"quality": 90}), ("4.203", {"distance": 1.0})], ids=["91", "203"]
)
def test_the_goal_of_another_syntax_is_not_ignored(uid: str, goal: dict[str, float]) -> None:
    with pytest.raises(RuntimeError, match=r"is lossy and needs a goal: (j2k_psnr|step)="):
        _compressed(dcmread(file("MR_small.dcm")), uid, **goal)


@pytest.mark.parametrize(
    ("name", "plugin"),
    [
        ("JPEG-LL.dcm", "gdcm"),
        ("693_J2KR.dcm", "pylibjpeg"),
        ("MR_small_RLE.dcm", "pydicom"),
        ("SC_rgb_dcmtk_+eb+cr.dcm", "gdcm"),
        ("examples_ybr_color.dcm", "gdcm"),
    ],
)
def test_pixel_arrays_are_those_of_other_plugins(name: str, plugin: str) -> None:
    ours, theirs = dcmread(file(name)), dcmread(file(name))
    theirs.pixel_array_options(decoding_plugin=plugin)
    apart = np.abs(ours.pixel_array.astype(int) - theirs.pixel_array)
    assert apart.max() <= (2 if ours.SamplesPerPixel == 3 else 0)


def test_pydicom_decodes_with_it_first_and_reads_jpeg_xl() -> None:
    decoder = _PIXEL_DATA_DECODERS[UID("1.2.840.10008.1.2.4.90")][0]
    assert next(iter(decoder._available)) == "dicomtx"
    source = dcmread(file("examples_rgb_color.dcm"))
    made, _ = dicomtx.transcode_dataset(source, to="jpeg-xl-lossless")
    assert np.array_equal(made.pixel_array, source.pixel_array)


def test_a_damaged_stream_is_an_error_of_the_guard() -> None:
    data_set = dcmread(file("693_J2KR.dcm"))
    data_set.Rows -= 1
    data_set.pixel_array_options(decoding_plugin="dicomtx")
    with pytest.raises(RuntimeError, match=r"dicomtx: the JPEG 2000 stream has 512 x 512 pixels"):
        _ = data_set.pixel_array


def test_one_bit_samples_are_decoded_to_a_byte_each() -> None:
    source = dcmread(file("liver_1frame.dcm"))
    made, _ = dicomtx.transcode_dataset(source, to="jpeg2000-lossless")
    made.pixel_array_options(decoding_plugin="dicomtx")
    assert np.array_equal(made.pixel_array, source.pixel_array)


def test_pydicom_forgets_the_plugin() -> None:
    pydicom_plugins.unregister()
    tables: tuple[dict[Any, Any], ...] = (_PIXEL_DATA_DECODERS, _PIXEL_DATA_ENCODERS)
    for table in tables:
        assert UID("1.2.840.10008.1.2.4.110") not in table
        assert not [uid for uid in table if "dicomtx" in table[uid][0].available_plugins]
    assert UID("1.2.840.10008.1.2.4.80") in _PIXEL_DATA_ENCODERS


def test_registering_twice_does_nothing() -> None:
    pydicom_plugins.register()
    decoder = _PIXEL_DATA_DECODERS[UID("1.2.840.10008.1.2.4.90")][0]
    assert decoder.available_plugins.count("dicomtx") == 1
