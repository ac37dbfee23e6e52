"""How frames are to be shown, as the data set says it."""

import struct

from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, Encoding
from dicomtx.dicom.pixel_data.display import Palette, Presentation, presentation
from tests.dicom.builder import data_set, element, sequence, text


def descriptor(encoding: Encoding, *values: int) -> bytes:
    return struct.pack(f"{'>' if encoding.big_endian else '<'}3H", *values)


def palette(encoding: Encoding, bits: int, tables: list[bytes]) -> bytes:
    tags = range(3)
    first = [
        element(0x00281101 + n, "US", descriptor(encoding, 4, 2, bits), encoding) for n in tags
    ]
    data = [element(0x00281201 + n, "OW", tables[n], encoding) for n in tags]
    return b"".join([*first, *data])


def window(centre: str, width: str) -> bytes:
    return text(0x00281050, "DS", centre) + text(0x00281051, "DS", width)


def test_without_anything_there_is_no_window() -> None:
    assert presentation(data_set(text(0x00100020, "LO", "x")), 0) == Presentation()


def test_the_first_window_and_the_rescale_are_taken() -> None:
    rescale = text(0x00281052, "DS", "-1024") + text(0x00281053, "DS", "2")
    function = text(0x00281056, "CS", "SIGMOID")
    found = presentation(data_set(window("40\\50", "400\\350") + rescale + function), 0)
    assert found == Presentation(40, 400, "SIGMOID", 2, -1024)


def test_functional_groups_have_it_for_each_frame_or_for_all() -> None:
    one = sequence(0x00289132, [window("1", "10")])
    two = sequence(0x00289132, [window("2", "20")])
    shared = sequence(0x00289145, [text(0x00281053, "DS", "3")])
    found = data_set(sequence(0x52009229, [shared]) + sequence(0x52009230, [one, two]))
    assert presentation(found, 0) == Presentation(1, 10, slope=3)
    assert presentation(found, 1) == Presentation(2, 20, slope=3)
    assert presentation(found, 2) == Presentation(slope=3)


def test_nonsense_is_no_window() -> None:
    for centre, width in (("x", "400"), ("40", "0"), ("40", "-1"), ("nan", "1"), ("1", "inf")):
        assert presentation(data_set(window(centre, width)), 0).width == 0


def test_a_palette_of_words_in_either_byte_order() -> None:
    table = [bytes((n, 0, 10 + n, 0, 20 + n, 0, 30 + n, 0)) for n in range(3)]
    expected = Palette(2, *(bytes((n, 10 + n, 20 + n, 30 + n)) for n in range(3)))
    for encoding, bits, flip in (
        (EXPLICIT, 8, False),
        (EXPLICIT_BIG, 8, True),
        (EXPLICIT, 16, True),  # the high byte is what is seen
        (EXPLICIT_BIG, 16, False),
    ):
        words = [bytes(part[n ^ flip] for n in range(8)) for part in table]
        found = presentation(data_set(palette(encoding, bits, words), encoding), 0)
        assert found.palette == expected, (encoding, bits)


def test_a_palette_with_two_entries_in_a_word() -> None:
    for encoding, data in ((EXPLICIT, b"\1\2\3\4"), (EXPLICIT_BIG, b"\2\1\4\3")):
        found = presentation(data_set(palette(encoding, 8, [data] * 3), encoding), 0)
        assert found.palette == Palette(2, *[b"\1\2\3\4"] * 3)


def test_a_palette_that_is_too_short_is_none() -> None:
    assert presentation(data_set(palette(EXPLICIT, 8, [b"\1\2"] * 3)), 0).palette is None
