"""Elements of two data sets: what differs is told, what is only encoded otherwise is not."""

import struct
from pathlib import Path

import pytest

from dicomtx.dicom.differences import Difference, differences
from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Encoding
from dicomtx.dicom.part10 import open_part10
from dicomtx.errors import DamagedError
from dicomtx.limits import Limits
from dicomtx.storage.source import Source
from tests import corpus
from tests.converter import Converter
from tests.dicom.builder import element, identity, part10, sequence, short, text

READABLE = [p for p in corpus.SAMPLE if p.name not in ("MR_truncated.dcm", "no_meta.dcm")]
SYNTAXES = {IMPLICIT: "implicit", EXPLICIT: "explicit", EXPLICIT_BIG: "big-endian"}


def between(a: bytes, b: bytes, *ignored: int) -> list[Difference]:
    """Returns what counts between two files."""
    with open_part10(Source(a)) as of_a, open_part10(Source(b)) as of_b:
        found = list(differences(of_a, of_b, frozenset(ignored)))
    return [difference for difference in found if not difference.of_encoding]


def explicit(*elements: bytes) -> bytes:
    return part10("explicit", identity() + b"".join(elements))


def in_encoding(encoding: Encoding) -> bytes:
    """Returns the same data set in any encoding: numbers, text, nested, private."""
    numbers = struct.pack(">2f" if encoding.big_endian else "<2f", 1.5, -2.25)
    inside = text(0x00081150, "UI", "1.2.3", encoding) + short(0x00280010, 7, encoding)
    content = (
        identity(encoding)
        + sequence(0x00081140, [inside, inside], encoding, undefined=encoding.implicit_vr)
        + text(0x00100010, "PN", "A^B", encoding)
        + short(0x00280010, 300, encoding)
        + element(0x00189087, "FD", bytes(8), encoding)
        + element(0x00720076, "FL", numbers, encoding)
    )
    return part10(SYNTAXES[encoding], content)


@pytest.mark.parametrize("a", SYNTAXES, ids=SYNTAXES.get)
@pytest.mark.parametrize("b", SYNTAXES, ids=SYNTAXES.get)
def test_the_same_data_set_in_another_encoding_is_the_same(a: Encoding, b: Encoding) -> None:
    assert between(in_encoding(a), in_encoding(b)) == []


def test_added_removed_and_changed_elements_are_told() -> None:
    a = explicit(text(0x00100010, "PN", "A^B"), text(0x00100020, "LO", "one"))
    b = explicit(text(0x00100020, "LO", "two"), short(0x00280010, 300))
    assert between(a, b) == [
        Difference("removed", (), 0x00100010, "PN", "", "A^B", ""),
        Difference("changed", (), 0x00100020, "LO", "LO", "one", "two"),
        Difference("added", (), 0x00280010, "", "US", "", "300"),
    ]
    assert [d.keyword for d in between(a, b)] == ["PatientName", "PatientID", "Rows"]


def test_a_nested_difference_has_the_path_of_its_items() -> None:
    inner = [sequence(0x0040A170, [text(0x00080100, "SH", code)]) for code in ("X", "Y")]
    a, b = (
        explicit(sequence(0x00081140, [b"", text(0x00081150, "UI", "1.2") + one])) for one in inner
    )
    (difference,) = between(a, b)
    assert difference.place == "(0008,1140)[2](0040,A170)[1](0008,0100)"
    assert (difference.a, difference.b) == ("X", "Y")


def test_an_item_that_one_lacks_is_told_once() -> None:
    item = text(0x00081150, "UI", "1.2") + text(0x00081155, "UI", "1.3")
    (difference,) = between(
        explicit(sequence(0x00081140, [item])), explicit(sequence(0x00081140, [item, item]))
    )
    assert (difference.kind, difference.place) == ("added", "(0008,1140)[2]")
    assert (difference.keyword, difference.b) == ("Item", "2 elements")


