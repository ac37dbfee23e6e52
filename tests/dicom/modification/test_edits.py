"""A modification becomes edits: the named elements, new UIDs, and the record of old values."""

import io
from collections.abc import Sequence

import pytest
from pydicom import Dataset, dcmread

from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Encoding
from dicomtx.dicom.modification.edits import modified
from dicomtx.dicom.modification.modification import Change, Level, Modification
from dicomtx.dicom.modification.modified import Modified
from dicomtx.dicom.modification.original_attributes import old_uids
from dicomtx.dicom.modification.parsing import assigned, change
from dicomtx.dicom.part10 import syntax_of
from dicomtx.dicom.rewriter import Rewriter
from dicomtx.errors import UnsupportedError
from tests.dicom import builder
from tests.dicom.builder import element, identity, sequence, short, text

ENCODINGS = pytest.mark.parametrize(
    "encoding", [IMPLICIT, EXPLICIT, EXPLICIT_BIG], ids=["implicit", "explicit", "big"]
)


def content(encoding: Encoding = EXPLICIT, *, undefined: bool = False) -> bytes:
    """Returns a data set with a study, a series, and a sequence of two items."""
    items = [
        text(0x00400007, "LO", word, encoding) + short(0x00280120, 3, encoding)
        for word in ("first", "second")
    ]
    return b"".join(
        [
            identity(encoding),
            text(0x00080020, "DA", "20200101", encoding),
            text(0x00100010, "PN", "Doe^John", encoding),
            text(0x00100020, "LO", "OLD", encoding),
            text(0x0020000D, "UI", "1.2.3", encoding),
            text(0x0020000E, "UI", "1.2.3.1", encoding),
            sequence(0x00400275, items, encoding, undefined=undefined),
        ]
    )


def edited(
    changes: Sequence[Change], level: Level = "", raw: bytes = b"", encoding: Encoding = EXPLICIT
) -> tuple[Modified, Dataset]:
    """Returns what is modified, and the data set after it, as pydicom reads it."""
    source = builder.data_set(raw or content(encoding), encoding)
    made = modified(source, Modification(changes=tuple(changes), level=level, seed="s"))
    assert made
    written = b"".join(Rewriter(source, encoding, made.edits).rope().chunks())
    return made, dcmread(io.BytesIO(builder.part10(syntax_of(encoding).uid, written)))


def record(data_set: Dataset) -> Dataset:
    found: Dataset = data_set.OriginalAttributesSequence[-1]
    return found


def old(data_set: Dataset) -> Dataset:
    (values,) = record(data_set).ModifiedAttributesSequence
    found: Dataset = values
    return found


@ENCODINGS
def test_values_are_set_replaced_and_removed(encoding: Encoding) -> None:
    made, after = edited(
        [
            assigned("set", "PatientID=NEW"),
            assigned("set", "StudyDescription=added"),
            assigned("replace", "PatientName=Doe^Jane"),
            assigned("replace", "AccessionNumber=7"),
            change("remove", "StudyDate"),
            change("remove", "StudyTime"),
        ],
        encoding=encoding,
    )
    assert (after.PatientID, after.StudyDescription, after.PatientName) == (
        *("NEW", "added", "Doe^Jane"),
    )
    assert "AccessionNumber" not in after
    assert "StudyDate" not in after
    assert made.names == ("PatientID", "StudyDescription", "PatientName", "StudyDate")
    assert (made.uids, made.sop_instance_uid) == ((), "")


@ENCODINGS
@pytest.mark.parametrize("undefined", [False, True])
def test_an_element_of_an_item_is_set_and_its_neighbours_stay(
    encoding: Encoding, *, undefined: bool
) -> None:
    place = "RequestAttributesSequence[1].ScheduledProcedureStepDescription"
    _, after = edited(
        [assigned("set", f"{place}=changed")],
        raw=content(encoding, undefined=undefined),
        encoding=encoding,
    )
    words = [str(one[0x00400007].value) for one in after.RequestAttributesSequence]
    assert words == ["first", "changed"]
    assert [one[0x00280120].value for one in after.RequestAttributesSequence] == [3, 3]
    before = [str(one[0x00400007].value) for one in old(after).RequestAttributesSequence]
    assert before == ["first", "second"]


def test_a_missing_item_is_an_error_for_set_only() -> None:
    place = "RequestAttributesSequence[2].ScheduledProcedureStepDescription"
    source = builder.data_set(content())
    for verb in (assigned("replace", f"{place}=x"), change("remove", place)):
        assert modified(source, Modification(changes=(verb,))) is None
    with pytest.raises(UnsupportedError, match="has no item 2"):
        modified(source, Modification(changes=(assigned("set", f"{place}=x"),)))


@ENCODINGS
def test_old_values_are_recorded_and_earlier_records_stay(encoding: Encoding) -> None:
    first, after = edited(
        [assigned("set", "PatientID=NEW"), assigned("set", "StudyDescription=added")],
        encoding=encoding,
    )
    assert first.edits[-1].adds
    assert old(after).PatientID == "OLD"
    assert "StudyDescription" in old(after)  # it was absent: no value (PS3.3 C.12.1.1.9)
    assert not old(after).StudyDescription
    assert record(after).ModifyingSystem.startswith("dicomtx ")
    assert record(after).ReasonForTheAttributeModification == "CORRECT"
    assert record(after).SourceOfPreviousValues == ""
    assert record(after).AttributeModificationDateTime.endswith("+0000")
    raw = b"".join(
        Rewriter(builder.data_set(content(encoding), encoding), encoding, first.edits)
        .rope()
        .chunks()
    )
    _, again = edited([assigned("set", "PatientID=NEWER")], raw=raw, encoding=encoding)
    assert len(again.OriginalAttributesSequence) == 2
    assert again.OriginalAttributesSequence[0] == after.OriginalAttributesSequence[0]
    assert old(again).PatientID == "NEW"


