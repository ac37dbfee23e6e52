"""The records of a journal: their keys, and paths as text in a database."""

import os
from typing import Final, NamedTuple, Self

from dicomtx.storage.local_file import Stat
from dicomtx.storage.location import Location

WRITTEN: Final = ("done", "kept")
PLANNED: Final = "planned"


class Key(NamedTuple):
    """A source in its current state, and the plan for it.

    Attributes:
        source: the absolute path of its file; its name if it is not in a file.
        member: its name in the archive; empty if it is not in an archive.
        size: its size in bytes.
        mtime_ns: its time of modification.
        plan: digest of the target and of all settings that the result depends on.
    """

    source: str
    member: str
    size: int
    mtime_ns: int
    plan: str

    @classmethod
    def of(cls, source: Location, stat: Stat, plan: str) -> Self:
        """Returns the key of a source."""
        place = source.absolute()
        path, member = place.path or place.name, place.name[len(place.path) + 1 :]
        return cls(path, member if place.path else "", stat.size, stat.mtime_ns, plan)


class JournalEntry(NamedTuple):
    """The record of a source in the journal."""

    key: Key
    output: str
    status: str
    output_size: int
    output_mtime_ns: int
    output_hash: str
    exit_code: int
    error: str


def text_of(path: str) -> str:
    """Returns a path as text, one character per byte: a file name need not be valid text."""
    return os.fsencode(path).decode("latin-1")


def path_of(text: str) -> str:
    """Returns the path that ``text_of`` made a text of."""
    return os.fsdecode(text.encode("latin-1"))
