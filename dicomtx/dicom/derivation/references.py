"""Updates references to instances, series and studies that got new UIDs."""

from collections.abc import Iterator, Mapping
from typing import Final

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.item_search import items_with

UNCOMPRESSED_PREDECESSOR: Final = "121320"


REFERENCES: Final = (
    tags.REFERENCED_SOP_INSTANCE_UID,
    tags.SOP_INSTANCE_UID,
    tags.UID_OF_CONCATENATION_SOURCE,
    tags.STUDY_INSTANCE_UID,
    tags.SERIES_INSTANCE_UID,
)
"""The elements that identify another study, series or instance if they are in an item."""


def reference_edits(
    data_set: DataSet, uid_map: Mapping[str, str], *, predecessors: bool = False
) -> list[Edit]:
    """Returns the edits that replace every reference found in ``uid_map``.

    References to the source of an instance do not change: items with the old UID of the instance
    itself, and items with the purpose "Uncompressed predecessor". Old values that are recorded
    (PS3.3 C.12.1.1.9) do not change either.

    Args:
        data_set: the data set, before or after its own UID changed.
        uid_map: maps old to new UIDs of instances, and of studies and series if they changed.
        predecessors: also replace references to predecessors. This is right if instances were
            modified, and wrong if they were compressed.
    """
    own = data_set.text(tags.SOP_INSTANCE_UID)
    edits = []
    for tag in REFERENCES:
        for path, item in _places(data_set, tag):
            old = item.text(tag)
            new = uid_map.get(old, old)
            if new == old or own in (old, new):
                continue
            if predecessors or not names_predecessor(item):
                edits.append(Edit.text(tag, "UI", new)._replace(path=path))
    return edits


def _places(data_set: DataSet, tag: int) -> Iterator[tuple[tuple[int, ...], DataSet]]:
    """Yields the items in which an element is a reference, and their paths."""
    if tag == tags.UID_OF_CONCATENATION_SOURCE:
        yield (), data_set
    for path, item in items_with(data_set, tag):
        if tags.ORIGINAL_ATTRIBUTES not in path[::2]:
            yield path, item


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
