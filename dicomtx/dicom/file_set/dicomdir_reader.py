"""The files that a DICOMDIR names, and what else is in it (PS3.3 F.3)."""

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
    """Whether this is a DICOMDIR."""
    return part10.meta.text(tags.MEDIA_STORAGE_SOP_CLASS_UID) == FILE_SET


def referenced_files(part10: Part10) -> Iterator[tuple[str, ...]]:
    """Yields each File ID in the order of the records: its components, as they stand there.

    Raises:
        DamagedError: the records are broken.
    """
    for record in part10.data_set.items(tags.DIRECTORY_RECORD_SEQUENCE):
        file_id = record.text(tags.REFERENCED_FILE_ID)
        if file_id:
            yield _components(file_id)


def _components(file_id: str) -> tuple[str, ...]:
    return tuple(component.strip(" \0") for component in file_id.split("\\"))


class ExistingDicomdir(NamedTuple):
    """What a DICOMDIR has that its files do not say.

    Attributes:
        identifier: (0004,1130).
        icons: where Icon Image Sequence is, by file (``file_key``): offset and size.
        lost: what one that is made anew does not have, in words.
    """

    identifier: str
    icons: dict[str, tuple[int, int]]
    lost: tuple[str, ...]


def file_key(names: Iterable[str]) -> str:
    """Returns what a File ID is known by: many systems show a CD's names in lower case."""
    return "/".join(names).casefold()


def existing_dicomdir(part10: Part10) -> ExistingDicomdir:
    """Returns what a DICOMDIR has that its files do not say.

    Raises:
        DamagedError: the records are broken.
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
