"""The element stream: what stands where, whatever the encoding."""

import pytest

from dicomtx.dicom.elements import (
    EXPLICIT,
    EXPLICIT_BIG,
    IMPLICIT,
    Element,
    Encoding,
    elements,
    items,
    resolved_vr,
)
from dicomtx.errors import DamagedError
from dicomtx.storage.source import Source
from tests.dicom import builder

ENCODINGS = [IMPLICIT, EXPLICIT, EXPLICIT_BIG]
NAME = 0x00100010
SEQUENCE = 0x00081140


def found(data: bytes, encoding: Encoding = EXPLICIT) -> list[Element]:
    return list(elements(Source(data), 0, len(data), encoding))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_each_element_is_found_with_its_value_and_its_end(encoding: Encoding) -> None:
    one = builder.text(0x00080060, "CS", "CT", encoding)
    two = builder.element(0x7FE00010, "OW", bytes(70_000), encoding)
    first, second = found(one + two, encoding)
    assert (first.tag, first.start, first.end) == (0x00080060, 0, len(one))
    assert (one + two)[first.value : first.end] == b"CT"
    assert (second.tag, second.length, second.end) == (0x7FE00010, 70_000, len(one + two))
    assert (first.vr, second.vr) == (("", "") if encoding.implicit_vr else ("CS", "OW"))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("undefined", [False, True])
def test_a_sequence_is_skipped_whole(encoding: Encoding, *, undefined: bool) -> None:
    inside = builder.sequence(
        0x00081199, [builder.text(NAME, "PN", "a", encoding)] * 2, encoding, undefined=undefined
    )
    whole = builder.sequence(SEQUENCE, [inside, b""], encoding, undefined=undefined)
    after = builder.text(NAME, "PN", "after", encoding)
    first, second = found(whole + after, encoding)
    assert (first.end, first.undefined) == (len(whole), undefined)
    assert second.tag == NAME


def test_un_of_undefined_length_is_implicit_inside() -> None:
    inside = builder.item(builder.text(NAME, "PN", "Doe^Jane", IMPLICIT), IMPLICIT)
    value = inside + builder.mark(0xFFFEE0DD)
    for encoding in (EXPLICIT, EXPLICIT_BIG):
        whole = builder.element(0x00091001, "UN", value, encoding, length=builder.UNDEFINED)
        after = builder.text(NAME, "PN", "after", encoding)
        first, second = found(whole + after, encoding)
        assert (first.end, second.tag) == (len(whole), NAME)
        nested = builder.sequence(SEQUENCE, [whole], encoding, undefined=True)
        first, second = found(nested + after, encoding)
        assert (first.end, second.tag) == (len(nested), NAME)


def test_an_implicit_element_in_an_explicit_data_set_is_read_as_it_is() -> None:
    mixed = builder.text(0x00080060, "CS", "CT", IMPLICIT) + builder.text(NAME, "PN", "Doe")
    assert [(e.tag, e.vr, e.length) for e in found(mixed)] == [
        (0x00080060, "", 2),
        (NAME, "PN", 4),
    ]


def test_a_vr_of_the_future_is_read_by_its_two_zero_bytes() -> None:
    long = b"\x09\0\x10\x10ZZ\0\0\x04\0\0\0abcd"
    short = b"\x09\0\x11\x10ZZ\x04\0abcd"
    assert [(e.vr, e.length) for e in found(long + short)] == [("ZZ", 4), ("ZZ", 4)]


@pytest.mark.parametrize("padding", [1, 7, 8, 100_000])
def test_zeros_at_the_end_are_padding(padding: int) -> None:
    assert len(found(builder.text(NAME, "PN", "a") + bytes(padding))) == 1


def test_zeros_with_something_behind_are_no_padding() -> None:
    group_zero = builder.element(0, "UL", bytes(4), IMPLICIT)
    after = builder.text(NAME, "PN", "a", IMPLICIT)
    assert [e.tag for e in found(group_zero + after, IMPLICIT)] == [0, NAME]


@pytest.mark.parametrize("cut", range(1, 30))
@pytest.mark.parametrize("undefined", [False, True])
def test_a_data_set_that_ends_too_early_is_damaged(cut: int, *, undefined: bool) -> None:
    inside = builder.text(NAME, "PN", "Doe^Jane")
    whole = builder.sequence(SEQUENCE, [inside], undefined=undefined)
    with pytest.raises(DamagedError):
        found(whole[:-cut])


def test_something_between_items_is_damage() -> None:
    wrong = builder.element(
        SEQUENCE, "SQ", builder.text(NAME, "PN", "a"), length=builder.UNDEFINED
    ) + builder.mark(0xFFFEE0DD)
    with pytest.raises(DamagedError, match="between items"):
        found(wrong)


def test_a_stray_item_delimiter_does_not_hide_what_follows() -> None:
    before, after = builder.text(0x00080060, "CS", "CT"), builder.text(NAME, "PN", "after")
    try:
        tags = [e.tag for e in found(before + builder.mark(0xFFFEE00D) + after)]
    except DamagedError:
        return
    assert NAME in tags


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_nesting_of_any_depth_costs_no_stack(encoding: Encoding) -> None:
    depth = 5000
    start = builder.element(SEQUENCE, "SQ", b"", encoding, length=builder.UNDEFINED)
    start += builder.mark(0xFFFEE000, builder.UNDEFINED, encoding)
    end = builder.mark(0xFFFEE00D, 0, encoding) + builder.mark(0xFFFEE0DD, 0, encoding)
    (only,) = found(start * depth + end * depth, encoding)
    assert only.end == depth * len(start + end)


def test_each_item_has_its_end() -> None:
    for undefined in (False, True):
        contents = [builder.text(NAME, "PN", "a"), b"", builder.text(NAME, "PN", "ab")]
        data = builder.sequence(SEQUENCE, contents, undefined=undefined)
        (sequence,) = found(data)
        ends = [item.end - item.value for item in items(Source(data), sequence, EXPLICIT)]
        delimiter = 8 if undefined else 0
        assert ends == [len(content) + delimiter for content in contents]


def test_an_implicit_item_stays_implicit_though_a_length_looks_like_a_vr() -> None:
    # 0x4C46 bytes: as text the length is "FL"
    content = builder.element(0x00420011, "OB", bytes(0x4C46), IMPLICIT)
    content += builder.text(0x00420012, "LO", "text", IMPLICIT)
    data = builder.sequence(SEQUENCE, [content], IMPLICIT)
    (item,) = builder.data_set(data, IMPLICIT).items(SEQUENCE)
    assert [e.tag for e in item.elements] == [0x00420011, 0x00420012]


@pytest.mark.parametrize(
    ("tag", "undefined", "signed", "vr"),
    [
        (NAME, False, False, "PN"),
        (0x00280106, False, False, "US"),
        (0x00280106, False, True, "SS"),
        (0x00090010, False, False, "LO"),
        (0x00091001, False, False, "UN"),
        (0x00091001, True, False, "SQ"),
        (0x00080000, False, False, "UL"),
        (0x60023000, False, False, "OW"),
        (0x7FE00010, True, False, "OW"),
    ],
)
def test_an_element_without_a_vr_gets_that_of_the_dictionary(
    tag: int, vr: str, *, undefined: bool, signed: bool
) -> None:
    element = Element(tag, "", 0, 8, builder.UNDEFINED if undefined else 2, 10)
    assert resolved_vr(element, signed=signed) == vr
    assert resolved_vr(element._replace(vr="LT"), signed=signed) == "LT"
