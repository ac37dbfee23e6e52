"""Digests of stored values."""

import struct

import pytest

from dicomtx.engine.stored import BLOCK, digest, same
from dicomtx.image_pixel import Frame
from tests.dicom.builder import image

TWELVE = image(1, 2, allocated=16, stored=12)


def of(*words: int, high_bit: int = 11) -> bytes:
    data = struct.pack("<2H", *words)
    return digest(Frame(data, TWELVE._replace(high_bit=high_bit)))


def test_bits_above_the_value_do_not_count() -> None:
    assert of(0x0FFF, 0x0001) == of(0xFFFF, 0xF001)


@pytest.mark.parametrize("bit", range(12))
def test_every_bit_of_the_value_counts(bit: int) -> None:
    assert of(0, 0) != of(0, 1 << bit)


def test_bits_below_the_value_do_not_count() -> None:
    assert of(0xFFF0, 0x0010, high_bit=15) == of(0xFFFF, 0x001F, high_bit=15)
    assert of(0, 0, high_bit=15) != of(0, 0x8000, high_bit=15)


@pytest.mark.parametrize("allocated", [8, 16, 24, 32, 64])
def test_all_bits_count_where_all_are_stored(allocated: int) -> None:
    pixel = image(1, 1, allocated=allocated)
    size = allocated // 8
    digests = {digest(Frame(bytes(size - 1) + bytes([n]), pixel)) for n in range(256)}
    assert len(digests) == 256


def test_a_digest_does_not_depend_on_how_the_bytes_are_held() -> None:
    data = b"\1\2\3\4"
    found = {digest(Frame(kind(data), TWELVE)) for kind in (bytes, bytearray, memoryview)}
    assert len(found) == 1


@pytest.mark.parametrize("bit", range(16))
def test_frames_are_the_same_if_each_stored_bit_is(bit: int) -> None:
    zero, other = (Frame(struct.pack("<2H", 0, word), TWELVE) for word in (0, 1 << bit))
    assert same(zero, other) == (bit >= 12)


@pytest.mark.parametrize("allocated", [1, 8, 16, 24, 32, 64])
def test_a_difference_is_found_wherever_it_is(allocated: int) -> None:
    size = 2 * BLOCK + 24
    pixel = image(1, size * 8 // allocated, allocated=allocated)
    zero = Frame(bytes(size), pixel)
    assert same(zero, zero)
    for at in (0, BLOCK - 1, BLOCK, size - 1):
        data = bytearray(size)
        data[at] = 1
        assert not same(zero, Frame(data, pixel))


def test_frames_of_other_lengths_differ() -> None:
    assert not same(Frame(bytes(4), TWELVE), Frame(bytes(6), TWELVE))
