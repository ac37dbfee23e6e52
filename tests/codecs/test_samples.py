"""Words, stored values and frames: sign, width and unused bits."""

import numpy as np
import pytest

from dicomtx.codecs import samples
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from tests.dicom import builder

S12 = builder.image(1, 2, allocated=16, stored=12, signed=True)
U12 = S12._replace(pixel_representation=0)


def stored(array: list[int], kind: str, image: ImagePixel, *, precision: int = 0) -> bytes:
    values = np.array([array], kind)
    frame = samples.frame_of(values, image, "MONOCHROME2", precision=precision)
    return bytes(frame.data)


def test_stored_values_have_no_bits_above_and_no_room_to_spare() -> None:
    frame = Frame(bytes.fromhex("01f8 ff7f"), S12)
    assert samples.stored(frame).tolist() == [[0x801, 0xFFF]]
    assert samples.values(frame).tolist() == [[-0x7FF, -1]]
    narrow = samples.stored(frame._replace(image=S12._replace(bits_stored=8)))
    assert narrow.dtype == np.uint8


def test_the_sign_is_extended_from_the_precision_of_the_stream() -> None:
    assert stored([0x801, 0x7FF], "<u2", S12, precision=12) == bytes.fromhex("01f8 ff07")
    assert stored([0x801, 0x7FF], "<u2", S12) == bytes.fromhex("0108 ff07")


@pytest.mark.parametrize("kind", ["<u2", "<i2"])
@pytest.mark.parametrize("image", [S12, U12])
def test_a_stream_as_wide_as_the_words_gives_every_bit_back(kind: str, image: ImagePixel) -> None:
    words = np.array([0x1801, 0x0FFF], "<u2").view(kind).tolist()
    assert stored(words, kind, image, precision=16) == bytes.fromhex("0118 ff0f")


def test_the_sign_is_extended_from_the_precision_of_a_byte() -> None:
    assert stored([0x81, 0x7F], "u1", S12, precision=8) == bytes.fromhex("81ff 7f00")


def test_a_signed_stream_in_an_unsigned_image_keeps_its_bits() -> None:
    assert stored([-1, 5], "<i2", U12, precision=12) == bytes.fromhex("ff0f 0500")


@pytest.mark.parametrize(("precision", "expected"), [(12, 0xF85), (14, 0x3F85), (16, 0xFF85)])
def test_an_unsigned_stream_has_the_sign_in_all_of_its_bits(precision: int, expected: int) -> None:
    frame = Frame(bytes.fromhex("85ff 0500"), S12)
    assert samples.streamed(frame, precision).tolist() == [[expected, 5]]
    assert stored([expected, 5], "<u2", S12, precision=precision) == frame.data


def test_unsigned_values_are_the_same_in_a_wider_stream() -> None:
    assert samples.streamed(Frame(bytes.fromhex("fff0 0500"), U12), 16).tolist() == [[0xFF, 5]]


def test_one_bit_samples_are_packed_lowest_bit_first() -> None:
    image = builder.image(3, 3, allocated=1)
    frame = samples.frame_of(np.array([1, 0, 0, 0, 1, 0, 0, 0, 1]), image, "MONOCHROME2")
    assert frame.data == bytes([0b00010001, 1])
    assert samples.words(frame).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_a_native_frame_of_another_length_is_refused() -> None:
    with pytest.raises(CodecError, match="3 bytes"):
        samples.words(Frame(b"abc", S12))


def test_odd_widths_are_refused() -> None:
    with pytest.raises(CodecError, match="24 bits"):
        samples.words(Frame(bytes(6), U12._replace(bits_allocated=24)))
