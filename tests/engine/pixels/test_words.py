"""Bits above Bits Stored: what fits, what carries something, what is cleared."""

from typing import Any

import numpy as np
import pytest

from dicomtx.engine.pixels import words
from dicomtx.image_pixel import Frame
from tests.dicom.builder import image

SHAPES = [(8, 5), (16, 8), (16, 12), (32, 20), (64, 40)]


def frame(found: list[int], allocated: int, stored: int, *, signed: bool = False) -> Frame:
    pixel = image(1, len(found), allocated=allocated, stored=stored, signed=signed)
    mask = (1 << allocated) - 1
    return Frame(np.array([n & mask for n in found], f"<u{allocated // 8}").tobytes(), pixel)


def unsigned(found: Frame) -> list[int]:
    numbers: list[int] = np.frombuffer(found.data, f"<u{found.image.bits_allocated // 8}").tolist()
    return numbers


@pytest.mark.parametrize(("allocated", "stored"), SHAPES)
def test_values_within_bits_stored_fit(allocated: int, stored: int) -> None:
    top = (1 << stored) - 1
    assert words.fits(frame([0, 1, top], allocated, stored))
    assert not words.fits(frame([0, 1, top + 1], allocated, stored))
    ends = [-(1 << stored - 1), -1, 0, (1 << stored - 1) - 1]
    assert words.fits(frame(ends, allocated, stored, signed=True))
    assert not words.fits(frame([1 << stored - 1], allocated, stored, signed=True))


@pytest.mark.parametrize(("allocated", "stored"), SHAPES)
def test_zeros_and_the_sign_carry_nothing(allocated: int, stored: int) -> None:
    negative = 1 << stored - 1
    found = frame([0, -1, negative, -negative, negative - 1], allocated, stored, signed=True)
    assert words.with_bits_above(found) == 0
    assert not words.bits_above(found).any()


@pytest.mark.parametrize(("allocated", "stored"), SHAPES)
def test_each_word_that_carries_something_counts_once(allocated: int, stored: int) -> None:
    bit, all_bits = 1 << stored, (1 << allocated) - 1
    assert words.with_bits_above(frame([0, bit, all_bits, 1], allocated, stored)) == 2
    mixed = [bit, all_bits & ~bit, all_bits, all_bits & ~(bit >> 1)]  # the third is -1
    assert words.with_bits_above(frame(mixed, allocated, stored, signed=True)) == 3


def test_bits_of_overlay_planes_do_not_count() -> None:
    found = frame([0x1FFF, 0x3001, 0x0800], 16, 12)
    assert words.with_bits_above(found, 0x1000) == 1
    assert words.with_bits_above(found, 0x3000) == 0


def test_the_sign_is_told_by_the_bits_that_are_no_overlay_plane() -> None:
    found = frame([0xEFFF, 0x6FFF, 0x1FFF], 16, 12, signed=True)
    assert words.with_bits_above(found, 0x1000) == 1


@pytest.mark.parametrize(("allocated", "stored"), SHAPES)
@pytest.mark.parametrize("signed", [False, True])
def test_cleared_words_fit_and_keep_their_values(
    allocated: int, stored: int, *, signed: bool
) -> None:
    random = np.random.default_rng(1)
    kind: Any = f"<u{allocated // 8}"
    found = random.integers(0, (1 << allocated) - 1, 99, kind, endpoint=True)
    pixel = image(9, 11, allocated=allocated, stored=stored, signed=signed)
    cleared = words.without_bits_above(Frame(found.tobytes(), pixel))
    assert words.fits(cleared)
    low = (1 << stored) - 1
    assert [n & low for n in unsigned(cleared)] == [int(n) & low for n in found]


def test_overlay_planes_stay_when_the_rest_is_cleared() -> None:
    assert unsigned(words.without_bits_above(frame([0xF123], 16, 12), 0x5000)) == [0x5123]


@pytest.mark.parametrize("signed", [False, True])
def test_values_beyond_bits_stored_are_clipped_and_counted(*, signed: bool) -> None:
    low, high = (-2048, 2047) if signed else (0, 4095)
    given = [low, high, high + 1, 9000, low - 1] if signed else [low, high, high + 1, 9000]
    found, count = words.clipped(frame(given, 16, 12, signed=signed))
    assert np.frombuffer(found.data, "<i2").tolist() == [min(max(n, low), high) for n in given]
    assert count == len(given) - 2


def test_values_in_the_high_bits_are_not_looked_at() -> None:
    found = frame([0xFFFF], 16, 12)
    found = found._replace(image=found.image._replace(high_bit=15))
    assert words.fits(found)
    assert words.with_bits_above(found) == 0
    assert words.without_bits_above(found) == found


def test_one_bit_samples_have_no_bits_above() -> None:
    assert words.fits(Frame(b"\xff", image(1, 8, allocated=1)))
