"""JPEG streams with an EXIF orientation, and with chroma that JPEG XL cannot hold."""

import struct
from typing import Any

import imagecodecs
import numpy as np
import pytest

from dicomtx import code_stream
from dicomtx.code_stream import jpegxl
from dicomtx.errors import ExitCode
from tests.converter import Converter
from tests.dicom import builder
from tests.dicom.builder import image, part10
from tests.traps.altered_files import streams

PACKED = "jpeg-xl-recompression"


def jpeg(orientation: int, samples: int, subsampling: str = "422", order: str = ">") -> bytes:
    """Returns a Baseline stream of 40 x 56 pixels with an EXIF segment."""
    ramp = np.add.outer(np.arange(40), np.arange(56)).astype(np.uint8)
    pixels = ramp if samples == 1 else np.stack([ramp, ramp[::-1], 255 - ramp], axis=-1)
    colours: dict[str, Any] = {"colorspace": "RGB", "outcolorspace": "YCBCR"}
    how = colours | {"subsampling": subsampling} if samples == 3 else {}
    made = bytes(imagecodecs.jpeg8_encode(pixels, 90, **how))
    entry = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"MM" if order == ">" else b"II"
    tiff += struct.pack(f"{order}HIH", 42, 8, 1) + entry + bytes(4)
    exif = b"Exif\0\0" + tiff
    return made[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + made[2:]


def file_of(stream: bytes, samples: int, syntax: str = "jpeg-baseline", **size: Any) -> bytes:
    label = "MONOCHROME2" if samples == 1 else "YBR_FULL_422"
    pixel = image(40, 56, samples=samples, photometric=label)._replace(**size)
    parts = [stream + b"\0" * (len(stream) % 2)]
    return part10(syntax, builder.identity() + builder.module(pixel) + builder.encapsulated(parts))


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("orientation", [1, 2, 3, 6, 8])
def test_any_reader_sees_rows_and_columns(
    converter: Converter, orientation: int, samples: int, order: str
) -> None:
    stream = jpeg(orientation, samples, order=order)
    (packed,) = streams(converter.done(file_of(stream, samples), PACKED))
    seen = imagecodecs.jpegxl_decode(packed)  # turned as the stream says
    expected = imagecodecs.jpeg8_decode(stream)
    assert seen.shape == expected.shape
    assert np.abs(seen.astype(int) - expected).max() <= 8
    (back,) = streams(converter.done(converter.out.read_bytes(), "jpeg-baseline"))
    assert back.rstrip(b"\0") == stream


@pytest.mark.parametrize("to", ["jpeg-baseline", "explicit", "rle"])
@pytest.mark.parametrize(("orientation", "size"), [(6, (56, 40)), (6, (40, 56)), (3, (40, 56))])
def test_what_others_packed_turned_is_refused(
    converter: Converter, orientation: int, size: tuple[int, int], to: str
) -> None:
    packed = bytes(imagecodecs.jpegxl_encode_jpeg(jpeg(orientation, 3), usecontainer=True))
    said = code_stream.read(packed)
    assert said is not None
    assert said.orientation == orientation
    assert (said.rows, said.columns) == imagecodecs.jpegxl_decode(packed).shape[:2]
    data = file_of(packed, 3, PACKED, rows=size[0], columns=size[1])
    outcome = converter.convert(data, to)
    assert outcome.exit_code != ExitCode.DONE
    assert "rotates the image" in outcome.error or "the data set" in outcome.error


def test_a_stream_that_is_not_turned_stays_as_it_is() -> None:
    packed = bytes(imagecodecs.jpegxl_encode_jpeg(jpeg(1, 3), usecontainer=True))
    assert jpegxl.upright(packed) is packed


def test_chroma_that_jpeg_xl_cannot_hold_is_named(converter: Converter) -> None:
    outcome = converter.convert(file_of(jpeg(1, 3, "411"), 3), PACKED)
    assert "4 x 1 luma samples" in converter.failed(outcome, ExitCode.UNSUPPORTED)


@pytest.mark.parametrize("subsampling", ["444", "422", "420", "440"])
def test_other_chroma_is_packed(converter: Converter, subsampling: str) -> None:
    stream = jpeg(6, 3, subsampling)
    converter.done(file_of(stream, 3), PACKED)
    (back,) = streams(converter.done(converter.out.read_bytes(), "jpeg-baseline"))
    assert back.rstrip(b"\0") == stream
