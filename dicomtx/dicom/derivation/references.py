"""References to instances that got a new SOP Instance UID."""

from collections.abc import Mapping
from typing import Final

from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.item_search import items_with
from dicomtx.dicom.part10 import SOP_INSTANCE

SOURCE_IMAGES: Final = 0x00082112
REFERENCED_INSTANCE: Final = 0x00081155
PURPOSE: Final = 0x0040A170
CODE_VALUE: Final = 0x00080100
SCHEME: Final = 0x00080102
UNCOMPRESSED_PREDECESSOR: Final = "121320"


def reference_edits(data_set: DataSet, uid_map: Mapping[str, str]) -> list[Edit]:
    """Returns the edits that make every Referenced SOP Instance UID follow ``uid_map``.

    What an instance was made of stays: items with the purpose "Uncompressed predecessor", and
    those that name the instance itself by its old UID.

    Args:
        data_set: before or after it got a new UID of its own.
        uid_map: new SOP Instance UIDs by the old ones.
    """
    own = data_set.text(SOP_INSTANCE)
    edits = []
    for path, item in items_with(data_set, REFERENCED_INSTANCE):
        old = item.text(REFERENCED_INSTANCE)
        new = uid_map.get(old, old)
        if new != old and own not in (old, new) and not names_predecessor(item):
            edits.append(Edit.text(REFERENCED_INSTANCE, "UI", new)._replace(path=path))
    return edits


def names_predecessor(item: DataSet) -> bool:
    """Whether an item's purpose is to name what the image was before its lossy compression."""
    return has_code(item, PURPOSE, UNCOMPRESSED_PREDECESSOR)


def predecessor(data_set: DataSet) -> str:
    """Returns the SOP Instance UID that an image had before its last lossy step; empty if none."""
    named = [
        i.text(REFERENCED_INSTANCE) for i in data_set.items(SOURCE_IMAGES) if names_predecessor(i)
    ]
    return named[-1] if named else ""


def has_code(data_set: DataSet, tag: int, value: str) -> bool:
    """Whether a code sequence has this code of the scheme DCM."""
    return any(
        (code.text(CODE_VALUE), code.text(SCHEME)) == (value, "DCM") for code in data_set.items(tag)
    )
