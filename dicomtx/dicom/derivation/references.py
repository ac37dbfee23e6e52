"""Updates references to instances that got a new SOP Instance UID."""

from collections.abc import Mapping
from typing import Final

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.item_search import items_with

UNCOMPRESSED_PREDECESSOR: Final = "121320"


def reference_edits(data_set: DataSet, uid_map: Mapping[str, str]) -> list[Edit]:
    """Returns the edits that replace every Referenced SOP Instance UID found in ``uid_map``.

    References to the source of an instance do not change: items with the purpose "Uncompressed
    predecessor", and items with the old UID of the instance itself.

    Args:
        data_set: the data set, before or after its own UID changed.
        uid_map: maps old to new SOP Instance UIDs.
    """
    own = data_set.text(tags.SOP_INSTANCE_UID)
    edits = []
    for path, item in items_with(data_set, tags.REFERENCED_SOP_INSTANCE_UID):
        old = item.text(tags.REFERENCED_SOP_INSTANCE_UID)
        new = uid_map.get(old, old)
        if new != old and own not in (old, new) and not names_predecessor(item):
            edits.append(Edit.text(tags.REFERENCED_SOP_INSTANCE_UID, "UI", new)._replace(path=path))
    return edits


def names_predecessor(item: DataSet) -> bool:
    """Returns whether an item references the image before its lossy compression."""
    return has_code(item, tags.PURPOSE_OF_REFERENCE, UNCOMPRESSED_PREDECESSOR)


def predecessor(data_set: DataSet) -> str:
    """Returns the SOP Instance UID of an image before its last lossy step; empty if none."""
    named = [
        i.text(tags.REFERENCED_SOP_INSTANCE_UID)
        for i in data_set.items(tags.SOURCE_IMAGE_SEQUENCE)
        if names_predecessor(i)
    ]
    return named[-1] if named else ""


def has_code(data_set: DataSet, tag: int, value: str) -> bool:
    """Returns whether a code sequence has this code of the scheme DCM."""
    return any(
        (code.text(tags.CODE_VALUE), code.text(tags.CODING_SCHEME_DESIGNATOR)) == (value, "DCM")
        for code in data_set.items(tag)
    )
