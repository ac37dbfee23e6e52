"""Palettes: plain and segmented tables, of 8 and 16 bits, in both byte orders."""

import random
import struct

import pytest
from pydicom.pixels.processing import _expand_segmented_lut

from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, Encoding
from dicomtx.dicom.pixel_data.palette import Palette, read_palette
from dicomtx.errors import DamagedError
from tests.dicom.builder import data_set, element
from tests.dicom.palettes import SEGMENTED, palette, segmented

BOTH_ORDERS = pytest.mark.parametrize("encoding", [EXPLICIT, EXPLICIT_BIG])
BOTH_DEPTHS = pytest.mark.parametrize("bits", [8, 16])


def words(encoding: Encoding, *values: int) -> bytes:
    """Returns words in the byte order of the encoding."""
    return struct.pack(f"{'>' if encoding.big_endian else '<'}{len(values)}H", *values)


def of_segments(
    fields: list[int], entries: int, bits: int, encoding: Encoding = EXPLICIT
) -> DataSet:
    """Returns a data set whose three tables have these segments."""
    tables = [segmented(fields, bits, encoding)] * 3
    elements = palette(tables, entries, bits, encoding=encoding, data=SEGMENTED)
    return data_set(elements, encoding)


def random_segments(rng: random.Random, bits: int) -> list[int]:
    """Returns discrete and linear segments, with random values."""
    most = (1 << bits) - 1
    fields = [0, 2, rng.randint(0, most), rng.randint(0, most)]
    for _ in range(8):
        length = rng.randint(1, 20)
        discrete = [0, length, *(rng.randint(0, most) for _ in range(length))]
        fields += rng.choice([discrete, [1, length, rng.randint(0, most)]])
    return fields


@BOTH_ORDERS
def test_words_give_their_high_bytes(encoding: Encoding) -> None:
    tables = [words(encoding, 0x1234, 0x5678), words(encoding, 7, 8), words(encoding, 0, 0xFFFF)]
    found = read_palette(data_set(palette(tables, 2, 16, first=3, encoding=encoding), encoding))
    assert found == Palette(3, b"\x12\x56", b"\0\0", b"\0\xff")


@BOTH_ORDERS
@BOTH_DEPTHS
def test_entries_of_8_bits_in_words_give_their_low_bytes(encoding: Encoding, bits: int) -> None:
    tables = [words(encoding, n, 10 + n, 20 + n) for n in range(3)]
    found = read_palette(data_set(palette(tables, 3, bits, encoding=encoding), encoding))
    assert found == Palette(0, *(bytes((n, 10 + n, 20 + n)) for n in range(3)))


@BOTH_ORDERS
def test_two_entries_in_a_word(encoding: Encoding) -> None:
    table = words(encoding, 0x0201, 0x0403)
    found = read_palette(data_set(palette([table] * 3, 4, 8, encoding=encoding), encoding))
    assert found == Palette(0, *[b"\1\2\3\4"] * 3)


@pytest.mark.parametrize("table", [b"", b"\1\2"])
def test_a_table_that_is_too_short_is_damaged(table: bytes) -> None:
    with pytest.raises(DamagedError, match="a table of the palette"):
        read_palette(data_set(palette([table] * 3, 4, 8)))


def test_tables_of_different_length_are_damaged() -> None:
    whole = palette([bytes(4)] * 3, 4, 8)
    other = whole.replace(words(EXPLICIT, 4, 0, 8), words(EXPLICIT, 3, 0, 8), 1)
    with pytest.raises(DamagedError, match="differ in length"):
        read_palette(data_set(other))


@BOTH_ORDERS
@BOTH_DEPTHS
def test_discrete_and_linear_segments(encoding: Encoding, bits: int) -> None:
    scale = 1 if bits == 8 else 256
    fields = [0, 2, 10 * scale, 20 * scale, 1, 4, 100 * scale, 0, 1, 7 * scale]
    found = read_palette(of_segments(fields, 7, bits, encoding))
    assert found.red == bytes([10, 20, 40, 60, 80, 100, 7])


@BOTH_ORDERS
@pytest.mark.parametrize(("bits", "offset"), [(8, [4, 0, 0, 0]), (16, [8, 0])])
def test_an_indirect_segment_copies_segments_from_an_offset_in_bytes(
    encoding: Encoding, bits: int, offset: list[int]
) -> None:
    scale = 1 if bits == 8 else 256
    copied = [1, 2, 30 * scale, 0, 1, 90 * scale]
    fields = [0, 2, 10 * scale, 10 * scale, *copied, 2, 2, *offset]
    found = read_palette(of_segments(fields, 8, bits, encoding))
    assert found.green == bytes([10, 10, 20, 30, 90, 60, 30, 90])


@BOTH_DEPTHS
@pytest.mark.parametrize("seed", range(3))
def test_segments_expand_as_pydicom_expands_them(bits: int, seed: int) -> None:
    fields = random_segments(random.Random(seed), bits)
    expected = _expand_segmented_lut(tuple(fields), "<B" if bits == 8 else "<H")
    found = read_palette(of_segments(fields, len(expected), bits))
    assert list(found.blue) == [value >> (bits - 8) for value in expected]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ([1, 4, 9], "unknown type"),  # a linear segment comes first
        ([3, 4, 9, 9, 9, 9], "unknown type"),
        ([0, 2, 1, 2], "end after 2 of 4"),
        ([0, 4, 1, 2], "end after 0 of 4"),
        ([0, 5, 1, 2, 3, 4, 5], "has 5 entries; 4 are left"),
        ([0, 0, 0, 4, 1, 2, 3, 4], "has 0 entries"),
        ([0, 4, 1, 2, 3, 4, 0, 1, 5], "more than 4"),
        ([0, 1, 9, 2, 65535, 0, 0], "end after|are left"),  # copies itself
        ([0, 1, 9, 2, 1, 6, 0], "unknown type"),  # copies an indirect segment: itself
        ([0, 1, 9, 2, 1, 65535, 65535], "end after 1 of 4"),  # copies from after the end
        ([0, 1, 9, 2, 0, 0, 0], "end after 1 of 4"),
    ],
)
def test_segments_that_are_not_valid_are_damaged(fields: list[int], why: str) -> None:
    with pytest.raises(DamagedError, match=why):
        read_palette(of_segments(fields, 4, 16))


def test_the_work_is_limited_by_the_entries_however_much_the_segments_ask_for() -> None:
    bomb = [0, 1, 9] + [2, 65535, 0, 0] * 10_000
    with pytest.raises(DamagedError):
        read_palette(of_segments(bomb, 1000, 16))


def test_plain_tables_come_before_segmented_ones() -> None:
    plain = palette([b"\1\2"] * 3, 2, 8)
    more = [element(SEGMENTED + n, "OW", segmented([0, 2, 8, 9], 8)) for n in range(3)]
    assert read_palette(data_set(plain + b"".join(more))).red == b"\1\2"
