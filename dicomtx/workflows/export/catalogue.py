"""What is to be exported, file by file: kept in a database on disk, so that memory stays flat."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Final, NamedTuple, Self

from dicomtx.storage.zip.member import Member
from dicomtx.storage.zip.writer import EARLIEST, Time
from dicomtx.workflows.export.member_names import Naming, Place
from dicomtx.workflows.inputs.arguments import Found

SCHEMA = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;
CREATE TABLE entry (number INTEGER PRIMARY KEY, patient TEXT, study TEXT, series TEXT,
  uid TEXT, content TEXT, name TEXT);
CREATE TABLE known (uid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX uids ON entry (uid);
CREATE INDEX sorted ON entry (patient, study, series, number);
CREATE INDEX patients ON entry (patient, number);
CREATE INDEX studies ON entry (study, number);
CREATE INDEX all_series ON entry (series, number);
"""


class Entry(NamedTuple):
    """One file to be exported.

    Attributes:
        found: where it is.
        place: what its name is made of.
        syntax: UID of what it is encoded in; empty if that cannot be told.
        target: UID of what is wanted; empty if its own cannot be told.
        when: the time of the study.
        twin: a file that was found before and has the same SOP Instance UID.
        number: in the order of names, from 0; -1 before it has one.
        name: what it is called in the archive; empty before it has a name.
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
    """The files to be exported: added as they are found, then named, then taken in order."""

    def __init__(self) -> None:
        """Begins an empty one."""
        self._entries = sqlite3.connect("", isolation_level=None)
        self._entries.executescript(SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._entries.close()

    def know(self, uid: str) -> None:
        """Notes a SOP Instance UID that is where the files go already; empty is none."""
        if uid:
            self._entries.execute("INSERT OR IGNORE INTO known VALUES (?)", (uid,))

    def knows(self, uid: str) -> bool:
        """Whether a SOP Instance UID is there already."""
        asked = self._entries.execute("SELECT 1 FROM known WHERE uid = ?", (uid,))
        return asked.fetchone() is not None

    def add(self, entry: Entry) -> Entry:
        """Adds a file, and returns it with the twin that it has, if it has one."""
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

    def name(self, naming: Naming) -> int:
        """Gives all files names, in the order of patients, studies, series; returns how many."""
        number = -1
        ordered = "SELECT number, content FROM entry ORDER BY patient, study, series, number"
        self._entries.execute("CREATE TABLE named (number INTEGER PRIMARY KEY, entry, name)")
        firsts = _Firsts(self._entries)
        for number, (entry, content) in enumerate(self._entries.execute(ordered)):
            name = naming.name(firsts.applied(_decoded(content).place))
            put = "INSERT INTO named (number, entry, name) VALUES (?, ?, ?)"
            self._entries.execute(put, (number, entry, name))
        return number + 1

    def __iter__(self) -> Iterator[Entry]:
        """Yields the files that have names, in their order."""
        ordered = (
            "SELECT named.number, named.name, content FROM named"
            " JOIN entry ON entry.number = named.entry ORDER BY named.number"
        )
        for number, name, content in self._entries.execute(ordered):
            yield _decoded(content)._replace(number=number, name=name)

    def numbered(self, number: int) -> Entry:
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
    """What patients, studies and series say in the file of each that was found first."""

    def __init__(self, entries: sqlite3.Connection) -> None:
        self._entries = entries
        self._keys = ("", "", "")
        self._values: list[dict[str, str]] = [{}, {}, {}]

    def applied(self, place: Place) -> Place:
        """Returns the place with the values of those files, as Orthanc keeps them."""
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


def _encoded(entry: Entry) -> str:
    return json.dumps(entry[:6])


def _decoded(content: str) -> Entry:
    found, place, syntax, target, when, twin = json.loads(content)
    path, member, *rest = found
    where = Found(path, Member(*member) if member else None, *rest)
    return Entry(where, Place(*place), syntax, target, tuple(when), twin)
