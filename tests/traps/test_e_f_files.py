"""Sections E and F, as far as pixels are concerned: data sets, and how the tool behaves."""

import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from dicomtx.codecs.imagecodecs import lossless
from dicomtx.errors import ExitCode
from dicomtx.image_pixel import Frame
from tests.conftest import Run
from tests.converter import Converter, grey
from tests.corpus import file
from tests.dicom import builder
from tests.dicom.builder import element, image, native, part10, text
from tests.sampling import sampled
from tests.test_every_file import LOSSLESS, TARGETS


def test_e6_a_deflated_data_set_is_raw_and_even(converter: Converter) -> None:
    source = dcmread(file("image_dfl.dcm"))
    native_again = converter.done(file("image_dfl.dcm").read_bytes())
    assert native_again.PixelData == source.PixelData
    converter.done(converter.out.read_bytes(), "deflated")
    data = converter.out.read_bytes()
    start = 144 + struct.unpack("<I", data[140:144])[0]
    assert len(data[start:]) % 2 == 0
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)  # PS3.5 A.5: no zlib header
    assert inflater.decompress(data[start:]).endswith(source.PixelData)
    assert inflater.eof


@pytest.mark.parametrize("to", ["explicit", "rle", "deflated-image-frame"])
def test_e6_deflated_image_frames_are_read_and_written(converter: Converter, to: str) -> None:
    pixels = [bytes(range(n, n + 48)) for n in range(3)]
    streams = [zlib.compress(frame)[2:-4] for frame in pixels]  # raw, as PS3.5 A.4.13 wants it
    parts = [stream + b"\0" * (len(stream) % 2) for stream in streams]
    content = builder.module(image(6, 8), frames="3") + builder.encapsulated(parts)
    converter.done(part10("deflated-image-frame", builder.identity() + content), to)
    assert converter.done(converter.out.read_bytes()).PixelData == b"".join(pixels)


@pytest.mark.parametrize("to", LOSSLESS)
def test_e6_an_unknown_syntax_is_kept(converter: Converter, to: str) -> None:
    pixels = builder.encapsulated([b"whatever"])
    data = part10("rle", builder.identity() + builder.module(image()) + pixels)
    data = data.replace(b"1.2.840.10008.1.2.5\0", b"1.2.3.840.10008.2.5\0")
    outcome = converter.convert(data, to)
    assert (outcome.status, outcome.exit_code) == ("kept", 0)
    assert converter.out.read_bytes() == data


@pytest.mark.parametrize("to", TARGETS)
def test_e7_what_stands_behind_pixel_data_stays(converter: Converter, to: str) -> None:
    pixels = bytes(range(48))
    behind = text(0x7FE10010, "LO", "MAKER") + element(0x7FE11001, "UN", b"after!")
    behind += element(0xFFFCFFFC, "OB", bytes(32))
    lengths = element(0x7FE00000, "UL", struct.pack("<I", 12 + len(pixels)))
    made = native(image(6, 8), pixels)
    at = made.rindex(b"\xe0\x7f\x10\0")
    data = made[:at] + lengths + made[at:] + behind
    encoded = converter.done(part10("explicit", data), to)
    for data_set in (encoded, converter.done(converter.out.read_bytes())):
        assert data_set[0x7FE11001].value == b"after!"
        assert data_set[0xFFFCFFFC].value == bytes(32)
    assert dcmread(converter.out).PixelData == pixels


def test_e7_the_group_length_of_pixel_data_is_right_or_gone(converter: Converter) -> None:
    pixels = bytes(range(48))
    lengths = element(0x7FE00000, "UL", struct.pack("<I", 12 + len(pixels)))
    made = native(image(6, 8), pixels)
    at = made.rindex(b"\xe0\x7f\x10\0")
    converter.done(part10("explicit", made[:at] + lengths + made[at:]), "rle")
    data = converter.out.read_bytes()
    at = data.rindex(b"\xe0\x7f\x10\0")
    found = data.find(b"\xe0\x7f\0\0UL\4\0")
    assert found < 0 or struct.unpack("<I", data[found + 8 : found + 12])[0] == len(data) - at


@pytest.mark.parametrize("to", ["rle", "jpeg2000-lossless", "jpeg-ls-lossless"])
def test_f5_an_encoder_that_flips_a_bit_is_found_out(
    converter: Converter, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    right = lossless.encode

    def flips(frame: Frame, *rest: Any) -> bytes:
        data = bytearray(frame.data)
        data[len(data) // 2] ^= 1
        return right(Frame(bytes(data), frame.image), *rest)

    monkeypatch.setattr(lossless, "encode", flips)
    data = grey(16, 16)
    error = converter.failed(converter.convert(data, to), ExitCode.VERIFICATION)
    assert "frame 1" in error
    assert converter.source.read_bytes() == data


@pytest.mark.parametrize("name", sampled(["JPGExtended.dcm", "JPEG-lossy.dcm"], 2))
def test_f9_what_libraries_print_is_not_shown(run: Run, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out.dcm"
    done = run("convert", file(name), out, "--order", "plugins-only", "--to", "jpeg-ls-lossless")
    assert done.stderr == b""
    assert done.returncode == 0
    assert out.exists()
