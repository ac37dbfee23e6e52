"""What a data set says of its image, and the edits of a new encoding."""

import pytest

from dicomtx.dicom import attributes
from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Encoding
from dicomtx.image_pixel import ImagePixel
from tests.dicom import builder

PIXELS = builder.element(0x7FE00010, "OB", bytes(6))


@pytest.mark.parametrize("encoding", [IMPLICIT, EXPLICIT, EXPLICIT_BIG])
def test_the_image_pixel_module_is_read(encoding: Encoding) -> None:
    image = ImagePixel(
        rows=7,
        columns=258,
        samples_per_pixel=3,
        photometric_interpretation="RGB",
        bits_allocated=16,
        bits_stored=12,
        high_bit=11,
        pixel_representation=1,
        planar_configuration=1,
        number_of_frames=5,
    )
    data = builder.module(image, encoding, frames="5")
    data += builder.element(0x7FE00010, "OW", bytes(6), encoding)
    assert attributes.image_pixel(builder.data_set(data, encoding)) == image


def test_there_is_no_image_without_pixel_data() -> None:
    data_set = builder.data_set(builder.module(builder.image()))
    assert attributes.image_pixel(data_set) is None
    assert attributes.missing(data_set) == ()


def test_what_is_left_out_has_its_plain_meaning() -> None:
    data = builder.short(0x00280010, 2) + builder.short(0x00280011, 3)
    data_set = builder.data_set(data + builder.short(0x00280100, 8) + PIXELS)
    assert attributes.image_pixel(data_set) == builder.image(2, 3)


def test_what_cannot_be_left_out_is_named() -> None:
    data_set = builder.data_set(builder.short(0x00280010, 2) + PIXELS)
    assert attributes.missing(data_set) == ("Columns", "Bits Allocated")
    assert attributes.image_pixel(data_set) is None


def test_more_bits_stored_than_allocated_are_not_believed() -> None:
    image = builder.image()._replace(bits_stored=12, high_bit=11)
    found = attributes.image_pixel(builder.data_set(builder.module(image) + PIXELS))
    assert found
    assert found.bits_stored == 8
    assert found.high_bit == 7


@pytest.mark.parametrize(
    ("said", "number"),
    [("3", 3), (" 3 ", 3), ("", None), ("0", None), ("-1", None), ("x", None), ("2\\3", 2)],
)
def test_number_of_frames_is_read_if_it_makes_sense(said: str, number: int | None) -> None:
    data_set = builder.data_set(builder.text(0x00280008, "IS", said))
    assert attributes.number_of_frames(data_set) == number


def test_a_number_of_frames_in_other_digits_makes_no_sense() -> None:
    data_set = builder.data_set(builder.element(0x00280008, "IS", "²".encode()))
    assert attributes.number_of_frames(data_set) is None


def test_only_what_changes_is_edited() -> None:
    before = builder.image(samples=3, photometric="YBR_FULL_422")
    before = before._replace(planar_configuration=1)
    after = before._replace(
        photometric_interpretation="RGB", planar_configuration=0, number_of_frames=2
    )
    assert attributes.image_edits(before, before) == []
    assert attributes.image_edits(before, after) == [
        Edit.text(0x00280004, "CS", "RGB"),
        Edit.short(0x00280006, 0),
        Edit.text(0x00280008, "IS", "2"),
    ]


@pytest.mark.parametrize("undefined", [False, True])
def test_icons_with_fragments_are_found_wherever_they_are(*, undefined: bool) -> None:
    icon = builder.module(builder.image()) + builder.encapsulated([b"\xff\xd8"])
    native = builder.native(builder.image(), bytes(6))
    icons = builder.sequence(0x00880200, [native, icon], undefined=undefined)
    outer = builder.sequence(0x00081115, [b"", icons], undefined=undefined)
    data_set = builder.data_set(outer + icons + builder.encapsulated([b"\xff\xd8"]))
    found = {path for path, _ in attributes.nested_encapsulated(data_set)}
    assert found == {(0x00880200, 1), (0x00081115, 1, 0x00880200, 1)}