def test_padding_is_no_difference_but_another_vr_is() -> None:
    a = explicit(element(0x00100020, "LO", b"one "), text(0x00100040, "CS", "M"))
    b = explicit(element(0x00100020, "LO", b"one\0\0 "), text(0x00100040, "LO", "M"))
    (difference,) = between(a, b)
    assert (difference.tag, difference.vr_a, difference.vr_b) == (0x00100040, "CS", "LO")


def test_one_bit_of_a_long_value_is_found_and_placed() -> None:
    value = bytearray(3 << 20)
    a = explicit(element(0x00420011, "OB", bytes(value)))
    value[(2 << 20) + 5] = 1
    (difference,) = between(a, explicit(element(0x00420011, "OB", bytes(value))))
    assert f"differs from byte {(2 << 20) + 5} on" in difference.b
    assert len(difference.b) < 200


def test_the_second_element_with_a_tag_is_compared_too() -> None:
    one, two, three = (text(0x00100020, "LO", value) for value in ("one", "two", "three"))
    (difference,) = between(explicit(one, two), explicit(one, three))
    assert (difference.a, difference.b) == ("two", "three")


def test_file_meta_is_compared_but_for_what_a_transcoding_changes() -> None:
    data = identity()
    a = part10("explicit", data, text(0x00020012, "UI", "1.2"), text(0x00020016, "AE", "HERE"))
    b = part10("implicit", identity(IMPLICIT), text(0x00020016, "AE", "THERE"))
    (difference,) = between(a, b)
    assert (difference.tag, difference.a, difference.b) == (0x00020016, "HERE", "THERE")


def test_identifiers_of_the_file_meta_may_be_missing_but_not_differ() -> None:
    with_one, with_other = (
        part10("explicit", identity(), text(0x00020003, "UI", uid)) for uid in ("1.2", "1.3")
    )
    assert between(part10("explicit", identity()), with_one) == []
    assert [d.tag for d in between(with_one, with_other)] == [0x00020003]


def test_another_colour_label_counts_unless_the_syntax_brings_it() -> None:
    rgb, rct = (text(0x00280004, "CS", label) for label in ("RGB", "YBR_RCT"))
    assert between(explicit(rgb), part10("jpeg2000-lossless", identity() + rct)) == []
    assert len(between(explicit(rgb), explicit(rct))) == 1
    inverted = text(0x00280004, "CS", "MONOCHROME1")
    assert len(between(explicit(rgb), part10("rle", identity() + inverted))) == 1


def test_ignored_elements_are_left_out_at_any_depth() -> None:
    a, b = (
        explicit(sequence(0x00081140, [text(0x00081155, "UI", uid)]), text(0x00081155, "UI", uid))
        for uid in ("1.2", "1.3")
    )
    assert len(between(a, b)) == 2
    assert between(a, b, 0x00081155) == []


def test_text_is_shown_in_its_character_set_within_items_too() -> None:
    utf8 = text(0x00080005, "CS", "ISO_IR 192")
    a, b = (
        explicit(utf8 + sequence(0x00081140, [text(0x00100010, "PN", name)]))
        for name in ("Ödön", "山田")
    )
    (difference,) = between(a, b)
    assert (difference.a, difference.b) == ("Ödön", "山田")


def test_nesting_without_end_is_refused_in_words() -> None:
    nested = b""
    for _ in range(Limits().depth + 2):
        nested = sequence(0x00081140, [nested])
    with pytest.raises(DamagedError, match="nested more than"):
        between(explicit(nested), explicit(nested))


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_a_file_is_the_same_as_itself(path: Path) -> None:
    assert between(path.read_bytes(), path.read_bytes()) == []


@pytest.mark.parametrize("name", ["rtplan.dcm", "priv_SQ.dcm", "liver_1frame.dcm"])
@pytest.mark.parametrize("target", ["implicit", "explicit", "big-endian"])
def test_what_was_converted_is_the_same(tmp_path: Path, name: str, target: str) -> None:
    converter, data = Converter(tmp_path), corpus.file(name).read_bytes()
    converter.done(data, target)
    assert between(data, converter.out.read_bytes()) == []
