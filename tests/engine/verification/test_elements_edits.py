"""Items that an edit adds are looked for in what was written."""

import pytest

from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Encoding
from dicomtx.dicom.items import code
from dicomtx.dicom.part10 import open_part10, syntax_of
from dicomtx.dicom.rewriter import Rewriter
from dicomtx.engine.verification.elements import post_conditions
from dicomtx.errors import VerificationError
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
