"""A data set written anew: nothing that no edit names changes."""

import struct

import pytest

from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Encoding
from dicomtx.dicom.rewriter import Rewriter
from dicomtx.dicom.rope import PixelData, Rope
from dicomtx.errors import DamagedError
from tests.dicom import builder
from tests.dicom.builder import element, mark, sequence, short, text

ENCODINGS = [IMPLICIT, EXPLICIT, EXPLICIT_BIG]
NAMES = ["implicit", "explicit", "big"]
NAME, ROWS, COLUMNS, SEQUENCE, INNER = 0x00100010, 0x00280010, 0x00280011, 0x00081140, 0x00081199
PRIVATE = 0x00091001


def rewritten(
    data: bytes,
    source: Encoding = EXPLICIT,
    target: Encoding = EXPLICIT,
    *edits: Edit,
    pixel_data: PixelData | None = None,
) -> bytes:
    rope = Rewriter(builder.data_set(data, source), target, edits).rope(pixel_data)
    written = b"".join(rope.chunks())
    assert rope.size == len(written)
    return written


def group_length(tag: int, length: int, encoding: Encoding = EXPLICIT) -> bytes:
    return element(tag, "UL", struct.pack(f"{builder.order(encoding)}I", length), encoding)


# ------------------------------------------------------------------ encodings


def everything(encoding: Encoding, *, undefined: bool) -> bytes:
    """Returns a data set with words of all sizes, some of them nested, and odd lengths."""
    order = builder.order(encoding)
    words = (
        (0x00186020, "SL", "i", (-2, 70_000)),
        (0x00189073, "FD", "d", (1.5,)),
        (0x00280009, "AT", "H", (0x10, 0x20)),
        (0x00281201, "OW", "H", (1, 513)),
    )
    content = b"".join(
        element(tag, vr, struct.pack(f"{order}{len(values)}{code}", *values), encoding)
        for tag, vr, code, values in words
    )
    inner = sequence(INNER, [content, b""], encoding, undefined=undefined)
    return b"".join(
        [
            sequence(SEQUENCE, [inner, text(NAME, "PN", "a", encoding)], encoding),
            element(NAME, "PN", b"odd", encoding),
            content,
        ]
    )


@pytest.mark.parametrize("source", ENCODINGS, ids=NAMES)
@pytest.mark.parametrize("target", ENCODINGS, ids=NAMES)
@pytest.mark.parametrize("undefined", [False, True])
def test_every_encoding_can_be_had_from_every_other(
    source: Encoding, target: Encoding, *, undefined: bool
) -> None:
    data = everything(source, undefined=undefined)
    assert rewritten(data, source, target) == everything(target, undefined=undefined)


@pytest.mark.parametrize("target", ENCODINGS[:2], ids=NAMES[:2])
@pytest.mark.parametrize("source", [EXPLICIT, EXPLICIT_BIG], ids=NAMES[1:])
def test_un_of_undefined_length_passes_as_it_is(source: Encoding, target: Encoding) -> None:
    inside = builder.item(short(ROWS, 513, IMPLICIT), IMPLICIT) + mark(0xFFFEE0DD)
    data = element(PRIVATE, "UN", inside, source, length=builder.UNDEFINED)
    expected = element(PRIVATE, "UN", inside, target, length=builder.UNDEFINED)
    assert rewritten(data, source, target) == expected


def test_un_of_undefined_length_becomes_a_sequence_in_big_endian() -> None:
    inside = builder.item(short(ROWS, 513, IMPLICIT), IMPLICIT) + mark(0xFFFEE0DD)
    data = element(PRIVATE, "UN", inside, EXPLICIT, length=builder.UNDEFINED)
    item = builder.item(short(ROWS, 513, EXPLICIT_BIG), EXPLICIT_BIG)
    end = mark(0xFFFEE0DD, encoding=EXPLICIT_BIG)
    expected = element(PRIVATE, "SQ", item + end, EXPLICIT_BIG, length=builder.UNDEFINED)
    assert rewritten(data, EXPLICIT, EXPLICIT_BIG) == expected


@pytest.mark.parametrize("target", [EXPLICIT, EXPLICIT_BIG], ids=NAMES[1:])
def test_a_private_sequence_of_undefined_length_gets_its_vr(target: Encoding) -> None:
    def data(encoding: Encoding) -> bytes:
        return sequence(PRIVATE, [short(ROWS, 513, encoding)], encoding, undefined=True)

    assert rewritten(data(IMPLICIT), IMPLICIT, target) == data(target)


@pytest.mark.parametrize("target", [EXPLICIT, EXPLICIT_BIG], ids=NAMES[1:])
def test_private_bytes_that_nobody_knows_become_un_and_are_never_swapped(target: Encoding) -> None:
    data = text(0x00090010, "LO", "ACME", IMPLICIT) + element(PRIVATE, "", b"\1\2", IMPLICIT)
    expected = text(0x00090010, "LO", "ACME", target) + element(PRIVATE, "UN", b"\1\2", target)
    assert rewritten(data, IMPLICIT, target) == expected


