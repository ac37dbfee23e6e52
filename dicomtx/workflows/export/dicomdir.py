"""The DICOMDIR of an export, with a record for each file as exported."""

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple, Self

from dicomtx.dicom import tags
from dicomtx.dicom.derivation.references import predecessor
from dicomtx.dicom.file_set import directory_records
from dicomtx.dicom.file_set.dicomdir_reader import ExistingDicomdir, existing_dicomdir, file_key
from dicomtx.dicom.file_set.dicomdir_writer import FileSet, Reference
from dicomtx.dicom.file_set.icon_image import icon_image
from dicomtx.dicom.part10 import Part10, open_part10
from dicomtx.errors import DamagedError, DicomtxError, SourceError
from dicomtx.storage.atomic_write import atomic_write
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.source import Source
from dicomtx.storage.zip.writer import Time
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.convert.icon import SIDE
from dicomtx.workflows.convert.request import Outcome
from dicomtx.workflows.export.catalogue import CatalogueEntry
from dicomtx.workflows.export.containers import DIRECTORY, Container
from dicomtx.workflows.export.job import Media
from dicomtx.workflows.inputs.arguments import Selection, find

DEFAULT_ID: Final = "DICOMTX"
ID_CHARACTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ "
LONGEST_ID: Final = 16
MOST_DIGITS: Final = 18


class _Added(NamedTuple):
    """The referenced file, its record type, warnings, and its UID before lossy compression."""

    reference: Reference
    record: str
    warnings: list[str]
    predecessor: str


class Directory:
    """A DICOMDIR that is being written.

    Attributes:
        warnings: warnings about the DICOMDIR as a whole.
    """

    def __init__(self, media: Media) -> None:
        """Starts an empty DICOMDIR."""
        self.warnings: list[str] = []
        self._icons = media.icons
        self._file_set = FileSet(media.file_set_id, extended=media.extended)
        self._digest = hashlib.sha256()
        self._taken = 0

    def __enter__(self) -> Self:
        self._file_set.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._file_set.__exit__(*error)

    def take_over(self, folder: str) -> Iterator[tuple[str, Outcome, str]]:
        """Adds the files that the existing DICOMDIR of a folder references, and yields each.

        Yields the name, the outcome, and the SOP Instance UID before the last lossy step, if any.
        Icons are kept. A warning lists other content of the old DICOMDIR that is lost.

        Raises:
            SourceError: a referenced file is missing or cannot be read.
        """
        directory = LocalFile(os.path.join(folder, DIRECTORY))
        bare = 0
        with _of(folder, DIRECTORY), directory.open() as source, open_part10(source) as part10:
            old = existing_dicomdir(part10)
            self._as_before(old)
            for found in find([directory.path], Selection()):
                name = os.path.relpath(found.source.path, folder)
                at, size = old.icons.get(file_key(name.split(os.sep)), (0, 0))
                with _of(folder, name):
                    if found.error:
                        raise SourceError(found.error)
                    with found.source.open() as file:
                        icon = source.read(at, size)
                        added = self._add(file, name, self._taken, icon)
                        outcome = _was_there(found.source.name, added, file.size)
                bare += added.record == "IMAGE" and not icon
                self._taken += 1
                yield name, outcome, added.predecessor
        if bare and self._icons:
            self.warnings.append(f"images from before the append still have no icon: {bare}")

    def _as_before(self, old: ExistingDicomdir) -> None:
        """Keeps the File-set ID; warns about content of the old DICOMDIR that is lost."""
        if not self._file_set.identifier and is_file_set_id(old.identifier):
            self._file_set.identifier = old.identifier
        if old.lost:
            told = ", ".join(old.lost)
            self.warnings.append(f"the new DICOMDIR lacks parts of the old one: {told}")

    def add(
        self, entry: CatalogueEntry, source: Source, icon: bytes = b""
    ) -> tuple[list[str], str]:
        """Adds the records of a file. Returns warnings and, if it gets no record, the reason.

        Args:
            entry: the file.
            source: its bytes.
            icon: 64 x 64 pixels; empty if there is no icon.
        """
        element = icon_image(icon, SIDE) if icon else b""
        try:
            with boundary():
                added = self._add(source, entry.name, self._taken + entry.number, element)
        except DicomtxError as error:
            return [], f"not in the DICOMDIR: {error}"
        return added.warnings, ""

    def _add(self, source: Source, file_id: str, place: int, icon: bytes) -> _Added:
        with open_part10(source, whole=False, salvage=True) as part10:
            reference = _reference(part10, file_id)
            self._digest.update(repr(reference).encode() + icon)
            kind = directory_records.kind(part10.data_set)
            added = self._file_set.add(part10.data_set, kind, reference, place, icon)
            before = predecessor(part10.data_set)
        warnings = list(added.warnings)
        if added.invented:
            warnings.append(f"{', '.join(added.invented)} missing; generated in the DICOMDIR only")
        if added.listed != file_id:
            warnings.append(
                f"not in the DICOMDIR, which lists {added.listed} for its SOP Instance UID"
            )
        return _Added(reference, kind.record, warnings, before)

    def write(self, container: Container, when: Time, *, reproducible: bool) -> None:
        """Writes the DICOMDIR into the container."""
        self._file_set.identifier = self._file_set.identifier or DEFAULT_ID
        self._digest.update(self._file_set.identifier.encode())
        seed = self._digest.digest()[:16] if reproducible else uuid.uuid4().bytes
        path = os.path.join(container.staging, DIRECTORY)
        with atomic_write(path, overwrite=True, mode=container.mode) as fd:
            self._file_set.write(fd, f"2.25.{int.from_bytes(seed, 'big')}")
        container.take(DIRECTORY, path, when, deflate=True)


@contextmanager
def _of(folder: str, name: str) -> Iterator[None]:
    """Adds to an error the name of the file that prevents the append."""
    try:
        yield
    except SourceError as error:
        if str(error).startswith(folder):
            raise
        raise SourceError(f"cannot append to {folder}: {name}: {error}") from error


def _was_there(path: str, added: _Added, size: int) -> Outcome:
    syntax = added.reference.transfer_syntax
    return Outcome(
        path=path,
        destination=path,
        status="kept",
        source_syntax=syntax,
        target_syntax=syntax,
        sop_instance_uid=added.reference.sop_instance_uid,
        bytes_in=size,
        bytes_out=size,
        warnings=("in the File-set before the append", *added.warnings),
    )


def is_file_set_id(text: str) -> bool:
    """Returns whether the text is a valid File-set ID (PS3.10 8.1)."""
    return 0 < len(text) <= LONGEST_ID and set(text) <= set(ID_CHARACTERS)


def _reference(part10: Part10, file_id: str) -> Reference:
    """Returns the reference of a record to its file, from the file's own attributes."""
    if not part10.label:
        raise DamagedError("no file meta information (PS3.10 7)")
    data_set = part10.data_set
    return Reference(
        file_id,
        data_set.text(tags.SOP_CLASS_UID),
        data_set.text(tags.SOP_INSTANCE_UID),
        part10.label.uid,
    )


def _is_number(text: str) -> bool:
    """Returns whether a text is a short ASCII number. ``int`` fails on digits like superscripts."""
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def first_free(folder: str) -> int:
    """Returns the first number above those of all patient and image File IDs in the folder."""
    numbers = [-1]
    for prefix, within in (("PT", folder), ("IM", os.path.join(folder, "IMAGES"))):
        with suppress(OSError):
            names = (n for n in os.listdir(within) if n[:2] == prefix and _is_number(n[2:]))
            numbers += [int(name[2:]) for name in names]
    return max(numbers) + 1
