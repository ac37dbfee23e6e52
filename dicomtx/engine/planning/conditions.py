"""The conditions of policy rules: the keys, and the values that a file is compared with."""

import operator
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import name as tag_name
from dicomtx.dicom.inspection import FileInfo
from dicomtx.errors import SettingsError
from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import ALIASES, BY_NAME, ROOT, TABLE, TransferSyntax

NATIVE: Final = frozenset((ROOT, ROOT + ".1", ROOT + ".2"))
"""Uncompressed as Orthanc defines it: a deflated data set counts as compressed."""
UNITS: Final = {"": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}
COMPARISONS: Final[tuple[tuple[str, Callable[[Any, Any], bool]], ...]] = (
    ("<=", operator.le),
    (">=", operator.ge),
    ("<", operator.lt),
    (">", operator.gt),
)

Found = tuple[Any, ...]


def literal(pattern: str) -> str:
    """Returns a glob in which brackets are literal: only ``*`` and ``?`` are special."""
    return pattern.replace("[", "[[]")


class Test(NamedTuple):
    """A test of one value.

    Attributes:
        text: the test as the policy spells it.
        compare: the comparison for numbers; None for a text, which is a glob.
        number: the number to compare with.
    """

    text: str
    compare: Callable[[Any, Any], bool] | None = None
    number: int = 0

    def holds(self, value: object) -> bool:
        """Returns whether the value passes the test."""
        if self.compare:
            return bool(self.compare(value, self.number))
        return fnmatchcase(str(value), literal(self.text))


class Matcher(NamedTuple):
    """One condition: a key, and the values that it accepts.

    Attributes:
        key: the key as the policy spells it.
        tests: at least one of them must pass.
        tag: the element that the key names; 0 if the key does not name an element.
    """

    key: str
    tests: tuple[Test, ...]
    tag: int = 0

    def found(self, header: FileInfo, data_set: DataSet, size: int) -> Found:
        """Returns the file's values for this key: none, one, or several names of one value."""
        if self.tag:
            from dicomtx.dicom.values import text  # noqa: PLC0415 - brings pydicom

            value = text.value(data_set, self.tag)
            return tuple(dict.fromkeys((value, *value.split("\\"))))
        if self.key == "size":
            return (size,)
        return FINDERS[self.key](header)

    def holds(self, found: Found) -> bool:
        """Returns whether one of the values passes one of the tests."""
        return any(test.holds(value) for test in self.tests for value in found)

    def __str__(self) -> str:
        return " or ".join(test.text or "empty" for test in self.tests)


def names(syntax: TransferSyntax) -> tuple[str, ...]:
    """Returns all names of a transfer syntax: slug, keyword, UID and aliases."""
    aliases = [alias for alias, slug in ALIASES.items() if slug == syntax.slug]
    return tuple(name for name in (syntax.slug, syntax.keyword, syntax.uid, *aliases) if name)


def _of_image(field: str) -> Callable[[FileInfo], Found]:
    def find(header: FileInfo) -> Found:
        image: ImagePixel | None = header.image
        return () if image is None else (getattr(image, field),)

    return find


FINDERS: Final[dict[str, Callable[[FileInfo], Found]]] = {
    "compressed": lambda header: ("false" if header.syntax.uid in NATIVE else "true",),
    "syntax": lambda header: names(header.syntax),
    "sop_class": lambda header: (header.sop_class_uid,),
    "modality": lambda header: (header.modality,),
    "pixel_data": lambda header: (header.pixel_data,),
    "photometric": _of_image("photometric_interpretation"),
    "bits_allocated": _of_image("bits_allocated"),
    "bits_stored": _of_image("bits_stored"),
    "samples": _of_image("samples_per_pixel"),
    "rows": _of_image("rows"),
    "columns": _of_image("columns"),
    "frames": _of_image("number_of_frames"),
}
NUMBERS: Final = ("bits_allocated", "bits_stored", "samples", "rows", "columns", "frames", "size")
KEYS: Final = (*FINDERS, "size")


def matcher(key: str, value: object, tag: int = 0) -> Matcher:
    """Returns the condition for a key and its value in a policy.

    Raises:
        SettingsError: the value has the wrong type or is unknown; the message begins with it.
    """
    if key == "compressed":
        if not isinstance(value, bool):
            raise SettingsError(f"{value!r} is not allowed: use true or false")
        return Matcher(key, (Test("true" if value else "false"),))
    values = value if isinstance(value, list) else [value]
    if not values:
        raise SettingsError("an empty list matches nothing: remove the key")
    if key in NUMBERS:
        return Matcher(key, tuple(_number(key, item) for item in values))
    texts = [_text(item) for item in values]
    if key == "syntax":
        texts = [_known_syntax(text) for text in texts]
    return Matcher(key or tag_name(tag), tuple(map(Test, texts)), tag)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise SettingsError(f"{value!r} is not allowed: use a text, or a list of texts")
    return value


def _known_syntax(pattern: str) -> str:
    """Returns the pattern if it matches a transfer syntax.

    Raises:
        SettingsError: it matches none.
    """
    exact = ALIASES.get(pattern, pattern)
    if exact in BY_NAME or any(fnmatchcase(n, literal(pattern)) for s in TABLE for n in names(s)):
        return pattern
    if set(pattern) <= set("0123456789.*?") and not pattern.startswith("1.2.840.10008."):
        return pattern  # a private syntax
    raise SettingsError(f"{pattern!r} matches no transfer syntax: use a name, a UID, or a glob")


def _number(key: str, value: object) -> Test:
    """Returns the test for a number or comparison: 8, "> 8", "<= 512", or a size "> 10 MB"."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Test(str(value), operator.eq, value)
    text = value.strip() if isinstance(value, str) else ""
    sign, compare = next((c for c in COMPARISONS if text.startswith(c[0])), ("", operator.eq))
    digits = text[len(sign) :].strip()
    unit = next((u for u in ("kB", "MB", "GB", "B") if key == "size" and digits.endswith(u)), "")
    digits = digits.removesuffix(unit).strip()
    if not digits.isdecimal():
        more = ' such as 512, "> 512" or "<= 10 MB"' if key == "size" else ' such as 8 or "> 8"'
        raise SettingsError(f"{value!r} is not allowed: use a number, or a comparison{more}")
    return Test(text, compare, int(digits) * UNITS[unit])