@pytest.mark.parametrize("target", [EXPLICIT, EXPLICIT_BIG], ids=NAMES[1:])
def test_a_value_too_long_for_its_vr_becomes_un_and_that_is_told(target: Encoding) -> None:
    value = b"12" * 35_000
    rewriter = Rewriter(
        builder.data_set(element(0x00104000, "LT", value, IMPLICIT), IMPLICIT), target
    )
    assert b"".join(rewriter.rope().chunks()) == element(0x00104000, "UN", value, target)
    assert "(0010,4000) has 70000 bytes, too many for LT" in rewriter.warnings[0]


@pytest.mark.parametrize("target", ENCODINGS, ids=NAMES)
def test_implicit_elements_among_explicit_ones_get_a_vr_where_there_must_be_one(
    target: Encoding,
) -> None:
    mixed = short(ROWS, 513) + mark(COLUMNS, 2) + b"\1\2"
    expected = short(ROWS, 513, target) + short(COLUMNS, 513, target)
    assert rewritten(mixed, EXPLICIT, target) == expected


@pytest.mark.parametrize("target", ENCODINGS, ids=NAMES)
def test_padding_behind_the_data_set_is_not_written(target: Encoding) -> None:
    assert rewritten(short(ROWS, 1) + bytes(100), EXPLICIT, target) == short(ROWS, 1, target)


def test_an_item_with_both_a_length_and_a_delimiter_has_one_of_them_afterwards() -> None:
    both = builder.item(short(ROWS, 1) + mark(0xFFFEE00D))
    data = element(SEQUENCE, "SQ", both * 2) + text(NAME, "PN", "a")
    expected = sequence(SEQUENCE, [short(ROWS, 1, IMPLICIT)] * 2, IMPLICIT)
    assert rewritten(data, EXPLICIT, IMPLICIT) == expected + text(NAME, "PN", "a", IMPLICIT)


@pytest.mark.parametrize(
    "content",
    [short(ROWS, 1)[:-1], text(NAME, "PN", "a")[:7], mark(0xFFFEE0DD)],
    ids=["value", "header", "delimiter"],
)
def test_a_broken_item_is_damage(content: bytes) -> None:
    data = sequence(SEQUENCE, [content])
    with pytest.raises(DamagedError):
        rewritten(data, EXPLICIT, IMPLICIT)


def nested(depth: int, encoding: Encoding, *, undefined: bool) -> bytes:
    if undefined:
        start = element(SEQUENCE, "SQ", b"", encoding, length=builder.UNDEFINED)
        start += mark(0xFFFEE000, builder.UNDEFINED, encoding)
        end = mark(0xFFFEE00D, 0, encoding) + mark(0xFFFEE0DD, 0, encoding)
        return start * depth + end * depth
    data = b""
    for _ in range(depth):
        data = sequence(SEQUENCE, [data], encoding)
    return data


@pytest.mark.parametrize("undefined", [False, True])
def test_depth_costs_neither_stack_nor_more_than_its_share_of_time(*, undefined: bool) -> None:
    data = nested(5000, EXPLICIT, undefined=undefined)
    found = builder.data_set(data)
    rewriter = Rewriter(found, IMPLICIT)
    reads = 0
    peek = found.source.peek

    def counted(offset: int, size: int) -> bytes:
        nonlocal reads
        reads += 1
        assert reads < 200_000, "an element is looked at again for each sequence around it"
        return peek(offset, size)

    found.source.peek = counted  # type: ignore[method-assign]
    written = b"".join(rewriter.rope().chunks())
    assert written == nested(5000, IMPLICIT, undefined=undefined)


# ------------------------------------------------------------------ edits


def test_edits_set_insert_and_remove_in_tag_order() -> None:
    data = text(0x00080060, "CS", "CT") + short(ROWS, 1) + text(0x00281050, "DS", "40")
    edits = (
        Edit.short(ROWS, 2),
        Edit.text(0x00280004, "CS", "RGB"),
        Edit.text(0x00080005, "CS", "ISO"),
        Edit(0x00281050),
        Edit(0x00281051),
        Edit.text(0x40080000 | 0x40, "LO", "last"),
    )
    expected = b"".join(
        [
            text(0x00080005, "CS", "ISO"),
            text(0x00080060, "CS", "CT"),
            text(0x00280004, "CS", "RGB"),
            short(ROWS, 2),
            text(0x40080040, "LO", "last"),
        ]
    )
    assert rewritten(data, EXPLICIT, EXPLICIT, *edits) == expected


