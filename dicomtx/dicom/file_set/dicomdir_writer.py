"""Writes the DICOMDIR of a File-set (PS3.10 8, PS3.3 F).

Records are kept in a temporary database on disk, and only one at a time is in memory. Forward
offsets are filled in when their target is written.
"""

import os
import sqlite3
import struct
from typing import Final, NamedTuple, Self

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.elements import EXPLICIT
from dicomtx.dicom.file_set.directory_records import RecordKind, Records
from dicomtx.dicom.rewriter import Rewriter
from dicomtx.errors import DamagedError, DestinationError
from dicomtx.storage.source import Source, reason, write_all
from dicomtx.transfer_syntaxes import DEFAULT_TARGET
from dicomtx.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

MEDIA_STORAGE_DIRECTORY: Final = "1.2.840.10008.1.3.10"
NEXT: Final = 16  # position in an item of the offset of the next record on its level
LOWER: Final = 38  # position in an item of the offset of the first record below it
SEQUENCE: Final = struct.pack("<HH2sHL", 0x0004, 0x1220, b"SQ", 0, 0xFFFFFFFF)
SEQUENCE_END: Final = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
ROOT: Final = 0
LONGEST_UID: Final = 64


class Reference(NamedTuple):
    """The file that a record references.

    Attributes:
        file_id: its path below the DICOMDIR, with slashes (PS3.10 8.5).
        sop_class_uid: (0004,1510).
        sop_instance_uid: (0004,1511).
        transfer_syntax: (0004,1512), a UID.
    """

    file_id: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax: str


class Added(NamedTuple):
    """The result of adding a file.

    Attributes:
        invented: keywords of missing type 1 keys for which values were generated.
        warnings: differences between the records and the file.
        listed: the file ID in the record of this SOP Instance UID: that of the file, or of the
            file with the same UID that was added first.
    """

    listed: str
    invented: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class FileSet:
    """A DICOMDIR that is being built.

    Attributes:
        identifier: (0004,1130).
    """

    def __init__(self, identifier: str, *, extended: bool = False) -> None:
        """Starts empty. With ``extended``, series records have a description."""
        self.identifier = identifier
        self._extended = extended
        self._records = sqlite3.connect("", isolation_level=None)
        self._records.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
            "CREATE TABLE record (id INTEGER PRIMARY KEY, above INTEGER, place INTEGER, key TEXT,"
            " item BLOB, UNIQUE (above, key)); CREATE INDEX level ON record (above, place, id);"
            "CREATE TABLE listed (uid TEXT PRIMARY KEY, file_id TEXT) WITHOUT ROWID"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._records.close()

    def add(
        self,
        data_set: DataSet,
        kind: RecordKind,
        reference: Reference,
        place: int,
        icon: bytes = b"",
    ) -> Added:
        """Adds the records of one file.

        Args:
            data_set: its data set, as in the File-set.
            kind: the kind of its record.
            reference: the reference to the file.
            place: the sort key of its records within their level.
            icon: Icon Image Sequence as an encoded element, for image records.

        Raises:
            DamagedError: the data set has values that a record cannot hold.
        """
        if not reference.sop_class_uid or not reference.sop_instance_uid:
            raise DamagedError("a DICOMDIR cannot list it: no SOP Class UID or SOP Instance UID")
        uids = reference.sop_class_uid + reference.sop_instance_uid
        if not uids.isascii() or len(uids) > 2 * LONGEST_UID:
            raise DamagedError("a DICOMDIR cannot list it: its SOP UIDs are not valid UIDs")
        records = Records(data_set)
        leaf = records.make(kind.record)
        if not self._is_first(reference):
            return Added(self._listed(reference.sop_instance_uid))
        levels = () if kind.single else _levels(data_set, records)
        above, known = self._deepest(levels)
        made = [records.make(record, extended=self._extended) for record, _ in levels[known:]]
        for (record, key), new in zip(levels[known:], made, strict=True):
            above = self._insert(above, place, key, _item(record, new.keys))
        keys = leaf.keys + (icon if kind.record == "IMAGE" else b"")
        item = _item(kind.record, keys, reference)
        self._insert(above, place, reference.sop_instance_uid, item)
        every = (*made, leaf)
        invented = tuple(name for record in every for name in record.invented)
        told = dict.fromkeys(warning for record in every for warning in record.warnings)
        return Added(reference.file_id, invented, tuple(told))

    def _is_first(self, reference: Reference) -> bool:
        """Marks a SOP Instance UID as listed. Returns whether it is the first file with it."""
        own = (reference.sop_instance_uid, reference.file_id)
        return self._records.execute("INSERT OR IGNORE INTO listed VALUES (?, ?)", own).rowcount > 0

    def _listed(self, uid: str) -> str:
        """Returns the file ID in the record of a SOP Instance UID."""
        found = self._records.execute("SELECT file_id FROM listed WHERE uid = ?", (uid,))
        return str(found.fetchone()[0])

    def _deepest(self, levels: tuple[tuple[str, str], ...]) -> tuple[int, int]:
        """Returns the lowest existing record of these levels, and how many levels exist."""
        above = ROOT
        for known, (_, key) in enumerate(levels):
            found = self._find(above, key)
            if not found:
                return above, known
            above = found
        return above, len(levels)

    def _find(self, above: int, key: str) -> int:
        asked = "SELECT id FROM record WHERE above = ? AND key = ?"
        found = self._records.execute(asked, (above, key)).fetchone()
        return int(found[0]) if found else 0

    def _insert(self, above: int, place: int, key: str, item: bytes) -> int:
        values = (above, place, key, item)
        done = self._records.execute(
            "INSERT INTO record (above, place, key, item) VALUES (?, ?, ?, ?)", values
        )
        return int(done.lastrowid or 0)

    def write(self, fd: int, uid: str) -> None:
        """Writes the DICOMDIR; ``uid`` is its own SOP Instance UID.

        Raises:
            DestinationError: it cannot be written, or would exceed 4 GiB.
        """
        head = _head(self.identifier, uid)
        write_all(fd, head)
        writing = _Writing(fd, len(head), self._records)
        first, last = writing.level(ROOT)
        write_all(fd, SEQUENCE_END)
        end = len(head) - len(SEQUENCE)  # both offsets and the flag come before it
        writing.fill(end - 34 + 8, first)
        writing.fill(end - 22 + 8, last)