def test_nothing_is_recorded_if_nothing_changes() -> None:
    same = (assigned("set", "PatientID=OLD"), change("remove", "StudyTime"))
    assert modified(builder.data_set(content()), Modification(changes=same)) is None


@pytest.mark.parametrize(
    ("level", "kept"),
    [
        ("patient", ()),
        ("study", ()),
        ("series", ("StudyInstanceUID",)),
        ("instance", ("StudyInstanceUID", "SeriesInstanceUID")),
    ],
)
def test_uids_are_new_from_the_level_down(level: Level, kept: tuple[str, ...]) -> None:
    made, after = edited([], level)
    before = {
        "StudyInstanceUID": "1.2.3",
        "SeriesInstanceUID": "1.2.3.1",
        "SOPInstanceUID": builder.SOP_INSTANCE,
    }
    same = tuple(name for name, uid in before.items() if after[name].value == uid)
    assert same == kept
    assert dict(made.uids) == {
        uid: after[name].value for name, uid in before.items() if name not in kept
    }
    assert made.sop_instance_uid == after.SOPInstanceUID
    assert all(new.startswith("2.25.") for _, new in made.uids)
    assert sorted(made.names) == sorted(before.keys() - set(kept))
    assert old(after).SOPInstanceUID == builder.SOP_INSTANCE


def test_the_same_seed_gives_the_same_uids_and_another_one_others() -> None:
    def uids(seed: str) -> tuple[tuple[str, str], ...]:
        made = modified(builder.data_set(content()), Modification(level="study", seed=seed))
        assert made
        return made.uids

    assert uids("a") == uids("a")
    assert not {new for _, new in uids("a")} & {new for _, new in uids("b")}


def test_a_uid_that_is_set_is_not_derived() -> None:
    made, after = edited([assigned("set", "StudyInstanceUID=1.2.99")], "study")
    assert after.StudyInstanceUID == "1.2.99"
    assert ("1.2.3", "1.2.99") in made.uids


def test_an_instance_without_uids_gets_none() -> None:
    raw = text(0x00100020, "LO", "OLD")
    made, after = edited([assigned("set", "PatientID=1")], "study", raw)
    assert made.names == ("PatientID",)
    assert "SOPInstanceUID" not in after


def test_the_replaced_uids_can_be_read_back() -> None:
    source = builder.data_set(content())
    made = modified(source, Modification(level="study", seed="s"))
    assert made
    after = b"".join(Rewriter(source, EXPLICIT, made.edits).rope().chunks())
    assert old_uids(builder.data_set(after)) == {
        0x00080018: builder.SOP_INSTANCE,
        0x0020000D: "1.2.3",
        0x0020000E: "1.2.3.1",
    }
    assert old_uids(source) == {}


# ------------------------------------------------------------------ private elements, encodings


def private(encoding: Encoding = EXPLICIT, vr: str = "LO") -> bytes:
    creator = text(0x00090010, "LO", "ACME", encoding)
    return identity(encoding) + creator + element(0x00091001, vr, b"old ", encoding)


def test_a_private_element_is_set_if_the_file_says_its_vr() -> None:
    _, after = edited([assigned("set", "(0009,1001)=new")], raw=private())
    assert after[0x00091001].value == "new"
    assert old(after)[0x00090010].value == "ACME"  # a private element needs its creator
    assert old(after)[0x00091001].value == "old"


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [(private(IMPLICIT), IMPLICIT), (private(vr="UN"), EXPLICIT), (identity(), EXPLICIT)],
    ids=["implicit", "UN", "absent"],
)
def test_a_private_element_of_unknown_vr_is_refused(raw: bytes, encoding: Encoding) -> None:
    source = builder.data_set(raw, encoding)
    changes = (assigned("set", "(0009,1001)=new"),)
    with pytest.raises(UnsupportedError, match=r"\(0009,1001\) is private and cannot be set"):
        modified(source, Modification(changes=changes))


def test_a_private_element_can_be_removed() -> None:
    _, after = edited([change("remove", "(0009,1001)")], raw=private())
    assert 0x00091001 not in after


@ENCODINGS
def test_numbers_are_in_the_byte_order_of_the_file(encoding: Encoding) -> None:
    raw = identity(encoding) + short(0x00280103, 1, encoding)
    _, after = edited(
        [assigned("set", "PixelPaddingValue=-2"), assigned("set", "CineRate=7")],
        raw=raw,
        encoding=encoding,
    )
    assert after.PixelPaddingValue == -2  # SS, since the pixels are signed
    assert after.CineRate == 7


def test_an_item_has_its_own_character_set() -> None:
    word = text(0x00080005, "CS", "ISO_IR 192") + text(0x00400007, "LO", "old")
    raw = identity() + sequence(0x00400275, [word, text(0x00400007, "LO", "old")])
    name = "ScheduledProcedureStepDescription"
    _, after = edited([assigned("set", f"RequestAttributesSequence[0].{name}=Ü")], raw=raw)
    assert after.RequestAttributesSequence[0][0x00400007].value == "Ü"
    changes = (assigned("set", f"RequestAttributesSequence[1].{name}=Ü"),)
    with pytest.raises(UnsupportedError, match="Character Set"):
        modified(builder.data_set(raw), Modification(changes=changes))


def test_a_large_old_value_is_not_recorded_and_named() -> None:
    raw = identity() + element(0x00420011, "OB", bytes(2 << 20))
    source: DataSet = builder.data_set(raw)
    made = modified(source, Modification(changes=(change("remove", "EncapsulatedDocument"),)))
    assert made
    assert made.warnings == ("the old value of (0042,0011) is too large to be recorded",)