@pytest.mark.parametrize("target", ENCODINGS, ids=NAMES)
def test_an_edit_is_written_in_the_byte_order_of_the_target(target: Encoding) -> None:
    edit = Edit(0x60003000, "OW", b"\1\2\3\4")
    swapped = b"\2\1\4\3" if target.big_endian else b"\1\2\3\4"
    expected = short(ROWS, 513, target) + element(0x60003000, "OW", swapped, target)
    assert rewritten(b"", EXPLICIT, target, edit, Edit.short(ROWS, 513)) == expected


def test_an_element_out_of_order_is_edited_where_it_stands() -> None:
    data = short(COLUMNS, 1) + short(ROWS, 1) + text(0x00080060, "CS", "CT")
    expected = short(COLUMNS, 1) + short(ROWS, 2)
    edits = (Edit.short(ROWS, 2), Edit(0x00080060))
    assert rewritten(data, EXPLICIT, EXPLICIT, *edits) == expected


@pytest.mark.parametrize("target", ENCODINGS, ids=NAMES)
@pytest.mark.parametrize("undefined", [False, True])
def test_an_edit_reaches_into_the_item_that_its_path_names(
    target: Encoding, *, undefined: bool
) -> None:
    def data(encoding: Encoding, second: bytes) -> bytes:
        items = [short(ROWS, 1, encoding), second]
        inner = sequence(INNER, items, encoding, undefined=undefined)
        return sequence(SEQUENCE, [b"", inner], encoding) + short(ROWS, 9, encoding)

    before = short(ROWS, 2) + text(0x00280030, "DS", "1")
    after = text(NAME, "PN", "new", target) + short(ROWS, 3, target) + short(COLUMNS, 4, target)
    path = (SEQUENCE, 1, INNER, 1)
    edits = (
        Edit(ROWS, "US", b"\3\0", path),
        Edit(COLUMNS, "US", b"\4\0", path),
        Edit(0x00280030, path=path),
        Edit(NAME, "PN", b"new ", path),
    )
    assert rewritten(data(EXPLICIT, before), EXPLICIT, target, *edits) == data(target, after)


def test_pixel_data_takes_the_place_of_the_source_and_what_follows_stays() -> None:
    before, after = short(ROWS, 1), text(0xFFFCFFFC, "OB", "padding")
    value = Rope()
    value.add(b"new!")
    data = before + element(0x7FE00010, "OW", bytes(6)) + after
    written = rewritten(data, pixel_data=PixelData(value, "OB", encapsulated=False))
    assert written == before + element(0x7FE00010, "OB", b"new!") + after
    written = rewritten(data, pixel_data=PixelData(value, "OB", encapsulated=True))
    assert written == before + element(0x7FE00010, "OB", b"new!", length=0xFFFFFFFF) + after


# ------------------------------------------------------------------ group lengths


@pytest.mark.parametrize("target", [IMPLICIT, EXPLICIT_BIG], ids=["implicit", "big"])
def test_a_group_length_is_right_in_another_encoding(target: Encoding) -> None:
    def data(encoding: Encoding, *, right: bool = True) -> bytes:
        first = sequence(SEQUENCE, [text(NAME, "PN", "a", encoding)], encoding)
        second = short(ROWS, 1, encoding) + short(COLUMNS, 1, encoding)
        lengths = (len(first), len(second)) if right else (7, 7)
        return (
            group_length(0x00080000, lengths[0], encoding)
            + first
            + group_length(0x00280000, lengths[1], encoding)
            + second
        )

    assert rewritten(data(EXPLICIT, right=False), EXPLICIT, target) == data(target)


def test_a_group_length_is_recomputed_when_its_group_is_edited_and_else_kept() -> None:
    rows = short(ROWS, 1)
    data = group_length(0x00100000, 10) + text(NAME, "PN", "a") + group_length(0x00280000, 10)
    written = rewritten(data + rows, EXPLICIT, EXPLICIT, Edit.short(COLUMNS, 2))
    assert written == data[:-4] + struct.pack("<I", 20) + rows + short(COLUMNS, 2)


def test_a_group_length_counts_new_pixel_data() -> None:
    value = Rope()
    value.add(b"new!")
    data = group_length(0x7FE00000, 18) + element(0x7FE00010, "OW", bytes(6))
    written = rewritten(data, pixel_data=PixelData(value, "OB", encapsulated=False))
    assert written == group_length(0x7FE00000, 16) + element(0x7FE00010, "OB", b"new!")


def test_group_lengths_around_a_nested_edit_are_right() -> None:
    def data(inner: bytes, lengths: tuple[int, int]) -> bytes:
        content = group_length(0x00280000, lengths[1]) + inner
        return group_length(0x00080000, lengths[0]) + sequence(SEQUENCE, [content])

    before, after = short(ROWS, 1), short(ROWS, 1) + short(COLUMNS, 2)
    edit = Edit(COLUMNS, "US", b"\2\0", (SEQUENCE, 0))
    written = rewritten(data(before, (42, 10)), EXPLICIT, EXPLICIT, edit)
    assert written == data(after, (52, 20))
