"""Pixels through codecs: right, whichever way they go."""

import io
import struct

import numpy as np
import pytest
from imagecodecs import jpegxl_encode
from pydicom import dcmread
from pydicom.uid import UID

from dicomtx.dicom.elements import EXPLICIT_BIG
from dicomtx.transfer_syntaxes import find
from tests.converter import Converter
from tests.corpus import file
from tests.dicom import builder
from tests.dicom.builder import image, native, part10, text


@pytest.mark.parametrize("to", ["rle", "jpeg-ls-lossless", "deflated-image-frame", "implicit"])
@pytest.mark.parametrize(("allocated", "vr"), [(8, "OB"), (8, "OW"), (16, "OW"), (16, "OB")])
def test_big_endian_pixels_are_the_same_whichever_way_they_go(
    converter: Converter, to: str, allocated: int, vr: str
) -> None:
    pixel = image(4, 4, allocated=allocated)
    little = bytes(range(pixel.frame_bytes))
    swap = allocated == 16 or vr == "OW"
    big = b"".join(little[n : n + 2][:: -1 if swap else 1] for n in range(0, len(little), 2))
    data = part10("big-endian", native(pixel, big, EXPLICIT_BIG, vr=vr))
    assert converter.there_and_back(data, to).PixelData == little
    assert converter.done(data, "explicit").PixelData == little


def test_32_bit_words_are_swapped_by_16_bits(converter: Converter) -> None:
    pixel = image(2, 2, allocated=32)
    data = part10("big-endian", native(pixel, b"\2\1\4\3" * 4, EXPLICIT_BIG))
    assert converter.there_and_back(data, "rle").PixelData == b"\1\2\3\4" * 4


@pytest.mark.parametrize("to", ["rle", "jpeg2000-lossless", "jpeg-ls-lossless"])
def test_colour_by_plane_becomes_colour_by_pixel_and_says_so(converter: Converter, to: str) -> None:
    pixel = image(8, 8, samples=3, photometric="RGB")._replace(planar_configuration=1)
    planes = bytes(range(64)) + bytes(range(64, 128)) + bytes(range(128, 192))
    data = part10("explicit", native(pixel, planes))
    encoded = converter.done(data, to)
    assert encoded.PlanarConfiguration == 0
    back = converter.done(converter.out.read_bytes())
    assert back.PixelData == bytes(b for n in range(64) for b in (n, n + 64, n + 128))
    assert (back.PlanarConfiguration, back.PhotometricInterpretation) == (0, "RGB")


def test_one_bit_frames_go_there_and_back(converter: Converter) -> None:
    pixel = image(3, 3, allocated=1)
    data = part10("explicit", native(pixel, b"\x55\xaa\x33\x0c", frames="3"))
    assert converter.there_and_back(data, "rle").PixelData == b"\x55\xaa\x33\x04"


def test_native_422_gets_chroma_for_each_pixel(converter: Converter) -> None:
    pixel = image(1, 4, samples=3, photometric="YBR_FULL_422")
    data = part10("explicit", native(pixel, b"aABx" + b"bCDy".replace(b"b", b"c")))
    back = converter.there_and_back(data, "rle")
    assert back.PhotometricInterpretation == "YBR_FULL"
    # Y1 Y2 Cb Cr for each two pixels
    assert back.PixelData == b"aBx" + b"ABx" + b"cDy" + b"CDy"


def test_native_422_that_is_full_is_read_as_full(converter: Converter) -> None:
    pixel = image(1, 4, samples=3, photometric="YBR_FULL_422")
    data = part10("explicit", native(pixel, b"abcdefghijkl"))
    back = converter.there_and_back(data, "rle")
    assert (back.PhotometricInterpretation, back.PixelData) == ("YBR_FULL", b"abcdefghijkl")


def test_native_422_has_one_order_whatever_the_planar_configuration_says(
    converter: Converter,
) -> None:
    pixel = image(2, 6, samples=3, photometric="YBR_FULL_422")
    pixels = [
        converter.there_and_back(
            part10("explicit", native(pixel._replace(planar_configuration=n), bytes(range(24)))),
            "rle",
        ).PixelData
        for n in (0, 1)
    ]
    assert pixels[0] == pixels[1]


def test_lossy_jpeg_becomes_rgb_and_says_so(converter: Converter) -> None:
    data = file("SC_rgb_dcmtk_+eb+cy+s2.dcm").read_bytes()
    back = converter.done(data)
    assert (back.PhotometricInterpretation, back.PlanarConfiguration) == ("RGB", 0)
    kept = converter.done(data, keep_colour_space=True)
    assert kept.PhotometricInterpretation == "YBR_FULL"


@pytest.mark.parametrize(
    ("relabelled", "name"), [("jpeg-baseline", "JPEG-LL.dcm"), ("rle", "MR_small_jp2klossless.dcm")]
)
def test_a_wrong_label_changes_no_pixel(converter: Converter, relabelled: str, name: str) -> None:
    right = converter.done(file(name).read_bytes()).PixelData
    data_set = dcmread(file(name))
    data_set.file_meta.TransferSyntaxUID = UID(find(relabelled).uid)
    wrong = io.BytesIO()
    data_set.save_as(wrong)
    outcome = converter.convert(wrong.getvalue())
    assert outcome.status == "done", outcome.error
    assert dcmread(converter.out).PixelData == right
    assert any("the file meta says" in warning for warning in outcome.warnings)


@pytest.mark.parametrize("to", ["explicit", "implicit", "deflated", "rle"])
def test_a_file_that_is_not_deflated_though_it_says_so_is_what_was_asked_for(
    converter: Converter, to: str
) -> None:
    pixels = bytes(range(6))
    back = converter.done(part10("deflated", native(image(), pixels)), to)
    assert back.file_meta.TransferSyntaxUID == find(to).uid
    assert back.Rows == 2
    assert to == "rle" or back.PixelData == pixels


def test_a_deflated_data_set_has_an_even_length(converter: Converter) -> None:
    for size in range(8):
        data = part10("explicit", builder.identity() + text(0x00100010, "PN", "x" * size))
        assert converter.done(data, "deflated").PatientName == "x" * size
        assert converter.out.stat().st_size % 2 == 0


@pytest.mark.parametrize(
    "to", ["rle", "jpeg-lossless", "jpeg-ls-lossless", "jpeg2000-lossless", "htj2k-lossless"]
)
def test_signed_values_stay_negative(converter: Converter, to: str) -> None:
    pixel = image(2, 4, allocated=16, stored=12, signed=True)
    data = struct.pack("<8h", 0, 1, -1, -2048, 2047, 5, 6, 7)
    assert converter.there_and_back(part10("explicit", native(pixel, data)), to).PixelData == data


@pytest.mark.parametrize("said", ["RGB", "XYB", "YBR_FULL"])
def test_xyb_is_undone_whatever_the_label_says(converter: Converter, said: str) -> None:
    ramp = np.arange(64 * 64 * 3, dtype=np.uint32).reshape(64, 64, 3) // 48 % 256
    stream = bytes(jpegxl_encode(ramp.astype(np.uint8), level=90))
    pixel = image(64, 64, samples=3, photometric=said)
    data = builder.identity() + builder.module(pixel) + builder.encapsulated([stream])
    back = converter.done(part10("jpeg-xl", data))
    assert back.PhotometricInterpretation == "RGB"
    found = np.frombuffer(back.PixelData, np.uint8).astype(int)
    assert abs(found - ramp.reshape(-1)).max() <= 2
