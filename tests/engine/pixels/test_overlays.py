"""Overlay planes out of the unused bits of Pixel Data."""

import struct
from typing import Any

import pytest

from tests.converter import Converter
from tests.dicom.builder import image, native, part10, short

OVERLAY = short(0x60000100, 16) + short(0x60000102, 12)


def with_overlay(pixel: Any, data: bytes, more: bytes = OVERLAY, frames: str = "") -> bytes:
    made = native(pixel, data, frames=frames)
    at = made.rindex(b"\xe0\x7f\x10\0")
    return part10("explicit", made[:at] + more + made[at:])


@pytest.mark.parametrize("to", ["rle", "jpeg2000-lossless", "jpeg-ls-lossless"])
@pytest.mark.parametrize("signed", [False, True])
def test_an_overlay_in_unused_bits_is_moved_out(
    converter: Converter, to: str, *, signed: bool
) -> None:
    pixel = image(2, 4, allocated=16, stored=12, signed=signed)
    values = [0, 1, 0x7FF, 0x800, 0xFFF, 5, 6, 7]
    plane = [1, 0, 0, 1, 1, 0, 1, 1]
    data = struct.pack("<8H", *(v | p << 12 for v, p in zip(values, plane, strict=True)))
    back = converter.there_and_back(with_overlay(pixel, data), to)
    expected = [v - 0x1000 if signed and v & 0x800 else v for v in values]
    assert list(struct.unpack("<8h", back.PixelData)) == expected
    assert back[0x60003000].value == bytes([0b11011001, 0])
    assert (back[0x60000100].value, back[0x60000102].value) == (1, 0)


def test_overlays_of_many_frames_follow_each_other_without_gaps(converter: Converter) -> None:
    pixel = image(1, 3, allocated=16, stored=12)
    plane = [1, 0, 1, 0, 1, 1, 0, 0, 1]
    data = struct.pack("<9H", *(n | p << 12 for n, p in enumerate(plane)))
    back = converter.there_and_back(with_overlay(pixel, data, frames="3"), "rle")
    assert back.PixelData == struct.pack("<9H", *range(9)) + b""
    assert back[0x60003000].value == bytes([0b00110101, 1])
    assert back[0x60000015].value == 3


def test_an_overlay_below_the_values_is_moved_out_and_no_value_changes(
    converter: Converter,
) -> None:
    pixel = image(1, 4, allocated=16, stored=12)._replace(high_bit=15)
    values = [0xFFF, 0x123, 0, 0x800]
    plane = [1, 0, 1, 0]
    data = struct.pack("<4H", *(v << 4 | p for v, p in zip(values, plane, strict=True)))
    more = short(0x60000100, 16) + short(0x60000102, 0)
    outcome = converter.convert(with_overlay(pixel, data, more), "rle")
    if outcome.status == "refused":
        return
    back = converter.done(converter.out.read_bytes())
    found = [(v >> back.HighBit - 11) & 0xFFF for v in struct.unpack("<4H", back.PixelData)]
    assert found == values
    assert back[0x60003000].value == bytes([0b0101, 0])


def test_bits_that_a_codec_never_kept_are_no_overlay(converter: Converter) -> None:
    pixel = image(8, 8, allocated=16, stored=12, signed=True)
    data = part10("explicit", native(pixel, struct.pack("<64h", *range(-32, 32))))
    converter.done(data, "jpeg2000-lossless")
    made = converter.out.read_bytes()
    at = made.rindex(b"\xe0\x7f\x10\0")
    back = converter.there_and_back(made[:at] + OVERLAY + made[at:], "rle")
    assert 0x60003000 not in back or not any(back[0x60003000].value)
