"""Records old values in the Original Attributes Sequence (PS3.3 C.12.1.1.9)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.elements import EXPLICIT, name
from dicomtx.dicom.items import item
from dicomtx.dicom.rewriter import Rewriter
from dicomtx.version import __version__

MODIFYING_SYSTEM: Final = "dicomtx"
IDENTITIES: Final = (tags.SOP_INSTANCE_UID, tags.STUDY_INSTANCE_UID, tags.SERIES_INSTANCE_UID)
MOST: Final = 1 << 20  # bytes of an old value that is recorded


def original_attributes(
    data_set: DataSet, edits: Sequence[Edit], reason: str, warnings: list[str]
) -> Edit:
    """Returns the edit that adds an item with the old values; existing items do not change.

    An element of an item is recorded as its whole outermost sequence. An element that is new is
    recorded with no value.

    Args:
        data_set: the source.
        edits: the edits of the modification.
        reason: COERCE or CORRECT.
        warnings: a warning about a value that is too large to be recorded is added here.

    Raises:
        DamagedError: a sequence that must be recorded is damaged.
    """
    when = datetime.now(UTC).strftime("%Y%m%d%H%M%S.%f+0000")
    value = item(
        Edit(tags.MODIFIED_ATTRIBUTES, "SQ", _old_values(data_set, edits, warnings)),
        Edit.text(tags.ATTRIBUTE_MODIFICATION_DATETIME, "DT", when),
        Edit.text(tags.MODIFYING_SYSTEM, "LO", f"{MODIFYING_SYSTEM} {__version__}"),
        Edit(tags.SOURCE_OF_PREVIOUS_VALUES, "LO", b""),
        Edit.text(tags.REASON_FOR_MODIFICATION, "CS", reason),
    )
    return Edit(tags.ORIGINAL_ATTRIBUTES, "SQ", value, adds=True)


def old_uids(data_set: DataSet) -> dict[int, str]:
    """Returns the UIDs that the last modification by dicomtx replaced, by their tags.

    Raises:
        DamagedError: the Original Attributes Sequence is damaged.
    """
    found: dict[int, str] = {}
    for record in data_set.items(tags.ORIGINAL_ATTRIBUTES):
        found = {}
        if record.text(tags.MODIFYING_SYSTEM).startswith(MODIFYING_SYSTEM):
            for old in record.items(tags.MODIFIED_ATTRIBUTES):
                found = {tag: old.text(tag) for tag in IDENTITIES if tag in old}
    return found


def _old_values(data_set: DataSet, edits: Iterable[Edit], warnings: list[str]) -> bytes:
    """Returns the item with the old values, in explicit VR little endian."""
    concerned = {edit.path[0] if edit.path else edit.tag: edit for edit in edits}
    wanted = {*concerned, *_creators(concerned, data_set)}
    kept = []
    for element in data_set.elements:
        if element.tag not in wanted:
            continue
        if element.end - element.value > MOST:
            warnings.append(f"the old value of {name(element.tag)} is too large to be recorded")
            continue
        wanted.remove(element.tag)
        kept.append(element)
    empty = [Edit(tag, concerned[tag].vr, b"") for tag in wanted if tag in concerned]
    empty = [edit._replace(vr="SQ") if concerned[edit.tag].path else edit for edit in empty]
    old = DataSet(data_set.source, data_set.encoding, kept)
    content = b"".join(Rewriter(old, EXPLICIT, empty).rope().chunks())
    start = item()[:4]
    return start + len(content).to_bytes(4, "little") + content


def _creators(concerned: Iterable[int], data_set: DataSet) -> Iterable[int]:
    """Yields the Private Creator of each private element (PS3.5 7.8.1)."""
    for tag in concerned:
        creator = tag & 0xFFFF0000 | (tag & 0xFF00) >> 8
        if tag >> 16 & 1 and creator in data_set:
            yield creator
