"""Makes the edits of a modification for one data set. Nothing here changes the data set."""

from collections.abc import Iterator, Mapping
from typing import Final

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.derivation.uids import new_uid
from dicomtx.dicom.dictionary import vr_of
from dicomtx.dicom.elements import name
from dicomtx.dicom.modification.modification import Change, Modification
from dicomtx.dicom.modification.modified import Modified
from dicomtx.dicom.modification.original_attributes import original_attributes
from dicomtx.dicom.rewriter import in_encoding
from dicomtx.errors import UnsupportedError

NEW_UIDS: Final[Mapping[str, tuple[int, ...]]] = {
    "": (),
    "instance": (tags.SOP_INSTANCE_UID,),
    "series": (tags.SOP_INSTANCE_UID, tags.SERIES_INSTANCE_UID),
    "study": (tags.SOP_INSTANCE_UID, tags.STUDY_INSTANCE_UID, tags.SERIES_INSTANCE_UID),
    "patient": (tags.SOP_INSTANCE_UID, tags.STUDY_INSTANCE_UID, tags.SERIES_INSTANCE_UID),
}
"""The elements that get new UIDs, by the level of a modification."""
KEYWORDS: Final[Mapping[int, str]] = {
    tags.SOP_INSTANCE_UID: "SOPInstanceUID",
    tags.STUDY_INSTANCE_UID: "StudyInstanceUID",
    tags.SERIES_INSTANCE_UID: "SeriesInstanceUID",
}


def modified(data_set: DataSet, modification: Modification) -> Modified | None:
    """Returns what a modification changes; None if the data set has all of its values already.

    Raises:
        UnsupportedError: an element cannot have its new value, or has no place in the data set.
        DamagedError: a sequence that must be read is damaged.
    """
    edits: dict[tuple[int, ...], Edit] = {}
    names: list[str] = []
    for change in modification.changes:
        edit = _edit(data_set, change)
        if edit:
            edits[*edit.path, edit.tag] = edit
            names.append(change.name)
    for tag in NEW_UIDS[modification.level]:
        if (tag,) not in edits:
            new = new_uid("derived", data_set.text(tag), modification.seed.encode())
            if new:
                edits[(tag,)] = Edit.text(tag, "UI", new)
                names.append(KEYWORDS[tag])
    if not edits:
        return None
    uids = tuple(_replaced_uids(data_set, edits))
    warnings: list[str] = []
    record = original_attributes(data_set, tuple(edits.values()), modification.reason, warnings)
    own = (old_new[1] for old_new in uids if old_new[0] == data_set.text(tags.SOP_INSTANCE_UID))
    return Modified(
        edits=(*edits.values(), record),
        names=tuple(names),
        uids=uids,
        sop_instance_uid=next(own, "") if (tags.SOP_INSTANCE_UID,) in edits else "",
        warnings=tuple(warnings),
    )


def _replaced_uids(
    data_set: DataSet, edits: Mapping[tuple[int, ...], Edit]
) -> Iterator[tuple[str, str]]:
    """Yields the old and new UIDs of the study, the series and the instance."""
    for tag in KEYWORDS:
        edit = edits.get((tag,))
        old = data_set.text(tag)
        if edit and edit.value and old:
            yield old, edit.value.decode("ascii").rstrip("\0")


def _edit(data_set: DataSet, change: Change) -> Edit | None:
    """Returns the edit that makes a change; None if there is nothing to change.

    Raises:
        UnsupportedError: the element cannot have this value, or its item does not exist.
    """
    around, character_set = data_set, data_set.text(tags.SPECIFIC_CHARACTER_SET)
    for n in range(0, len(change.path), 2):
        found = dict(enumerate(around.items(change.path[n]))).get(change.path[n + 1])
        if found is None:
            if change.verb != "set":
                return None
            raise UnsupportedError(
                f"{change.name} cannot be set: {name(change.path[n])} has no item"
                f" {change.path[n + 1]}; use --replace to leave out files without it"
            )
        around = found
        character_set = around.text(tags.SPECIFIC_CHARACTER_SET) or character_set
    there = around.find(change.tag)
    if change.verb == "remove":
        return Edit(change.tag, path=change.path) if there else None
    if change.verb == "replace" and there is None:
        return None
    from dicomtx.dicom.values.from_text import encoded  # noqa: PLC0415 - brings pydicom

    vr = _vr(data_set, around, change)
    value = encoded(vr, change.name, change.text, character_set)
    edit = Edit(change.tag, vr, value, change.path)
    if (
        there
        and not there.undefined
        and around.value(change.tag) == in_encoding(edit, around.encoding)
    ):
        return None
    return edit


def _vr(data_set: DataSet, around: DataSet, change: Change) -> str:
    """Returns the VR of an element: that of PS3.6, or for a private element that of the file.

    Raises:
        UnsupportedError: the VR of a private element is unknown.
    """
    if not change.tag >> 16 & 1:
        return vr_of(change.tag, signed=data_set.signed)
    there = around.find(change.tag)
    if there and there.vr not in ("", "UN"):
        return there.vr
    raise UnsupportedError(
        f"{change.name} is private and cannot be set: the file does not say which VR it has"
    )
