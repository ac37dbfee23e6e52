"""Output name templates with values of the file: ``{PatientID}/{StudyInstanceUID}/...``."""

import hashlib
import unicodedata
import warnings
from collections.abc import Iterator
from string import Formatter
from typing import Final, NamedTuple, Self

from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.part10 import open_part10
from dicomtx.dicom.values.text import tag_of, value
from dicomtx.errors import DicomtxError, UsageError
from dicomtx.storage.location import Location

UNKNOWN: Final = "unknown"
LONGEST: Final = 200
SEPARATOR: Final = "/"
NOT_IN_NAMES: Final = frozenset('<>:"|?*\\/')
# controls, formats (including those that reverse the text direction), surrogates, line ends
NOT_PRINTED: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
RESERVED: Final = frozenset(
    {"AUX", "CON", "NUL", "PRN"} | {f"{name}{n}" for name in ("COM", "LPT") for n in range(1, 10)}
)
FILE_META: Final = 0x0002
PIXEL_DATA: Final = 0x7FE0


class Placeholder(NamedTuple):
    """A placeholder for the value of an element."""

    tag: int


class Layout(NamedTuple):
    """A parsed template: the components of the path, each a sequence of texts and fields."""

    components: tuple[tuple[str | Placeholder, ...], ...]

    @classmethod
    def parse(cls, template: str) -> Self:
        """Returns the layout of a template such as ``{PatientID}/{SOPInstanceUID}.dcm``.

        Raises:
            UsageError: a keyword is not in PS3.6, or the template leads out of the tree.
        """
        components: list[list[str | Placeholder]] = [[]]
        for part in _pieces(template):
            if isinstance(part, Placeholder):
                components[-1].append(part)
                continue
            first, *more = part.split(SEPARATOR)
            components[-1].append(first)
            components += [[text] for text in more]
        whole = tuple(tuple(part for part in c if part != "") for c in components)
        for component in whole:
            text = "".join(part if isinstance(part, str) else "x" for part in component)
            if text != text.strip(" ") or not text.strip(". ") or text != _cleaned(text):
                raise UsageError(f"--layout {template!r}: {text!r} is not a valid file name")
        return cls(whole)

    def place(self, data_set: DataSet) -> str:
        """Returns the path for this data set, with slashes; it never leads out of the tree."""
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # pydicom's, of character sets: a name need not be right
            return SEPARATOR.join(_component(parts, data_set) for parts in self.components)


def place_of(layout: Layout, source: Location) -> str:
    """Returns the path for a file, without reading its pixel data.

    Raises:
        SourceError: the file cannot be read, or is not DICOM.
    """
    with source.open() as file, open_part10(file, whole=False) as part10:
        return layout.place(part10.data_set)


def _pieces(template: str) -> Iterator[str | Placeholder]:
    """Yields the texts and fields of a template."""
    try:
        for text, keyword, form, conversion in Formatter().parse(template):
            if text:
                yield text
            if form or conversion:
                raise UsageError(f"--layout {template!r}: braces can contain only a keyword")
            if keyword is not None:
                yield Placeholder(_tag(template, keyword))
    except ValueError as error:
        raise UsageError(f"--layout {template!r}: {str(error).lower()}") from error


def _tag(template: str, keyword: str) -> int:
    if not keyword.strip():
        raise UsageError(f"--layout {template!r}: there is no keyword in the braces")
    try:
        tag = tag_of(keyword)
    except DicomtxError as error:
        raise UsageError(f"--layout {template!r}: {error}") from error
    if tag >> 16 in (FILE_META, PIXEL_DATA):
        raise UsageError(f"--layout {template!r}: {keyword!r} is file meta or pixel data")
    return tag


def _component(parts: tuple[str | Placeholder, ...], data_set: DataSet) -> str:
    """Returns one component; a value cannot add components or leave the tree."""
    texts = [
        part if isinstance(part, str) else _cleaned(value(data_set, part.tag)) or UNKNOWN
        for part in parts
    ]
    name = "".join(texts).rstrip(" .") or UNKNOWN
    if name.startswith("."):  # hidden, or the parent folder
        name = f"_{name[1:]}"
    if name.partition(".")[0].rstrip().upper() in RESERVED:
        name = f"_{name}"
    ending = parts[-1] if isinstance(parts[-1], str) else ""
    return _cut(name, ending)


def _cleaned(text: str) -> str:
    """Replaces the characters that file names cannot have on some system."""
    text = unicodedata.normalize("NFC", text)
    return "".join(
        "_" if c in NOT_IN_NAMES or unicodedata.category(c) in NOT_PRINTED else c for c in text
    ).strip(" ")


def _cut(name: str, ending: str) -> str:
    """Returns a name of at most 200 bytes; a longer one ends in a digest that keeps it unique."""
    raw = name.encode()
    if len(raw) <= LONGEST:
        return name
    ending = ending if len(ending.encode()) <= LONGEST // 4 and name.endswith(ending) else ""
    end = f"~{hashlib.sha256(raw).hexdigest()[:16]}{ending}"
    return raw[: LONGEST - len(end.encode())].decode(errors="ignore") + end
