"""The DICOMDIR of an export: a record for each file, as the file is on the media."""

import hashlib
import os
import uuid
from contextlib import suppress
from typing import Self

from dicomtx.dicom import directory_records
from dicomtx.dicom.file_set import FileSet, Reference
from dicomtx.dicom.part10 import SOP_CLASS, SOP_INSTANCE, Part10, open_part10
from dicomtx.errors import DamagedError, DicomtxError, SourceError
from dicomtx.files import atomic_write
from dicomtx.sources import Source, open_source
from dicomtx.workflows.catalogue import Entry
from dicomtx.workflows.containers import DIRECTORY, Container
from dicomtx.workflows.export_job import Media
from dicomtx.workflows.tree import Rules, find
from dicomtx.zip_writer import Time


class Directory:
    """A DICOMDIR in the making."""

    def __init__(self, media: Media) -> None:
        """Begins an empty one."""
        self._media = media
        self._file_set = FileSet(media.file_set_id, extended=media.extended)
        self._digest = hashlib.sha256(media.file_set_id.encode())
        self._taken = 0

    def __enter__(self) -> Self:
        self._file_set.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._file_set.__exit__(*error)

    def take_over(self, folder: str) -> None:
        """Takes over the files that the DICOMDIR of a folder refers to.

        Raises:
            SourceError: one of them is not there, or cannot be read.
        """
        for found in find([os.path.join(folder, DIRECTORY)], Rules()):
            name = os.path.relpath(found.path, folder)
            try:
                if found.error:
                    raise SourceError(found.error)
                with open_source(found.path) as file:
                    self._add(file, name, self._taken)
            except DicomtxError as error:
                raise SourceError(f"{folder} cannot be appended to: {name}: {error}") from error
            self._taken += 1

    def add(self, entry: Entry, source: Source) -> tuple[list[str], str]:
        """Adds the records of a file; returns warnings, and why it has none; empty if it has."""
        try:
            return self._add(source, entry.name, self._taken + entry.number), ""
        except DicomtxError as error:
            return [], f"not in the DICOMDIR: {error}"

    def _add(self, source: Source, file_id: str, place: int) -> list[str]:
        with open_part10(source, whole=False, salvage=True) as part10:
            reference = _reference(part10, file_id)
            self._digest.update(repr(reference).encode())
            kind = directory_records.kind(part10.data_set)
            added = self._file_set.add(part10.data_set, kind, reference, place)
        warnings = []
        if added.invented:
            warnings.append(f"in the DICOMDIR only, invented: {', '.join(added.invented)}")
        if not added.listed:
            warnings.append("not in the DICOMDIR a second time")
        return warnings

    def write(self, container: Container, when: Time, *, reproducible: bool) -> None:
        """Writes the DICOMDIR into the container."""
        seed = self._digest.digest()[:16] if reproducible else uuid.uuid4().bytes
        path = os.path.join(container.staging, DIRECTORY)
        with atomic_write(path, overwrite=True) as fd:
            self._file_set.write(fd, f"2.25.{int.from_bytes(seed, 'big')}")
        container.take(DIRECTORY, path, when, deflate=True)


def _reference(part10: Part10, file_id: str) -> Reference:
    """Returns what a record says of the file that it leads to: what the file itself says."""
    if not part10.label:
        raise DamagedError("it has no file meta information (PS3.10 7)")
    data_set = part10.data_set
    return Reference(
        file_id, data_set.text(SOP_CLASS), data_set.text(SOP_INSTANCE), part10.label.uid
    )


def first_free(folder: str) -> int:
    """Returns a number that no File ID in the folder has: neither of a patient nor of an image."""
    numbers = [-1]
    for prefix, within in (("PT", folder), ("IM", os.path.join(folder, "IMAGES"))):
        with suppress(OSError):
            names = (n for n in os.listdir(within) if n[:2] == prefix and n[2:].isdigit())
            numbers += [int(name[2:]) for name in names]
    return max(numbers) + 1
