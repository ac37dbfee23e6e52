"""References follow the instances that got a new UID."""

import io
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.derivation.lossy_attributes import LossyStep, lossy_edits
from dicomtx.dicom.derivation.references import reference_edits
from dicomtx.dicom.elements import EXPLICIT, EXPLICIT_BIG, IMPLICIT, Encoding
from dicomtx.dicom.item_search import items_with
from dicomtx.dicom.part10 import open_part10, syntax_of
from dicomtx.dicom.rewriter import Rewriter
from dicomtx.errors import DamagedError
from dicomtx.storage.local_file import LocalFile
from tests import corpus
from tests.dicom import builder
from tests.dicom.builder import element, sequence, text

ENCODINGS = [IMPLICIT, EXPLICIT, EXPLICIT_BIG]
NAMES = ["implicit", "explicit", "big"]
OLD, NEW = "1.2.9.1", "2.25.77"


def rewritten(data_set: DataSet, edits: list[Edit], target: Encoding = EXPLICIT) -> Dataset:
    raw = b"".join(Rewriter(data_set, target, edits).rope().chunks())
    read: Dataset = dcmread(io.BytesIO(builder.part10(syntax_of(target).uid, raw)))
    return read


def instances(data_set: Dataset) -> list[str]:
    return [
        str(found.value)
        for found in data_set.iterall()
        if found.tag == tags.REFERENCED_SOP_INSTANCE_UID
    ]


def reference(uid: str, encoding: Encoding = EXPLICIT, *, purpose: str = "") -> bytes:
    code = text(0x00080100, "SH", purpose, encoding) + text(0x00080102, "SH", "DCM", encoding)
    named = sequence(0x0040A170, [code], encoding) if purpose else b""
    return text(tags.REFERENCED_SOP_INSTANCE_UID, "UI", uid, encoding) + named


# ------------------------------------------------------------------ real files


REAL = [
    "JPGLosslessP14SV1_1s_1f_8b.dcm",
    "badVR.dcm",
    "eCT_Supplemental.dcm",
    "liver_1frame.dcm",
    "liver_expb_1frame.dcm",
    "reportsi.dcm",
    "rtdose.dcm",
    "rtdose_expb.dcm",
    "rtplan.dcm",
    "test-SR.dcm",
]


@pytest.mark.parametrize("path", [corpus.file(name) for name in REAL], ids=REAL)
def test_every_reference_of_a_real_file_is_found_and_nothing_else_changes(path: Path) -> None:
    before = dcmread(path)
    wanted = [uid for uid in instances(before) if uid]
    assert wanted
    uid_map = {uid: f"2.25.{n}" for n, uid in enumerate(wanted)}
    with LocalFile(str(path)).open() as file, open_part10(file) as part10:
        edits = reference_edits(part10.data_set, uid_map)
        read = rewritten(part10.data_set, edits)
    for found in before.iterall():
        if found.tag == tags.REFERENCED_SOP_INSTANCE_UID and not _of_predecessor(
            before, str(found.value)
        ):
            found.value = uid_map.get(str(found.value), found.value)
    assert instances(read) == instances(before)
    assert all(
        read[found.tag].value == found.value
        for found in before
        if found.tag.element and found.tag != 0x7FE00010
    )


def _of_predecessor(data_set: Dataset, uid: str) -> bool:
    """Whether the UID is one that a lossy step of another tool left in Source Image Sequence."""
    return any(
        item.ReferencedSOPInstanceUID == uid
        and item.PurposeOfReferenceCodeSequence[0].CodeValue == "121320"
        for item in data_set.get("SourceImageSequence", [])
        if "PurposeOfReferenceCodeSequence" in item
    )


@pytest.mark.parametrize("name", ["693_J2KI.dcm", "SC_rgb_jpeg_dcmtk.dcm"])
def test_the_predecessor_that_another_tool_named_stays(name: str) -> None:
    path = corpus.file(name)
    uid = instances(dcmread(path))[0]
    with LocalFile(str(path)).open() as file, open_part10(file) as part10:
        assert reference_edits(part10.data_set, {uid: NEW}) == []


# ------------------------------------------------------------------ made ones


@pytest.mark.parametrize("encoding", ENCODINGS, ids=NAMES)
@pytest.mark.parametrize("target", ENCODINGS, ids=NAMES)
@pytest.mark.parametrize("undefined", [False, True])
def test_references_are_found_at_any_depth(
    encoding: Encoding, target: Encoding, *, undefined: bool
) -> None:
    """As in a key object: evidence by study and series, content by item."""

    def nested(*tags: int) -> bytes:
        data = reference(OLD, encoding)
        for tag in reversed(tags):
            data = sequence(tag, [b"", data], encoding, undefined=undefined)
        return data

    data = nested(0x00081140) + nested(0x0040A375, 0x00081115, 0x00081199)
    data += nested(0x0040A730, 0x0040A730, 0x0040A730, 0x00081199)
    data += nested(0x00700001, 0x00081140)
    data_set = builder.data_set(data, encoding)
    edits = reference_edits(data_set, {OLD: NEW})
    assert instances(rewritten(data_set, edits, target)) == [NEW] * 4


