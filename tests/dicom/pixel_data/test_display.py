"""How frames are to be shown, as the data set says it."""

from dicomtx.dicom.pixel_data.display import Presentation, presentation
from dicomtx.dicom.pixel_data.palette import Palette
from tests.dicom.builder import data_set, sequence, text
from tests.dicom.palettes import palette


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


def test_a_palette_is_shown_unless_it_is_damaged() -> None:
    tables = [b"\1\2", b"\3\4", b"\5\6"]
    assert presentation(data_set(palette(tables, 2, 8)), 0).palette == Palette(0, *tables)
    assert presentation(data_set(palette(tables, 4, 8)), 0).palette is None
