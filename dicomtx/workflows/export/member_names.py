"""Naming schemes for the members of an archive and the files of a File-set.

Orthanc's names follow its rules 29 to 33: folders by patient, study and series, in the order of
Orthanc's identifiers. This order decides which of two equal names gets "-2".
"""

import hashlib
import unicodedata
from typing import Final, NamedTuple, Protocol

from dicomtx.errors import DestinationError
from dicomtx.workflows.export import manifest

SEPARATORS: Final = "._"
LONGEST_FOLDER: Final = 200  # bytes; file systems allow 255, and a number can follow
MOST_FILES: Final = 10**6
LEVELS: Final = ("Patient", "Study", "Series")


class Place(NamedTuple):
    """The attributes that a name is built from, decoded as text.

    Attributes:
        patient_id: (0010,0020).
        patient_name: (0010,0010).
        accession_number: (0008,0050).
        study_description: (0008,1030).
        study_uid: (0020,000D).
        modality: (0008,0060).
        series_number: (0020,0011).
        series_description: (0008,103E).
        series_uid: (0020,000E).
        instance_number: (0020,0013).
        sop_instance_uid: (0008,0018).
        prefix: two letters of the directory record (IM, SR, ...).
        single: whether its record is at the root of a DICOMDIR.
        laid_out: its name by the user's layout; empty if there is no layout.
    """

    patient_id: str = ""
    patient_name: str = ""
    accession_number: str = ""
    study_description: str = ""
    study_uid: str = ""
    modality: str = ""
    series_number: str = ""
    series_description: str = ""
    series_uid: str = ""
    instance_number: str = ""
    sop_instance_uid: str = ""
    prefix: str = "IM"
    single: bool = False
    laid_out: str = ""

    @property
    def keys(self) -> tuple[str, str, str]:
        """Orthanc's identifiers of patient, study and series, which set the order of an archive."""
        values = (self.patient_id, self.study_uid, self.series_uid)
        joined = ("|".join(values[:n]) for n in (1, 2, 3))
        patient, study, series = (hashlib.sha1(j.encode(), usedforsecurity=False) for j in joined)
        return patient.hexdigest(), study.hexdigest(), series.hexdigest()


class Naming(Protocol):
    """A naming scheme. Places must come in the order of their keys."""

    def name(self, place: Place) -> str:
        """Returns the name of the next member. Names never repeat."""


class _Folder:
    """The names in one folder, and how often each was requested."""

    def __init__(self, path: str = "") -> None:
        self.path = path
        self._asked: dict[str, int] = {}
        self._given: set[str] = set()

    def unique(self, stem: str, ending: str = "") -> str:
        """Returns stem and ending, with -2, -3, ... between them if the name is in use.

        Names count as equal if any file system treats them as equal.
        """
        asked = _folded(stem + ending)
        while True:
            count = self._asked[asked] = self._asked.get(asked, 0) + 1
            given = f"{stem}-{count}{ending}" if count > 1 else stem + ending
            if _folded(given) not in self._given:
                self._given.add(_folded(given))
                return given


def _root() -> _Folder:
    """Returns the root folder, in which the name of the manifest is reserved."""
    root = _Folder()
    root.unique(manifest.NAME)
    return root


def _folded(name: str) -> str:
    """Normalizes a name as the least capable file systems do (case, Unicode, dots)."""
    return unicodedata.normalize("NFC", name.casefold()).rstrip(". ")


def _possible(name: str) -> str:
    """Shortens a folder name to the allowed length; empty if it has only dots or spaces."""
    short = name.encode()[:LONGEST_FOLDER].decode(errors="ignore").rstrip(" ")
    return short if short.strip(". ") else ""


class Orthanc:
    """ASCII names as in Orthanc before 1.13."""

    def __init__(self) -> None:
        """Begins with an empty archive."""
        self._keys: tuple[str, ...] = ()
        self._folders = [_root()]
        self._count = 0

    def name(self, place: Place) -> str:
        """Returns the member's name."""
        keys = place.keys
        if keys != self._keys:
            same = 0
            while same < len(self._keys) and keys[same] == self._keys[same]:
                same += 1
            del self._folders[same + 1 :]
            for level in range(same, 3):
                above = self._folders[-1]
                made = above.unique(self._folder_name(place, level))
                self._folders.append(_Folder(f"{above.path}{made}/"))
            self._keys, self._count = keys, 0
        name = self._file_name(place, self._count)
        self._count += 1
        return self._folders[-1].path + name

    def _folder_name(self, place: Place, level: int) -> str:
        parts = _parts(place)[level]
        joined = "".join(c for c in " ".join(parts) if c.isascii() and c.isprintable()).strip()
        return _possible(alphanumeric(joined)) or f"Unknown {LEVELS[level]}"

    def _file_name(self, place: Place, number: int) -> str:
        letters = alphanumeric(place.modality[:2].upper())
        return f"{letters}{number:0{8 - len(letters)}}.dcm"


