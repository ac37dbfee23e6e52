"""Reads the referenced files, icons and other content of a DICOMDIR (PS3.3 F.3)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import EXPLICIT
from dicomtx.dicom.inspection import FILE_SET
from dicomtx.dicom.part10 import Part10

LARGEST_ICON: Final = 1 << 20  # bytes


def is_directory(part10: Part10) -> bool:
    """Returns whether the file is a DICOMDIR."""
    return part10.meta.text(tags.MEDIA_STORAGE_SOP_CLASS_UID) == FILE_SET


def referenced_files(part10: Part10) -> Iterator[tuple[str, ...]]:
    """Yields the components of each File ID, in the order of the records.

    Raises:
        DamagedError: the records are damaged.
    """
    for record in part10.data_set.items(tags.DIRECTORY_RECORD_SEQUENCE):
        file_id = record.text(tags.REFERENCED_FILE_ID)
        if file_id:
            yield _components(file_id)


def _components(file_id: str) -> tuple[str, ...]:
    return tuple(component.strip(" \0") for component in file_id.split("\\"))


class ExistingDicomdir(NamedTuple):
    """The content of a DICOMDIR that is not in its files.

    Attributes:
        identifier: (0004,1130).
        icons: offset and size of each Icon Image Sequence, by file (``file_key``).
        lost: descriptions of content that a rewritten DICOMDIR does not have.
    """

    identifier: str
    icons: dict[str, tuple[int, int]]
    lost: tuple[str, ...]


def file_key(names: Iterable[str]) -> str:
    """Returns a case-insensitive key of a File ID; many systems show names on CDs in lower case."""
    return "/".join(names).casefold()


def existing_dicomdir(part10: Part10) -> ExistingDicomdir:
    """Reads the content of a DICOMDIR that is not in its files.

    Raises:
        DamagedError: the records are damaged.
    """
    icons: dict[str, tuple[int, int]] = {}
    lost: Counter[str] = Counter()
    if tags.FILE_SET_DESCRIPTOR_FILE_ID in part10.data_set:
        lost["File-set descriptor"] += 1
    for record in part10.data_set.items(tags.DIRECTORY_RECORD_SEQUENCE):
        kind, file_id = (
            record.text(tags.DIRECTORY_RECORD_TYPE),
            record.text(tags.REFERENCED_FILE_ID),
        )
        place = _icon(record)
        if kind == "PRIVATE":
            lost["PRIVATE record"] += 1
        elif any(element.tag >> 16 & 1 for element in record.elements):
            lost["record with private elements"] += 1
        fits = place and place[1] <= LARGEST_ICON and record.encoding == EXPLICIT
        if place and fits and kind == "IMAGE" and file_id:
            icons[file_key(_components(file_id))] = place
        elif place:
            lost[f"icon of {kind}"] += 1
    told = tuple(f"{what} ({count})" for what, count in sorted(lost.items()))
    return ExistingDicomdir(part10.data_set.text(tags.FILE_SET_ID), icons, told)


def _icon(record: DataSet) -> tuple[int, int] | None:
    element = record.find(tags.ICON_IMAGE_SEQUENCE)
    return (element.start, element.end - element.start) if element else None