def test_uids_that_are_not_in_the_map_stay() -> None:
    data_set = builder.data_set(sequence(0x00081140, [reference("1.2.8"), reference(OLD)]))
    assert instances(rewritten(data_set, reference_edits(data_set, {OLD: NEW}))) == ["1.2.8", NEW]


def test_a_predecessor_stays_and_other_sources_follow() -> None:
    items = [reference(OLD, purpose="121320"), reference(OLD, purpose="121322"), reference(OLD)]
    data_set = builder.data_set(sequence(0x00082112, items))
    read = rewritten(data_set, reference_edits(data_set, {OLD: NEW}))
    assert instances(read) == [OLD, NEW, NEW]


@pytest.mark.parametrize("own", [OLD, NEW])
def test_what_names_the_instance_as_it_was_stays(own: str) -> None:
    data = text(0x00080018, "UI", own) + sequence(0x00082112, [reference(OLD)])
    assert reference_edits(builder.data_set(data), {OLD: NEW}) == []


@pytest.mark.parametrize("undefined", [False, True])
def test_references_in_sequences_called_un_follow(*, undefined: bool) -> None:
    inside = builder.item(reference(OLD, IMPLICIT), IMPLICIT)
    inside += builder.mark(0xFFFEE0DD) if undefined else b""
    length = builder.UNDEFINED if undefined else len(inside)
    data_set = builder.data_set(element(0x00081140, "UN", inside, length=length))
    assert instances(rewritten(data_set, reference_edits(data_set, {OLD: NEW}))) == [NEW]


def test_references_follow_in_the_same_run_as_a_lossy_step() -> None:
    data = builder.identity() + sequence(0x00082112, [reference(OLD)])
    data_set = builder.data_set(data)
    step = LossyStep("ISO_10918_1", 2, "2.25.5", "Lossy compression to JPEG")
    edits = reference_edits(data_set, {OLD: NEW, builder.SOP_INSTANCE: "2.25.5"})
    read = rewritten(data_set, lossy_edits(data_set, step) + edits)
    assert instances(read) == [NEW, builder.SOP_INSTANCE]


def test_fragments_are_no_items() -> None:
    fragments = builder.encapsulated([b"\x08\x00\x55\x11" * 4])
    data = sequence(0x00880200, [reference(OLD) + fragments], undefined=True) + fragments
    found = [
        path for path, _ in items_with(builder.data_set(data), tags.REFERENCED_SOP_INSTANCE_UID)
    ]
    assert found == [(0x00880200, 0)]


# ------------------------------------------------------------------ nesting


@pytest.mark.parametrize("undefined", [False, True])
def test_depth_costs_no_stack_and_no_more_than_its_share_of_time(*, undefined: bool) -> None:
    depth = 3000
    if undefined:
        start = element(0x00081140, "SQ", b"", length=builder.UNDEFINED)
        start += builder.mark(0xFFFEE000, builder.UNDEFINED)
        end = builder.mark(0xFFFEE00D) + builder.mark(0xFFFEE0DD)
        data = start * depth + reference(OLD) + end * depth
    else:
        data = reference(OLD)
        for _ in range(depth):
            data = sequence(0x00081140, [data])
    data_set = builder.data_set(data)
    seen, peek = 0, data_set.source.peek

    def counted(offset: int, size: int) -> bytes:
        nonlocal seen
        seen += size
        assert seen < 20 * len(data), "an element is looked at again for each sequence around it"
        return peek(offset, size)

    data_set.source.peek = counted  # type: ignore[method-assign]
    found = [path for path, _ in items_with(data_set, tags.REFERENCED_SOP_INSTANCE_UID)]
    assert found == [(0x00081140, 0) * depth]


def test_a_broken_sequence_counts_only_if_it_may_hold_the_element() -> None:
    broken = sequence(0x00081140, [text(0x00081150, "UI", "1.2")[:-1]])
    assert list(items_with(builder.data_set(broken), tags.REFERENCED_SOP_INSTANCE_UID)) == []
    broken = sequence(0x00081140, [reference(OLD)[:-1]])
    with pytest.raises(DamagedError):
        list(items_with(builder.data_set(broken), tags.REFERENCED_SOP_INSTANCE_UID))
