"""Digests of stored values."""

import struct
from dataclasses import replace

import pytest

from dicomtx.engine.stored import digest
from dicomtx.image_pixel import Frame
from tests.dicom.builder import image

TWELVE = image(1, 2, allocated=16, stored=12)


def of(*words: int, high_bit: int = 11) -> bytes:
    data = struct.pack("<2H", *words)
    return digest(Frame(data, replace(TWELVE, high_bit=high_bit)))


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
