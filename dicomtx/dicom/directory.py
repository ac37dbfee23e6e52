"""The files that a DICOMDIR names (PS3.3 F.3)."""

from collections.abc import Iterator
from typing import Final

from dicomtx.dicom.header import FILE_SET
from dicomtx.dicom.part10 import Part10

MEDIA_STORAGE_SOP_CLASS: Final = 0x00020002
DIRECTORY_RECORDS: Final = 0x00041220
REFERENCED_FILE_ID: Final = 0x00041500


def is_directory(part10: Part10) -> bool:
    """Whether this is a DICOMDIR."""
    return part10.meta.text(MEDIA_STORAGE_SOP_CLASS) == FILE_SET


def referenced_files(part10: Part10) -> Iterator[tuple[str, ...]]:
    """Yields each File ID in the order of the records: its components, as they stand there.

    Raises:
        DamagedError: the records are broken.
    """
    for record in part10.data_set.items(DIRECTORY_RECORDS):
        file_id = record.text(REFERENCED_FILE_ID)
        if file_id:
            yield tuple(component.strip(" \0") for component in file_id.split("\\"))
