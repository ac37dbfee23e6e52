"""An ICC profile in a code stream is kept in the data set; colour transforms of JPEG-LS work."""

import struct
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread

from dicomtx.code_stream import icc
from dicomtx.codecs.imagecodecs import jpegxl_profile, recompression
from tests.converter import Converter
from tests.dicom import builder
from tests.traps.altered_files import values

SMALL, LARGE = bytes(range(251)) * 3, bytes(range(256)) * 600
KEPT = "copied to ICC Profile"


def jpeg(profile: bytes, samples: int, *, lossless: bool = False) -> bytes:
    pixels = np.arange(16 * 16 * samples, dtype=np.uint8).reshape(16, 16, samples)
    colour: dict[str, Any] = {"colorspace": "RGB", "outcolorspace": "RGB"} if samples == 3 else {}
    how: dict[str, Any] = {"lossless": True, "predictor": 1} if lossless else {}
    made = bytes(imagecodecs.jpeg8_encode(pixels.squeeze(), 90, **(how | colour)))
    size = 65000
    pieces = [profile[at : at + size] for at in range(0, len(profile), size)]
    parts = (b"ICC_PROFILE\0" + bytes((n, len(pieces))) + part for n, part in enumerate(pieces, 1))
    named = b"".join(b"\xff\xe2" + struct.pack(">H", len(part) + 2) + part for part in parts)
    return made[:2] + named + made[2:]


def jp2(profile: bytes, samples: int) -> bytes:
    pixels = np.arange(16 * 16 * samples, dtype=np.uint8).reshape(16, 16, samples)
    how: dict[str, Any] = {"level": 0, "codecformat": "J2K", "planar": False, "reversible": True}
    stream = bytes(imagecodecs.jpeg2k_encode(pixels.squeeze(), mct=False, **how))
    colours = box(b"colr", b"\2\0\0" + profile)
    signature = b"\x00\x00\x00\x0cjP  \x0d\x0a\x87\x0a"
    head = signature + box(b"ftyp", b"jp2 \0\0\0\0jp2 ") + box(b"jp2h", colours)
    return head + box(b"jp2c", stream)


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def file_of(syntax: str, stream: bytes, samples: int, *more: bytes) -> bytes:
    label = "RGB" if samples == 3 else "MONOCHROME2"
    pixel = builder.image(16, 16, samples=samples, photometric=label)
    parts = [stream + b"\0" * (len(stream) % 2)]
    content = builder.identity() + builder.module(pixel) + b"".join(more)
    return builder.part10(syntax, content + builder.encapsulated(parts))


def files(profile: bytes, samples: int) -> dict[str, bytes]:
    return {
        "jpeg": file_of("jpeg-baseline", jpeg(profile, samples), samples),
        "sv1": file_of("jpeg-lossless-sv1", jpeg(profile, samples, lossless=True), samples),
        "jp2": file_of("jpeg2000-lossless", jp2(profile, samples), samples),
    }


@pytest.mark.parametrize("to", ["explicit", "rle", "jpeg-ls-lossless", "htj2k-lossless"])
@pytest.mark.parametrize("kind", ["jpeg", "sv1"])
@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("profile", [SMALL, LARGE], ids=["small", "odd"])
def test_the_profile_of_a_decoded_stream_is_kept(
    converter: Converter, kind: str, samples: int, profile: bytes, to: str
) -> None:
    data = files(profile, samples)[kind]
    outcome = converter.convert(data, to)
    assert outcome.status == "done", outcome.error
    assert any(KEPT in warning for warning in outcome.warnings)
    made = converter.done(data, to)
    assert made.ICCProfile == profile + b"\0" * (len(profile) % 2)


@pytest.mark.parametrize("to", ["explicit", "rle", "htj2k-lossless"])
@pytest.mark.parametrize("samples", [1, 3])
def test_the_profile_of_a_jp2_header_is_dropped_with_a_warning(
    converter: Converter, samples: int, to: str
) -> None:
    outcome = converter.convert(files(SMALL, samples)["jp2"], to)
    assert outcome.status == "done", outcome.error
    assert any("JP2 header was dropped" in warning for warning in outcome.warnings)
    assert "ICCProfile" not in dcmread(converter.out)


def test_the_profile_in_a_repacked_jpeg_is_kept_when_it_is_decoded(converter: Converter) -> None:
    real = imagecodecs.cms_profile("srgb")  # libjxl does not take a profile that it cannot parse
    packed = converter.done(files(real, 3)["jpeg"], "jpeg-xl-recompression")
    assert "ICCProfile" not in packed
    assert converter.done(converter.out.read_bytes()).ICCProfile == real + b"\0" * (len(real) % 2)


def without_jpeg(packed: bytes) -> bytes:
    """Returns a JPEG XL file without the box that restores the JPEG stream."""
    found, at = b"", 0
    while at < len(packed):
        size = int.from_bytes(packed[at : at + 4], "big") or len(packed) - at
        found += packed[at : at + size] if packed[at + 4 : at + 8] != b"jbrd" else b""
        at += size
    return found


SRGB = bytes(imagecodecs.cms_profile("srgb"))
LONGER = (len(SRGB) + 333).to_bytes(4, "big") + SRGB[4:] + bytes(333)
PROFILES = {"srgb": SRGB, "adobergb": bytes(imagecodecs.cms_profile("adobergb")), "odd": LONGER}


