"""Reads the answer of a store request, in JSON or XML (PS3.18 10.5.3, I.2)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.parsers import expat

from dicomtx.frozen import Frozen

FAILED: Final = ("00081198", "0008119A")
"""Failed SOP Sequence, and Other Failures Sequence: instances that could not be identified."""
KEPT: Final = "00081199"  # Referenced SOP Sequence
INSTANCE: Final = "00081155"  # Referenced SOP Instance UID
FAILURE: Final = "00081197"  # Failure Reason
WARNING: Final = "00081196"  # Warning Reason
UNKNOWN: Final = 0x0110  # processing failure: of failures without a reason
DEEPEST: Final = 64  # elements inside elements

Item = Mapping[str, Sequence[Any]]
"""The values of each attribute by its tag, such as 00081155. Values of sequences are items."""


class UnreadableError(Exception):
    """The answer is not what PS3.18 says."""


class Stored(Frozen):
    """What a server stored.

    Attributes:
        failed: the Failure Reason of each instance that the server did not store.
        kept: the Warning Reason of each instance that it stored; 0 without a warning.
    """

    failed: Mapping[str, int]
    kept: Mapping[str, int]


def read_answer(content_type: str, body: bytes) -> Stored:
    """Returns what an answer says. It may come in pieces: several data sets in a JSON array.

    Raises:
        UnreadableError: it is neither JSON nor XML, or has another structure.
    """
    if not body.strip():
        raise UnreadableError("it is empty")
    kind = content_type.partition(";")[0].strip().lower()
    parse = _of_xml if kind.endswith("xml") or body.lstrip()[:1] == b"<" else _of_json
    failed, kept = {}, {}
    try:
        for item in parse(body):
            for name in FAILED:
                failed.update(_reasons(item.get(name, ()), FAILURE, UNKNOWN))
            kept.update(_reasons(item.get(KEPT, ()), WARNING, 0))
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise UnreadableError("it is not a store response of PS3.18") from error
    return Stored(failed=failed, kept=kept)


def _reasons(items: Sequence[Item], reason: str, default: int) -> dict[str, int]:
    """Returns the reason for each instance of a sequence."""
    return {
        str(next(iter(item.get(INSTANCE, ())), "")): int(next(iter(item.get(reason, ())), default))
        for item in items
    }


def _of_json(body: bytes) -> list[Item]:
    """Returns the data sets of DICOM JSON (PS3.18 F)."""
    import json  # noqa: PLC0415 - takes 5 ms

    found = json.loads(body)
    return [_json_item(item) for item in (found if isinstance(found, list) else [found])]


def _json_item(item: dict[str, Any]) -> Item:
    return {
        tag.upper(): [
            _json_item(value) if isinstance(value, dict) else value
            for value in element.get("Value", ())
        ]
        for tag, element in item.items()
    }


def _of_xml(body: bytes) -> list[Item]:
    """Returns the data set of a Native DICOM Model (PS3.19 A.1)."""
    reader = _XmlReader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refused
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from error
    return [reader.root]


def _refused(*_: object) -> None:
    raise ValueError("a DTD is not allowed")


class _XmlReader:
    """Collects the attributes of a Native DICOM Model."""

    def __init__(self) -> None:
        self.root: dict[str, list[Any]] = {}
        self._items = [self.root]
        self._values: list[list[Any]] = []
        self._text: list[str] | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Begins an attribute, an item or a value."""
        kind = name.rpartition(" ")[2]
        if len(self._items) > DEEPEST:
            raise ValueError("too deep")
        if kind == "DicomAttribute":
            self._values.append(self._items[-1].setdefault(attributes.get("tag", "").upper(), []))
        elif kind == "Item" and self._values:
            item: dict[str, list[Any]] = {}
            self._values[-1].append(item)
            self._items.append(item)
        elif kind == "Value":
            self._text = []

    def text(self, text: str) -> None:
        """Adds to a value."""
        if self._text is not None:
            self._text.append(text)

    def end(self, name: str) -> None:
        """Ends an attribute, an item or a value."""
        kind = name.rpartition(" ")[2]
        if kind == "DicomAttribute":
            self._values.pop()
        elif kind == "Item" and len(self._items) > 1:
            self._items.pop()
        elif kind == "Value" and self._text is not None:
            if self._values:
                self._values[-1].append("".join(self._text).strip())
            self._text = None
