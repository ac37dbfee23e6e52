"""The files to export, in a temporary database on disk so that memory use stays constant."""

import pickle
import sqlite3
from collections.abc import Iterator
from typing import Final, NamedTuple, Self

from dicomtx.storage.zip.writer import EARLIEST, Time
from dicomtx.workflows.export.member_names import Naming, Place
from dicomtx.workflows.inputs.arguments import Found

SCHEMA = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;
CREATE TABLE entry (number INTEGER PRIMARY KEY, patient TEXT, study TEXT, series TEXT,
  uid TEXT, content BLOB, name TEXT);
CREATE TABLE known (uid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX uids ON entry (uid);
CREATE INDEX sorted ON entry (patient, study, series, number);
CREATE INDEX patients ON entry (patient, number);
CREATE INDEX studies ON entry (study, number);
CREATE INDEX all_series ON entry (series, number);
"""


class CatalogueEntry(NamedTuple):
    """One file to export.

    Attributes:
        found: the location of the file.
        place: the attributes that its name is built from.
        syntax: UID of its transfer syntax; empty if unknown.
        target: UID of the target transfer syntax; empty if the policy decides.
        when: date and time of the study.
        twin: an earlier file with the same SOP Instance UID; empty if there is none.
        number: its position in the order of names, from 0; -1 until it is named.
        name: its name in the archive; empty until it is named.
    """

    found: Found
    place: Place
    syntax: str = ""
    target: str = ""
    when: Time = EARLIEST
    twin: str = ""
    number: int = -1
    name: str = ""


class Catalogue:
    """The files to export. They are added as they are found, then named, then read in order."""

    def __init__(self) -> None:
        """Creates an empty catalogue."""
        self._entries = sqlite3.connect("", isolation_level=None)
        self._entries.executescript(SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._entries.close()

    def know(self, uid: str) -> None:
        """Records a SOP Instance UID that the destination already has. Empty UIDs are ignored."""
        if uid:
            self._entries.execute("INSERT OR IGNORE INTO known VALUES (?)", (uid,))

    def knows(self, uid: str) -> bool:
        """Returns whether the destination already has this SOP Instance UID."""
        asked = self._entries.execute("SELECT 1 FROM known WHERE uid = ?", (uid,))
        return asked.fetchone() is not None

    def add(self, entry: CatalogueEntry) -> CatalogueEntry:
        """Adds a file. Returns it with its twin, if there is one."""
        uid = entry.place.sop_instance_uid
        if uid:
            asked = "SELECT content FROM entry WHERE uid = ? LIMIT 1"
            twin = self._entries.execute(asked, (uid,)).fetchone()
            entry = entry._replace(twin=_decoded(twin[0]).found.relative if twin else "")
        values = (*entry.place.keys, uid, _encoded(entry))
        self._entries.execute(
            "INSERT INTO entry (patient, study, series, uid, content) VALUES (?, ?, ?, ?, ?)",
            values,
        )
        return entry

    def has_copies(self, entry: CatalogueEntry) -> bool:
        """Returns whether several files have the SOP Instance UID of this file."""
        uid = entry.place.sop_instance_uid
        asked = self._entries.execute("SELECT 1 FROM entry WHERE uid = ? LIMIT 2", (uid,))
        return bool(uid) and len(asked.fetchall()) > 1

    def name(self, naming: Naming) -> int:
        """Names all files, ordered by patient, study and series. Returns their number."""
        number = -1
        ordered = "SELECT number, content FROM entry ORDER BY patient, study, series, number"
        self._entries.execute("CREATE TABLE named (number INTEGER PRIMARY KEY, entry, name)")
        firsts = _Firsts(self._entries)
        for number, (entry, content) in enumerate(self._entries.execute(ordered)):
            name = naming.name(firsts.applied(_decoded(content).place))
            put = "INSERT INTO named (number, entry, name) VALUES (?, ?, ?)"
            self._entries.execute(put, (number, entry, name))
        return number + 1

    def __iter__(self) -> Iterator[CatalogueEntry]:
        """Yields the named files in order."""
        ordered = (
            "SELECT named.number, named.name, content FROM named"
            " JOIN entry ON entry.number = named.entry ORDER BY named.number"
        )
        for number, name, content in self._entries.execute(ordered):
            yield _decoded(content)._replace(number=number, name=name)

    def numbered(self, number: int) -> CatalogueEntry:
        """Returns the file with this number in the order of names."""
        asked = (
            "SELECT named.name, content FROM named"
            " JOIN entry ON entry.number = named.entry WHERE named.number = ?"
        )
        name, content = self._entries.execute(asked, (number,)).fetchone()
        return _decoded(content)._replace(number=number, name=name)


LEVELS: Final = (
    ("patient", ("patient_id", "patient_name")),
    ("study", ("accession_number", "study_description")),
    ("series", ("modality", "series_number", "series_description")),
)


class _Firsts:
    """The attributes of each patient, study and series, from the first file found of each."""

    def __init__(self, entries: sqlite3.Connection) -> None:
        self._entries = entries
        self._keys = ("", "", "")
        self._values: list[dict[str, str]] = [{}, {}, {}]

    def applied(self, place: Place) -> Place:
        """Returns the place with the values of those first files, as Orthanc does."""
        for level, key in enumerate(place.keys):
            if key != self._keys[level]:
                self._values[level] = self._first(level, key)
        self._keys = place.keys
        patient, study, series = self._values
        return Place(**(place._asdict() | patient | study | series))

    def _first(self, level: int, key: str) -> dict[str, str]:
        column, names = LEVELS[level]
        asked = f"SELECT content FROM entry WHERE {column} = ? ORDER BY number LIMIT 1"  # noqa: S608
        first = _decoded(self._entries.execute(asked, (key,)).fetchone()[0]).place._asdict()
        return {name: first[name] for name in names}


def _encoded(entry: CatalogueEntry) -> bytes:
    return pickle.dumps(entry, 5)


def _decoded(content: bytes) -> CatalogueEntry:
    entry: CatalogueEntry = pickle.loads(content)  # noqa: S301 - pickled by this run
    return entry