@pytest.mark.parametrize("label", ["jpeg-xl-lossless", "jpeg-xl"])
@pytest.mark.parametrize("to", ["explicit", "rle", "jpeg2000-lossless"])
@pytest.mark.parametrize("name", ["srgb", "adobergb", "odd"])
def test_the_profile_of_jpeg_xl_is_kept(
    converter: Converter, label: str, to: str, name: str
) -> None:
    profile = PROFILES[name]
    packed = without_jpeg(recompression.packed(jpeg(profile, 3)))
    outcome = converter.convert(file_of(label, packed, 3), to)
    assert outcome.status == "done", outcome.error
    assert any(KEPT in warning for warning in outcome.warnings)
    assert dcmread(converter.out).ICCProfile == profile + b"\0" * (len(profile) % 2)


@pytest.mark.parametrize("label", ["jpeg-xl-lossless", "jpeg-xl"])
def test_standard_colours_of_jpeg_xl_need_no_profile(converter: Converter, label: str) -> None:
    pixels = np.arange(768, dtype=np.uint8).reshape(16, 16, 3)
    stream = bytes(imagecodecs.jpegxl_encode(pixels, lossless=label == "jpeg-xl-lossless"))
    outcome = converter.convert(file_of(label, stream, 3))
    assert outcome.status == "done", outcome.error
    assert not any("ICC" in warning for warning in outcome.warnings)


def test_a_profile_of_jpeg_xl_that_cannot_be_read_is_told(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = without_jpeg(recompression.packed(jpeg(imagecodecs.cms_profile("srgb"), 3)))
    monkeypatch.setattr(jpegxl_profile, "LARGEST", 100)
    outcome = converter.convert(file_of("jpeg-xl-lossless", packed, 3))
    assert outcome.status == "done", outcome.error
    assert any("ICC profile of the code stream is lost" in w for w in outcome.warnings)


OWN = builder.element(0x00282000, "OB", b"own.")
NESTED = builder.sequence(0x00480105, [OWN])


@pytest.mark.parametrize("said", [OWN, NESTED], ids=["own", "optical path"])
def test_a_profile_of_the_data_set_stays(converter: Converter, said: bytes) -> None:
    data = file_of("jpeg-baseline", jpeg(SMALL, 3), 3, said)
    outcome = converter.convert(data)
    assert not any(KEPT in warning for warning in outcome.warnings)
    made = converter.done(data)
    holder = made if said is OWN else made.OpticalPathSequence[0]
    assert holder.ICCProfile == b"own."


def test_a_profile_that_is_not_whole_is_none() -> None:
    whole = jpeg(LARGE, 1)
    assert icc.profile(whole) == LARGE
    assert icc.profile(whole.replace(b"ICC_PROFILE\0\2", b"ICC_PROFILE\0\4")) == b""
    assert icc.profile(b"nothing") == b""


def transformed(rgb: NDArray[np.uint8], kind: int) -> NDArray[np.uint8]:
    """Returns colours as the codec of HP transforms them (HP1, HP2, HP3), modulo 256."""
    red, green, blue = (rgb[..., n].astype(int) for n in range(3))
    of_red, of_blue = (red - green + 128) & 255, (blue - green + 128) & 255
    parts = {
        1: (of_red, green, of_blue),
        2: (of_red, green, blue - (red + green >> 1) - 128),
        3: (green + (of_red + of_blue >> 2) - 64, of_blue, of_red),
    }[kind]
    return (np.stack(parts, axis=-1) & 255).astype(np.uint8)


@pytest.mark.parametrize("to", ["explicit", "rle", "jpeg2000-lossless"])
@pytest.mark.parametrize("kind", [1, 2, 3])
def test_colour_transforms_of_hp_are_undone(converter: Converter, kind: int, to: str) -> None:
    rgb = np.random.default_rng(5).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    plain = bytes(imagecodecs.jpegls_encode(transformed(rgb, kind), 0))
    told = b"\xff\xe8\0\7mrfx" + bytes((kind,))
    stream = plain[:2] + told + plain[plain.index(b"\xff\xf7") :]
    made = converter.there_and_back(file_of("jpeg-ls-lossless", stream, 3), to)
    assert made.PhotometricInterpretation == "RGB"
    assert np.array_equal(values(made)[0], rgb)


@pytest.mark.parametrize("to", ["explicit", "rle", "jpeg2000-lossless"])
def test_mapping_tables_of_jpeg_ls_are_never_left_out(converter: Converter, to: str) -> None:
    grey = (np.arange(256) % 16).astype(np.uint8).reshape(16, 16)
    plain = bytes(imagecodecs.jpegls_encode(grey, 0))
    frame, scan = plain.index(b"\xff\xf7"), plain.index(b"\xff\xda")
    table = b"\xff\xf8" + struct.pack(">HBBB", 5 + 256, 2, 1, 1) + bytes(range(255, -1, -1))
    mapped = bytearray(plain[scan:])
    mapped[6] = 1
    stream = plain[:2] + plain[frame:scan] + table + bytes(mapped)
    outcome = converter.convert(file_of("jpeg-ls-lossless", stream, 1), to)
    assert outcome.status == "refused"
    assert "mapping table" in outcome.error
