"""What a file is, told without decoding anything."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from dicomtx.errors import DamagedError, SourceError
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.info import Description, describe
from tests.corpus import file
from tests.dicom import builder
from tests.dicom.builder import element, identity, image, module, native, part10, short


def told(folder: Path, data: bytes) -> Description:
    path = folder / "in.dcm"
    path.write_bytes(data)
    return describe(str(path))


def test_a_native_image_is_described(tmp_path: Path) -> None:
    data = part10("explicit", native(image(2, 3), bytes(12), frames="2"))
    found = told(tmp_path, data)
    assert found.bytes == len(data)
    assert found.transfer_syntax == find("explicit")
    assert found.label == ""
    assert found.sop_instance_uid == builder.SOP_INSTANCE
    assert found.image
    assert (found.image.rows, found.number_of_frames, found.pixel_data) == (2, 2, "native")
    assert (found.fragments, found.basic_offset_table, found.first_stream) == (0, "", None)


def test_an_encapsulated_image_is_described() -> None:
    found = describe(str(file("emri_small_jpeg_2k_lossless.dcm")))
    assert (found.pixel_data, found.fragments, found.number_of_frames) == ("encapsulated", 10, 10)
    assert found.first_stream
    assert found.first_stream.syntax == find("jpeg2000-lossless").uid


@pytest.mark.parametrize(
    ("offsets", "words"), [((), "empty"), ((0,), "1 offset"), ((0, 12), "2 offsets")]
)
def test_offset_tables_are_told(tmp_path: Path, offsets: tuple[int, ...], words: str) -> None:
    fragments = [b"\xff\xd8ab"] * max(1, len(offsets))
    pixels = builder.encapsulated(fragments, offsets)
    table = element(0x7FE00001, "OV", struct.pack("<Q", 0))
    data = identity() + module(image(), frames=str(len(fragments))) + table + pixels
    found = told(tmp_path, part10("jpeg-baseline", data))
    assert (found.basic_offset_table, found.extended_offset_table) == (words, True)


def test_what_is_not_as_it_should_be_is_told(tmp_path: Path) -> None:
    pixels = builder.encapsulated([b"\xff\xd8ab"] * 3, (1, 2, 3))
    data = identity() + module(image(), frames="2") + pixels
    found = told(tmp_path, part10("jpeg-baseline", data))
    assert found.warnings == (
        "the Basic Offset Table is wrong; located frames by code streams",
        "Number of Frames is 2, but Pixel Data has 3 frames",
        "the file meta says jpeg-baseline, but frame 1 has no valid JPEG header",
    )
    assert told(tmp_path, part10("rle", native(image(), bytes(6)))).label == "rle-lossless"


def test_icons_and_overlays_are_told(tmp_path: Path) -> None:
    icon = builder.sequence(0x00880200, [native(image(16, 8), bytes(128))])
    overlays = element(0x60003000, "OW", b"\1\0") + short(0x60020010, 2) + short(0x60020102, 12)
    found = told(tmp_path, part10("explicit", identity() + icon + overlays))
    assert found.icon == "16 x 8, native"
    assert found.overlays == ("6000 in Overlay Data", "6002 in bit 12 of Pixel Data")
    assert (found.pixel_data, found.image) == ("none", None)


def test_the_description_is_json() -> None:
    found = json.loads(json.dumps(describe(str(file("CT_small.dcm"))).as_json()))
    assert found["transfer_syntax"] == {
        "uid": find("explicit").uid,
        "name": "explicit-vr-little-endian",
    }
    assert found["image"]["rows"] == 128


def test_what_cannot_be_described_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        describe(str(tmp_path / "nothing.dcm"))
    with pytest.raises(DamagedError):
        told(tmp_path, part10("explicit", native(image(), bytes(6)))[:-3])


@pytest.mark.parametrize("frames", ["2", "9"])
def test_native_pixel_data_of_another_size_is_told(tmp_path: Path, frames: str) -> None:
    data = native(image(), bytes(18), frames=frames)  # 6 bytes a frame
    warnings = told(tmp_path, part10("explicit", data)).warnings
    needed = f"(frames: {frames}, size: 2 x 3) needs {6 * int(frames)}"
    assert warnings == (f"Pixel Data has 18 bytes, but the image {needed}",)
    assert not told(tmp_path, part10("explicit", native(image(), bytes(18), frames="3"))).warnings


@pytest.mark.parametrize("label", ["deflated-image-frame", "encapsulated-uncompressed"])
def test_a_code_stream_in_a_syntax_without_markers_is_told(tmp_path: Path, label: str) -> None:
    from imagecodecs import jpegls_encode

    stream = bytes(jpegls_encode(np.zeros((2, 3), np.uint8)))
    data = identity() + module(image()) + builder.encapsulated([stream])
    warning = f"the file meta says {label}, but frame 1 is a JPEG-LS code stream"
    assert warning in told(tmp_path, part10(label, data)).warnings
