"""Items that an edit adds are looked for in what was written."""

from zlib import crc32

import pytest

from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Encoding
from dicomtx.dicom.items import code
from dicomtx.dicom.part10 import open_part10, syntax_of
from dicomtx.dicom.rewriter import Rewriter
from dicomtx.dicom.rope import PixelData, Rope, Sum
from dicomtx.engine.verification.elements import pixel_data, post_conditions
from dicomtx.errors import DamagedError, VerificationError
from dicomtx.storage.source import Source
from tests.dicom import builder

OUTER, CODES = 0x00081140, 0x00089215
EDITS = (
    Edit(CODES, "SQ", code("113040", "Lossy Compression"), adds=True),
    Edit(CODES, "SQ", code("113040", "Lossy Compression"), (OUTER, 1), adds=True),
)


def written(target: Encoding, edits: tuple[Edit, ...], *, undefined: bool) -> tuple[bytes, bytes]:
    """Returns a file and the same with edits."""
    codes = builder.sequence(CODES, [builder.text(0x00080100, "SH", "1")], undefined=undefined)
    before = builder.identity() + builder.sequence(OUTER, [b"", codes], undefined=undefined)
    before += codes
    raw = b"".join(Rewriter(builder.data_set(before), target, edits).rope().chunks())
    return builder.part10("explicit", before), builder.part10(syntax_of(target).uid, raw)


@pytest.mark.parametrize("target", [IMPLICIT, EXPLICIT, EXPLICIT_BIG])
@pytest.mark.parametrize("undefined", [False, True])
def test_added_items_are_checked_at_the_top_and_in_items(
    target: Encoding, *, undefined: bool
) -> None:
    for edits in (EDITS, EDITS[:1], EDITS[1:]):
        old, new = written(target, edits, undefined=undefined)
        with open_part10(Source(old)) as source, open_part10(Source(new)) as output:
            post_conditions(source, output, syntax_of(target), edits)
            if edits == EDITS:
                continue
            with pytest.raises(VerificationError, match=r"\(0008,9215\)"):
                post_conditions(source, output, syntax_of(target), EDITS)


@pytest.mark.parametrize(
    ("found", "expected"),
    [(b"SOME AB ", b"AB "), (b"AB", b"\2\0AB")],
    ids=["behind another value", "with bytes of the header"],
)
def test_a_value_that_only_ends_as_the_edit_says_is_wrong(found: bytes, expected: bytes) -> None:
    old = builder.part10("explicit", builder.identity())
    new = old + builder.element(0x00100010, "PN", found)
    edit = Edit(0x00100010, "PN", found)
    with open_part10(Source(old)) as source, open_part10(Source(new)) as output:
        post_conditions(source, output, syntax_of(EXPLICIT), [edit])
        with pytest.raises(VerificationError, match=r"\(0010,0010\)"):
            post_conditions(source, output, syntax_of(EXPLICIT), [edit._replace(value=expected)])


@pytest.mark.parametrize("broken", ["offset table", "frame", "delimiter"])
def test_a_right_checksum_of_the_frames_does_not_excuse_other_bytes(broken: str) -> None:
    written = builder.encapsulated([b"12345678"], [0])
    value = written[12:]
    items = Sum(value.index(b"12345678"), 8, crc32(b"12345678"))
    expected = PixelData(Rope(), "OB", encapsulated=True, items=items)
    expected.value.add(value)
    at = {"offset table": 12 + 8, "frame": 12 + items.offset, "delimiter": len(written) - 1}[broken]
    spoilt = bytearray(written)
    spoilt[at] ^= 1
    pixel_data(builder.data_set(b""), builder.data_set(written), expected)
    with pytest.raises((VerificationError, DamagedError)):
        pixel_data(builder.data_set(b""), builder.data_set(bytes(spoilt)), expected)


@pytest.mark.parametrize("kept", [b"", builder.encapsulated([b"1234"])])
def test_pixel_data_that_was_to_be_kept_is_missed_if_it_is_lost_or_changed(kept: bytes) -> None:
    other = builder.encapsulated([b"1235"])
    source = builder.data_set(kept)
    pixel_data(source, builder.data_set(kept), None)
    for written in {b"", other, builder.encapsulated([b"12345678"])} - {kept}:
        with pytest.raises(VerificationError):
            pixel_data(source, builder.data_set(written), None)


def test_elements_that_are_lost_at_the_end_or_come_from_nowhere_are_found() -> None:
    more = builder.text(0x00100010, "PN", "AB")
    short = builder.part10("explicit", builder.identity())
    for old, new in ((short + more, short), (short, short + more)):
        with (
            open_part10(Source(old)) as source,
            open_part10(Source(new)) as output,
            pytest.raises(VerificationError, match="nothing"),
        ):
            post_conditions(source, output, syntax_of(EXPLICIT), ())


def test_group_lengths_are_not_compared() -> None:
    length = builder.element(0x00080000, "UL", b"\4\0\0\0")
    old = builder.part10("explicit", length + builder.identity())
    new = builder.part10("explicit", builder.identity())
    with open_part10(Source(old)) as source, open_part10(Source(new)) as output:
        post_conditions(source, output, syntax_of(EXPLICIT), ())


@pytest.mark.parametrize("syntax", ["explicit", "implicit"])
def test_every_byte_of_every_value_counts(syntax: str) -> None:
    source = builder.part10("explicit", data := values())
    if syntax == "implicit":
        read = builder.data_set(data)
        data = b"".join(Rewriter(read, IMPLICIT).rope().chunks())
    whole = builder.part10(syntax, data)
    with open_part10(Source(source)) as old, open_part10(Source(whole)) as new:
        post_conditions(old, new, syntax_of(new.encoding), ())
        spans = [(element.value, element.end) for element in new.data_set.elements]
    for at in (at for start, end in spans for at in range(start, end)):
        broken = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        with (
            open_part10(Source(source)) as old,
            open_part10(Source(broken)) as new,
            pytest.raises(VerificationError),
        ):
            post_conditions(old, new, syntax_of(new.encoding), ())


def values() -> bytes:
    """Returns elements of many lengths, and none, behind each other."""
    texts = [builder.text(0x00100000 | n, "LO", "v" * n) for n in range(0x10, 0x20)]
    return builder.identity() + b"".join(texts) + builder.text(0x00200010, "SH", "")
