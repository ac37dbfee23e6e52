"""Native Pixel Data with VR UN: words that are swapped, and a VR that readers know."""

from pathlib import Path

import pytest
from pydicom import dcmread

from dicomtx.image_pixel import ImagePixel
from tests.converter import Converter
from tests.dicom import builder
from tests.dicom.builder import KINDS, element, image, module, native, part10, sequence

ICON = module(image(2, 2, allocated=16)) + element(0x7FE00010, "UN", bytes(range(8)))


@pytest.mark.parametrize("pixel", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("to", ["big-endian", "implicit", "deflated"])
def test_unknown_pixel_data_gets_its_vr(tmp_path: Path, to: str, pixel: ImagePixel) -> None:
    data = bytes(n % 251 for n in range(pixel.frame_bytes))
    converter = Converter(tmp_path)
    found = converter.done(part10("explicit", native(pixel, data, vr="UN")), to)
    assert ("OB" if pixel.bits_allocated == 8 and to[0] != "i" else "OW") == found["PixelData"].VR
    wide = pixel.bits_allocated > 8 and to == "big-endian"
    swapped = b"".join(data[at : at + 2][::-1] for at in range(0, len(data), 2))
    assert found.PixelData == (swapped if wide else data)
    again = tmp_path / "again.dcm"
    assert converter.again(converter.out, again, "explicit").status == "done"
    assert dcmread(again).PixelData == data


@pytest.mark.parametrize(
    ("tag", "vr"), [(0x60003000, "OW"), (0x00281201, "OW"), (0x7FE00008, "OF"), (0x00091010, "UN")]
)
def test_tables_in_un_are_swapped_where_the_byte_order_changes(
    tmp_path: Path, tag: int, vr: str
) -> None:
    value = bytes(range(8))
    image_ = native(image(2, 4), bytes(8))
    at = image_.index(b"\x28\0\x02\0") if tag < 0x00280000 else image_.index(b"\xe0\x7f\x10\0")
    data = image_[:at] + element(tag, "UN", value) + image_[at:]
    found = Converter(tmp_path).done(part10("explicit", data), "big-endian")[tag]
    size = {"OW": 2, "OF": 4, "UN": 1}[vr]
    assert vr == found.VR
    assert found.value == b"".join(value[n : n + size][::-1] for n in range(0, 8, size))


def test_pixel_data_of_an_icon_in_un_is_swapped(tmp_path: Path) -> None:
    data = native(image(2, 4), bytes(8))
    at = data.index(b"\xe0\x7f\x10\0")
    data = data[:at] + sequence(0x00880200, [ICON]) + data[at:]
    found = Converter(tmp_path).done(part10("explicit", data), "big-endian")
    pixels = found.IconImageSequence[0]["PixelData"]
    assert pixels.VR == "OW"
    assert pixels.value == bytes(n ^ 1 for n in range(8))
    assert found.SOPInstanceUID == builder.SOP_INSTANCE
