"""Section B: bit depth, sign, overlays."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from imagecodecs import jpeg2k_encode, jpegls_decode, jpegls_encode
from pydicom import dcmread

from dicomtx.errors import ExitCode
from tests import oracle
from tests.converter import Converter
from tests.corpus import file
from tests.dicom import builder
from tests.dicom.builder import image, native, part10, short
from tests.oracle import Decoder
from tests.test_every_file import LOSSLESS, TARGETS
from tests.traps.altered_files import difference, streams, truth, values

SIGNED = [to for to in LOSSLESS if to != "jpeg-xl-lossless"]  # it has no signed samples


def _streamed(label: str, pixel: Any, stream: bytes) -> bytes:
    parts = [stream + b"\0" * (len(stream) % 2)]
    content = builder.identity() + builder.module(pixel) + builder.encapsulated(parts)
    return part10(label, content)


@pytest.mark.parametrize("name", ["J2K_pixelrep_mismatch.dcm", "693_J2KI.dcm"])
@pytest.mark.parametrize("to", ["explicit", "rle", "htj2k-lossless"])
def test_b1_signed_jpeg_2000_is_not_shifted(
    converter: Converter, decoder: Decoder, name: str, to: str
) -> None:
    converter.done(file(name).read_bytes(), to)
    back = converter.done(converter.out.read_bytes())
    assert back.PixelRepresentation == dcmread(file(name)).PixelRepresentation
    assert np.array_equal(values(back), truth(decoder, file(name))[0])


@pytest.mark.parametrize("to", ["jpeg2000-lossless", "htj2k-lossless"])
@pytest.mark.parametrize("sign", [0, 1])
def test_b1_the_stream_has_the_sign_of_the_data_set(
    converter: Converter, to: str, sign: int
) -> None:
    pixel = image(8, 8, allocated=16, stored=12, signed=bool(sign))
    made = converter.done(part10("explicit", native(pixel, bytes(128))), to)
    stream = streams(made)[0]
    depth = stream[stream.index(b"\xff\x51") + 40]  # Ssiz (ISO/IEC 15444-1 A.5.1)
    assert depth == sign << 7 | 11


@pytest.mark.parametrize("to", ["explicit", *SIGNED])
@pytest.mark.parametrize("stored", [12, 15, 16])
def test_b2_signed_jpeg_ls_is_sign_extended(converter: Converter, to: str, stored: int) -> None:
    lowest = -1 << stored - 1
    expected = np.linspace(lowest, -lowest - 1, 64).astype(np.int16)
    stream = bytes(jpegls_encode((expected.view(np.uint16) & (1 << stored) - 1).reshape(8, 8)))
    pixel = image(8, 8, allocated=16, stored=stored, signed=True)
    converter.done(_streamed("jpeg-ls-lossless", pixel, stream), to)
    back = converter.done(converter.out.read_bytes())
    assert np.array_equal(values(back).reshape(-1), expected)


@pytest.mark.parametrize("stored", [8, 12, 16])
def test_b2_signed_values_keep_the_error_bound_at_both_ends(
    converter: Converter, stored: int
) -> None:
    """Near zero and near the ends of the range a coder without signs could jump to the other."""
    lowest = -1 << stored - 1
    ends = [lowest, lowest + 1, -2, -1, 0, 1, -lowest - 2, -lowest - 1]
    expected = np.random.default_rng(3).choice(ends, (32, 32)).astype(np.int16)
    pixel = image(32, 32, allocated=16, stored=stored, signed=True)
    source = part10("explicit", native(pixel, expected.tobytes()))
    outcome = converter.convert(source, "jpeg-ls-near-lossless", near=2)
    assert outcome.quality is not None, outcome.error
    assert outcome.quality.largest_error <= 2
    stream = streams(dcmread(converter.out))[0]
    found = jpegls_decode(stream).astype(np.int32) & ((1 << stored) - 1)  # as any reader does it
    found -= (found >> stored - 1) << stored
    assert np.abs(found - expected).max() <= 2


@pytest.mark.parametrize("to", LOSSLESS)
@pytest.mark.parametrize("stored", [6, 7, 8])
def test_b3_eight_bits_stored_in_sixteen_stay_so(
    converter: Converter, to: str, stored: int
) -> None:
    pixel = image(9, 7, allocated=16, stored=stored)
    data = struct.pack("<63H", *(n % (1 << stored) for n in range(63)))
    back = converter.there_and_back(part10("explicit", native(pixel, data)), to)
    assert back.PixelData == data
    assert (back.BitsAllocated, back.BitsStored, back.HighBit) == (16, stored, stored - 1)


@pytest.mark.parametrize("to", ["explicit", *LOSSLESS])
@pytest.mark.parametrize("allocated", [8, 16])
def test_b3_jpeg_ls_of_seven_bits_fills_what_is_allocated(
    converter: Converter, to: str, allocated: int
) -> None:
    samples = np.arange(64, dtype=np.uint8).reshape(8, 8)
    pixel = image(8, 8, allocated=allocated, stored=7)
    converter.done(_streamed("jpeg-ls-lossless", pixel, bytes(jpegls_encode(samples))), to)
    back = converter.done(converter.out.read_bytes())
    assert (back.BitsAllocated, back.BitsStored) == (allocated, 7)
    assert back.PixelData == samples.astype(f"<u{allocated // 8}").tobytes()


@pytest.mark.parametrize("said", [10, 14, 16])
@pytest.mark.parametrize("label", ["jpeg2000-lossless", "jpeg-ls-lossless"])
def test_b4_bits_stored_that_differ_from_the_stream_change_nothing(
    converter: Converter, label: str, said: int
) -> None:
    samples = np.arange(64, dtype=np.uint16).reshape(8, 8) * 65  # up to 4095: 12 bits
    if label == "jpeg-ls-lossless":
        stream = bytes(jpegls_encode(samples))
    else:
        stream = bytes(
            jpeg2k_encode(samples, bitspersample=12, codecformat="J2K", reversible=True, level=0)
        )
    pixel = image(8, 8, allocated=16, stored=said)
    back = converter.done(_streamed(label, pixel, stream))
    assert back.PixelData == samples.tobytes()
    assert (back.BitsAllocated, back.BitsStored, back.HighBit) == (16, said, said - 1)


@pytest.mark.parametrize("to", LOSSLESS)
@pytest.mark.parametrize("frames", [1, 3])
def test_b5_an_overlay_in_the_high_bits_is_moved_out(
    converter: Converter, to: str, frames: int
) -> None:
    random = np.random.default_rng(5)
    low = random.integers(0, 1 << 12, 35 * frames, dtype=np.uint16)
    plane = random.integers(0, 2, 35 * frames, dtype=np.uint16)
    pixel = image(5, 7, allocated=16, stored=12)
    made = native(pixel, (low | plane << 12).tobytes(), frames=str(frames))
    at = made.rindex(b"\xe0\x7f\x10\0")
    place = short(0x60000010, 5) + short(0x60000011, 7)
    more = place + short(0x60000100, 16) + short(0x60000102, 12)
    encoded = converter.done(part10("explicit", made[:at] + more + made[at:]), to)
    packed = np.packbits(plane.astype(np.uint8), bitorder="little").tobytes()
    assert encoded[0x60003000].value == packed + b"\0" * (len(packed) % 2)
    assert (encoded[0x60000100].value, encoded[0x60000102].value) == (1, 0)
    assert converter.done(converter.out.read_bytes()).PixelData == low.tobytes()


@pytest.mark.parametrize("name", ["JPGExtended.dcm", "JPEG-lossy.dcm"])
@pytest.mark.parametrize("order", ["builtin-first", "plugins-only"])
def test_b6_twelve_bit_jpeg_is_decoded(
    converter: Converter, decoder: Decoder, name: str, order: str
) -> None:
    back = converter.done(file(name).read_bytes(), order=order)
    assert (back.BitsAllocated, back.BitsStored) == (16, 12)
    assert difference(values(back), truth(decoder, file(name))[0])[1] <= 1


@pytest.mark.parametrize("to", ["jpeg-baseline", "jpeg-extended"])
def test_b7_sixteen_bits_are_never_squeezed_into_fewer(
    converter: Converter, ct: Path, to: str
) -> None:
    converter.failed(converter.convert(ct.read_bytes(), to), ExitCode.UNSUPPORTED)


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("name", ["rtdose.dcm", "SC_rgb_32bit.dcm"])
def test_b8_thirty_two_bits_are_right_or_refused_with_a_way_out(
    converter: Converter, name: str, to: str
) -> None:
    source = dcmread(file(name))
    outcome = converter.convert(file(name).read_bytes(), to)
    if outcome.status == "refused":
        error = converter.failed(outcome, ExitCode.UNSUPPORTED)
        assert "; try --to " in error
        assert to not in ("rle-lossless", "deflated-image-frame", "encapsulated-uncompressed")
        return
    back = converter.done(converter.out.read_bytes())
    assert np.array_equal(values(back), source.pixel_array.reshape(values(back).shape))


def test_b8_rle_of_32_bits_is_beyond_the_standard(converter: Converter) -> None:
    data = file("rtdose.dcm").read_bytes()
    assert any("32 bits" in warning for warning in converter.convert(data, "rle").warnings)
    converter.failed(converter.convert(data, "rle", strict=True), ExitCode.UNSUPPORTED)


@pytest.mark.parametrize("to", ["explicit", "rle", "jpeg2000-lossless", "jpeg-ls-lossless"])
@pytest.mark.parametrize(
    "name",
    [
        "MR_small_bigendian.dcm",
        "OBXXXX1A_expb.dcm",
        "SC_rgb_small_odd_big_endian.dcm",
        "ExplVR_BigEnd.dcm",
        "gdcm-US-ALOKA-16_big.dcm",
    ],
)
def test_b9_big_endian_words_are_swapped(
    converter: Converter, decoder: Decoder, name: str, to: str
) -> None:
    converter.done(file(name).read_bytes(), to)
    back = converter.done(converter.out.read_bytes())
    assert np.array_equal(values(back), truth(decoder, file(name))[0])


def test_b9_words_of_tables_and_overlays_are_swapped_too(converter: Converter) -> None:
    source = dcmread(file("gdcm-US-ALOKA-16_big.dcm"))
    back = converter.done(file("gdcm-US-ALOKA-16_big.dcm").read_bytes(), "rle")
    for tag in (0x00281221, 0x00281222, 0x00281223):
        assert back[tag].value == oracle.swapped(source[tag].value, "OW")


@pytest.mark.parametrize("to", SIGNED)
def test_b10_values_that_are_not_sign_extended_are_the_same_values(
    converter: Converter, to: str
) -> None:
    pixel = image(2, 4, allocated=16, stored=12, signed=True)
    expected = [0, 1, -1, -2048, 2047, -5, 6, 7]
    data = struct.pack("<8H", *(value & 0xFFF for value in expected))
    outcome = converter.convert(part10("explicit", native(pixel, data)), to)
    assert outcome.status == "done", outcome.error
    assert outcome.verification in ("independent", "same-code-base")
    back = converter.done(converter.out.read_bytes())
    assert values(back).reshape(-1).tolist() == expected
