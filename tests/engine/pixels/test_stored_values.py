"""Words that must be the same, and their digests."""

import struct

import pytest

from dicomtx.engine.pixels.stored_values import BLOCK, digest, same
from dicomtx.image_pixel import Frame
from tests.dicom.builder import image

TWELVE = image(1, 2, allocated=16, stored=12)


@pytest.mark.parametrize("bit", range(16))
@pytest.mark.parametrize("high_bit", [11, 15])
def test_every_bit_of_a_word_counts(bit: int, high_bit: int) -> None:
    pixel = TWELVE._replace(high_bit=high_bit)
    zero, other = (Frame(struct.pack("<2H", 0, word), pixel) for word in (0, 1 << bit))
    assert digest(zero) != digest(other)
    assert not same(zero, other)
    assert same(other, other)


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
