"""One data set: the few values that a conversion looks at."""

import pytest

from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Encoding
from tests.dicom import builder

ENCODINGS = [IMPLICIT, EXPLICIT, EXPLICIT_BIG]
ROWS = 0x00280010
ICONS = 0x00880200


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_numbers_are_read_in_the_byte_order_of_the_data_set(encoding: Encoding) -> None:
    found = builder.data_set(builder.short(ROWS, 513, encoding), encoding)
    assert found.number(ROWS) == 513
    assert found.number(0x00280011) is None


@pytest.mark.parametrize(
    ("vr", "raw", "number"),
    [("UL", b"\1\0\2\0", 0x20001), ("US", b"\1\0\2\0", 1), ("US", b"", None), ("UN", b"\7\0", 7)],
)
def test_a_number_is_as_long_as_its_vr_says(vr: str, raw: bytes, number: int | None) -> None:
    assert builder.data_set(builder.element(ROWS, vr, raw)).number(ROWS) == number


def test_text_is_told_without_its_padding() -> None:
    uid = builder.element(0x00080018, "UI", b" 1.2.3\0")
    odd = builder.element(0x00100010, "PN", b"M\xfcller ")
    found = builder.data_set(uid + odd)
    assert found.text(0x00080018) == "1.2.3"
    assert found.text(0x00100010) == "M�ller"
    assert found.text(0x00100020) == ""


def test_the_first_of_two_elements_with_one_tag_counts() -> None:
    found = builder.data_set(builder.short(ROWS, 1) + builder.short(ROWS, 2))
    assert found.number(ROWS) == 1
    assert len(found.elements) == 2


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("undefined", [False, True])
def test_items_are_data_sets(encoding: Encoding, *, undefined: bool) -> None:
    contents = [builder.short(ROWS, number, encoding) for number in (5, 6)]
    data = builder.sequence(ICONS, contents, encoding, undefined=undefined)
    found = builder.data_set(data, encoding)
    assert [item.number(ROWS) for item in found.items(ICONS)] == [5, 6]
    assert list(found.items(ROWS)) == []


@pytest.mark.parametrize("encoding", [EXPLICIT, EXPLICIT_BIG])
def test_the_items_of_un_are_implicit_and_little_endian(encoding: Encoding) -> None:
    value = builder.item(builder.short(ROWS, 5, IMPLICIT), IMPLICIT)
    found = builder.data_set(builder.element(ICONS, "UN", value, encoding), encoding)
    assert [item.number(ROWS) for item in found.items(ICONS)] == [5]


def test_an_item_tells_its_own_encoding() -> None:
    explicit = builder.item(builder.short(ROWS, 5, EXPLICIT))
    found = builder.data_set(builder.element(ICONS, "SQ", explicit, IMPLICIT), IMPLICIT)
    assert [item.number(ROWS) for item in found.items(ICONS)] == [5]


def test_edits_have_even_lengths() -> None:
    assert Edit.text(0x00080018, "UI", "1.2").value == b"1.2\0"
    assert Edit.text(0x00280004, "CS", "RGB").value == b"RGB "
    assert Edit.text(0x00280004, "CS", "YBR_FULL").value == b"YBR_FULL"
    assert Edit.short(ROWS, 513) == Edit(ROWS, "US", b"\1\2")