def _parts(place: Place) -> tuple[tuple[str, str], tuple[str, str], tuple[str, str]]:
    return (
        (place.patient_id, place.patient_name),
        (place.accession_number, place.study_description),
        (place.modality, place.series_description),
    )


def alphanumeric(text: str, *, ascii_only: bool = True, more: str = SEPARATORS) -> str:
    """Returns letters, digits, dots, underscores and single spaces; ``^`` is a space."""
    kept = (
        " " if c == "^" or c.isspace() else c
        for c in text
        if c == "^" or c.isspace() or c in more or (c.isalnum() and (c.isascii() or not ascii_only))
    )
    return " ".join("".join(kept).split())


class Orthanc113(Orthanc):
    """Names as in Orthanc 1.13: empty parts are omitted, and letters can be non-ASCII."""

    def _folder_name(self, place: Place, level: int) -> str:
        parts: tuple[str, ...] = _parts(place)[level]
        if level == len(LEVELS) - 1:
            parts = (place.series_number, *parts)
        named = (alphanumeric(part, ascii_only=False, more="._-") for part in parts)
        joined = " - ".join(part for part in named if part)
        return _possible(joined) or f"Unknown {LEVELS[level]}"

    def _file_name(self, place: Place, number: int) -> str:
        own = place.instance_number
        if own.isascii() and own.isdigit() and len(own) <= len(str(MOST_FILES)):
            number = int(own) if int(own) < MOST_FILES else number
        name = super()._file_name(place, number)
        return self._folders[-1].unique(name.removesuffix(".dcm"), ".dcm")


class Template:
    """Names by the user's layout. Names that a file system treats as equal get a number."""

    def __init__(self) -> None:
        """Begins with an empty archive."""
        self._given = _root()

    def name(self, place: Place) -> str:
        """Returns the member's name."""
        stem, dot, ending = place.laid_out.rpartition(".")
        if not stem or "/" in ending:
            stem, dot, ending = place.laid_out, "", ""
        return self._given.unique(stem, dot + ending)


class OrthancMedia:
    """``IMAGES/IM0``, ``IMAGES/IM1``, ... for every kind of file."""

    def __init__(self, first: int = 0) -> None:
        """Starts at number ``first``."""
        self._count = first

    def name(self, place: Place) -> str:  # noqa: ARG002 - only the number matters
        """Returns the next File ID."""
        self._count += 1
        return f"IMAGES/IM{_of_six_digits(self._count - 1)}"


class StandardMedia:
    """A tree of 8-character names: ``PT000000/ST000000/SE000000/IM000000`` (PS3.10 8.5)."""

    def __init__(self, first: int = 0) -> None:
        """Numbers patients from ``first``."""
        self._keys: tuple[str, ...] = ()
        self._numbers = [first - 1, -1, -1]
        self._counts: dict[str, int] = {}
        self._singles: dict[str, int] = {}

    def name(self, place: Place) -> str:
        """Returns the next File ID."""
        if place.single:
            return _counted(self._singles, place.prefix)
        keys = place.keys
        if keys != self._keys:
            same = 0
            while same < len(self._keys) and keys[same] == self._keys[same]:
                same += 1
            self._numbers[same] += 1
            self._numbers[same + 1 :] = [0] * (2 - same)
            self._keys, self._counts = keys, {}
        names = (f"{p}{n:06}" for p, n in zip(("PT", "ST", "SE"), self._numbers, strict=True))
        return "/".join([*names, _counted(self._counts, place.prefix)])


def _counted(counts: dict[str, int], prefix: str) -> str:
    number = counts.get(prefix, 0)
    counts[prefix] = number + 1
    _of_six_digits(number)
    return f"{prefix:X<2}{number:06}"


def _of_six_digits(number: int) -> int:
    if number >= MOST_FILES:
        raise DestinationError("too many files of one kind for File IDs of 8 characters")
    return number