def _levels(data_set: DataSet, records: Records) -> tuple[tuple[str, str], ...]:
    """Returns the types of the records above an instance, each with its identifying value."""
    study, series = data_set.text(tags.STUDY_INSTANCE_UID), data_set.text(tags.SERIES_INSTANCE_UID)
    return ("PATIENT", records.patient_id()), ("STUDY", study), ("SERIES", series)


class _Writing:
    """Writes records and keeps track of the offset."""

    def __init__(self, fd: int, at: int, records: sqlite3.Connection) -> None:
        self._fd = fd
        self._at = at
        self._records = records

    def level(self, above: int) -> tuple[int, int]:
        """Writes the records below another one. Returns the offsets of the first and last."""
        first = last = 0
        ordered = "SELECT id, item FROM record WHERE above = ? ORDER BY place, id"
        for record, item in self._records.execute(ordered, (above,)):
            at = self._at
            if at > 0xFFFFFFFF:
                raise DestinationError("a DICOMDIR cannot be larger than 4 GiB")
            if last:
                self.fill(last + NEXT, at)
            first, last = first or at, at
            write_all(self._fd, item)
            self._at += len(item)
            lower, _ = self.level(record)
            if lower:
                self.fill(at + LOWER, lower)
        return first, last

    def fill(self, at: int, offset: int) -> None:
        """Writes an offset at a reserved position."""
        try:
            os.pwrite(self._fd, struct.pack("<L", offset), at)
        except OSError as error:
            raise DestinationError(f"cannot be written: {reason(error)}") from error


def _head(identifier: str, uid: str) -> bytes:
    """Returns all bytes before the first record."""
    meta = [
        Edit(tags.FILE_META_GROUP_LENGTH, "UL", b"\0\0\0\0"),
        Edit(tags.FILE_META_VERSION, "OB", b"\0\1"),
        Edit.text(tags.MEDIA_STORAGE_SOP_CLASS_UID, "UI", MEDIA_STORAGE_DIRECTORY),
        Edit.text(tags.MEDIA_STORAGE_SOP_INSTANCE_UID, "UI", uid),
        Edit.text(tags.TRANSFER_SYNTAX_UID, "UI", DEFAULT_TARGET.uid),
        Edit.text(tags.IMPLEMENTATION_CLASS_UID, "UI", IMPLEMENTATION_CLASS_UID),
        Edit.text(tags.IMPLEMENTATION_VERSION_NAME, "SH", IMPLEMENTATION_VERSION),
    ]
    directory = [
        Edit.text(tags.FILE_SET_ID, "CS", identifier),
        Edit(tags.OFFSET_OF_FIRST_DIRECTORY_RECORD, "UL", b"\0\0\0\0"),
        Edit(tags.OFFSET_OF_LAST_DIRECTORY_RECORD, "UL", b"\0\0\0\0"),
        Edit.short(tags.FILE_SET_CONSISTENCY_FLAG, 0),
    ]
    nothing = DataSet(Source(), EXPLICIT, ())
    written = (Rewriter(nothing, EXPLICIT, edits).rope().chunks() for edits in (meta, directory))
    return bytes(128) + b"DICM" + b"".join(b"".join(chunks) for chunks in written) + SEQUENCE


def _element(element: int, vr: bytes, value: bytes) -> bytes:
    value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    return struct.pack("<HH2sH", 0x0004, element, vr, len(value)) + value


def _item(record: str, keys: bytes, reference: Reference | None = None) -> bytes:
    """Returns one record as a sequence item, with zero offsets."""
    content = [
        _element(0x1400, b"UL", b"\0\0\0\0"),
        _element(0x1410, b"US", b"\xff\xff"),
        _element(0x1420, b"UL", b"\0\0\0\0"),
        _element(0x1430, b"CS", record.encode()),
    ]
    if reference:
        content += [
            _element(0x1500, b"CS", reference.file_id.replace("/", "\\").encode()),
            _element(0x1510, b"UI", reference.sop_class_uid.encode()),
            _element(0x1511, b"UI", reference.sop_instance_uid.encode()),
            _element(0x1512, b"UI", reference.transfer_syntax.encode()),
        ]
    size = sum(map(len, content)) + len(keys)
    return struct.pack("<HHL", 0xFFFE, 0xE000, size) + b"".join(content) + keys
