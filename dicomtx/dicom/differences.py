"""Compares the elements of two data sets, independent of their encodings."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Final, Literal, NamedTuple

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import Element, name, resolved_vr
from dicomtx.dicom.part10 import Part10
from dicomtx.dicom.rope import WORDS, swapped
from dicomtx.dicom.vrs import VRS
from dicomtx.errors import DamagedError
from dicomtx.limits import how_to_raise
from dicomtx.storage.source import CHUNK

Kind = Literal["added", "removed", "changed"]

SHOWN: Final = 60  # characters of a value
BYTES_SHOWN: Final = 16
BYTES: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
TEXT: Final = frozenset(vr.decode() for vr in VRS) - BYTES - WORDS.keys() - {"SQ"}
COLOURS: Final = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT"})
OF_ENCODING: Final = frozenset(
    {
        tags.TRANSFER_SYNTAX_UID,
        tags.IMPLEMENTATION_CLASS_UID,
        tags.IMPLEMENTATION_VERSION_NAME,
        tags.PLANAR_CONFIGURATION,
        tags.EXTENDED_OFFSET_TABLE,
        tags.EXTENDED_OFFSET_TABLE_LENGTHS,
        tags.ENCAPSULATED_TOTAL_LENGTH,
    }
)
"""Elements that any transcoding changes, in addition to group lengths and colour spaces."""

IDENTIFIERS: Final = range(tags.FILE_META_VERSION, tags.MEDIA_STORAGE_SOP_INSTANCE_UID + 1)
"""Of the file meta information: any transcoding adds them if they are missing (PS3.10 7.1)."""


class Difference(NamedTuple):
    """One element or item that differs.

    Attributes:
        kind: "added" is in B only, "removed" is in A only.
        path: its path, as in ``Edit.path``.
        tag: the element; ``ITEM`` for an item of the sequence at the end of the path.
        vr_a: its VR in A; that of PS3.6 if the data set has none.
        vr_b: its VR in B.
        a: its value in A as text, shortened.
        b: its value in B.
        of_encoding: the transfer syntax implies the difference.
    """

    kind: Kind
    path: tuple[int, ...]
    tag: int
    vr_a: str = ""
    vr_b: str = ""
    a: str = ""
    b: str = ""
    of_encoding: bool = False

    @property
    def place(self) -> str:
        """Its path as text: "(0008,1140)[1](0008,1150)"; items count from 1."""
        steps = zip(self.path[::2], self.path[1::2], strict=True)
        around = "".join(f"{name(tag)}[{index + 1}]" for tag, index in steps)
        return around if self.tag == tags.ITEM else around + name(self.tag)

    @property
    def keyword(self) -> str:
        """The keyword of PS3.6; empty for private and unknown elements."""
        if self.tag == tags.ITEM:
            return "Item"
        from dicomtx.dicom.values import text  # noqa: PLC0415 - pydicom, for differences only

        return text.keyword(self.tag)


class _Side(NamedTuple):
    """A data set or an item, and its character set."""

    data_set: DataSet
    character_set: str
    signed: bool

    def within(self, item: DataSet) -> "_Side":
        own = item.text(tags.SPECIFIC_CHARACTER_SET)
        return _Side(item, own or self.character_set, self.signed)


class _Both(NamedTuple):
    """Two data sets or items to compare, and their path."""

    path: tuple[int, ...]
    a: _Side
    b: _Side


class _Pair(NamedTuple):
    """The same element of both data sets; None where it is missing."""

    a: Element | None
    b: Element | None

    @property
    def tag(self) -> int:
        one = self.a or self.b
        assert one
        return one.tag

    def vr(self, element: Element, side: _Side) -> str:
        """Returns the VR of one of the two: its own, the other's, or the dictionary's."""
        if element.vr:
            return element.vr
        other = self.b if element is self.a else self.a
        return other.vr if other and other.vr else resolved_vr(element, signed=side.signed)

    def is_sequence(self, a: _Side, b: _Side) -> bool:
        """Returns whether one is a sequence, and the other is too, missing, or of VR UN."""
        both = [(e, self.vr(e, side)) for e, side in ((self.a, a), (self.b, b)) if e]
        vrs = {vr for _, vr in both}
        sequence = "SQ" in vrs or any(e.undefined and vr not in ("OB", "OW") for e, vr in both)
        return sequence and vrs <= {"SQ", "UN"}


def differences(a: Part10, b: Part10, ignored: frozenset[int]) -> Iterator[Difference]:
    """Yields the differences in file meta information and data set, top level first.

    Pixel Data is left out. Values are compared in a normal form: little endian, texts without
    trailing padding. VRs are compared if both have one.

    Args:
        a: a file.
        b: another file.
        ignored: elements to leave out at any depth.

    Raises:
        DamagedError: a sequence is damaged, or nested too deep.
    """
    recoded = a.label != b.label
    yield from _walked(_top(a.meta), _top(b.meta), ignored)
    pixels = tags.PIXEL_DATA in a.data_set and tags.PIXEL_DATA in b.data_set
    for difference in _walked(_top(a.data_set), _top(b.data_set), ignored, pixels=pixels):
        colour = difference.tag == tags.PHOTOMETRIC_INTERPRETATION and not difference.path
        if colour and recoded and {difference.a, difference.b} <= COLOURS:
            yield difference._replace(of_encoding=True)
        else:
            yield difference


def _top(data_set: DataSet) -> _Side:
    return _Side(data_set, data_set.text(tags.SPECIFIC_CHARACTER_SET), data_set.signed)


def _walked(
    a: _Side, b: _Side, ignored: frozenset[int], *, pixels: bool = False
) -> Iterator[Difference]:
    """Yields the differences, without recursion, so that deep nesting needs no stack.

    With ``pixels``, Pixel Data at the top level is left out, but not that of icons. Items are read
    when it is their turn, as there may be millions.
    """
    deepest = a.data_set.source.limits.depth
    waiting: deque[Iterable[Difference | _Both]] = deque([[_Both((), a, b)]])
    while waiting:
        for it in waiting.popleft():
            if isinstance(it, Difference):
                yield it
                continue
            if len(it.path) > 2 * deepest:
                raise DamagedError(
                    f"sequences are nested more than {deepest} deep, and are not compared;"
                    f" {how_to_raise('depth')}"
                )
            for pair in _pairs(it.a.data_set, it.b.data_set):
                if pair.tag in ignored or (pixels and pair.tag == tags.PIXEL_DATA and not it.path):
                    continue
                found, within = _compared(pair, *it)
                yield from found
                waiting += within


def _pairs(a: DataSet, b: DataSet) -> Iterator[_Pair]:
    """Yields the elements by tag; repeated elements are paired in order."""
    of_a, of_b = a.by_tag(), b.by_tag()
    one, other = next(of_a, None), next(of_b, None)
    while one or other:
        tag = min(element.tag for element in (one, other) if element)
        pair = _Pair(*(it if it and it.tag == tag else None for it in (one, other)))
        yield pair
        one = next(of_a, None) if pair.a else one
        other = next(of_b, None) if pair.b else other


def _compared(
    pair: _Pair, path: tuple[int, ...], a: _Side, b: _Side
) -> tuple[list[Difference], list[Iterator[Difference | _Both]]]:
    """Returns the differences of one element, and its items, which still need to be compared."""
    if pair.a is None or pair.b is None:
        return [_lone(pair, path, a, b)], []
    vr_a, vr_b = pair.vr(pair.a, a), pair.vr(pair.b, b)
    own_vrs_differ = "" not in (pair.a.vr, pair.b.vr) and pair.a.vr != pair.b.vr
    if pair.is_sequence(a, b) and _firsts(pair, a, b):
        changed = Difference("changed", path, pair.tag, vr_a, vr_b)
        return [changed] * own_vrs_differ, [_items(pair.tag, path, a, b)]
    at = _first_difference(_normal(a, pair.a, vr_a), _normal(b, pair.b, vr_b))
    if at < 0 and not own_vrs_differ:
        return [], []
    shown_a, shown_b = _shown(a, pair.a, vr_a), _shown(b, pair.b, vr_b)
    if at >= 0 and shown_a == shown_b:
        shown_a, shown_b = (f"{text} [differs from byte {at} on]" for text in (shown_a, shown_b))
    expected = _of_encoding(pair.tag, path) or _coded_icon(pair)
    return [Difference("changed", path, pair.tag, vr_a, vr_b, shown_a, shown_b, expected)], []


def _lone(pair: _Pair, path: tuple[int, ...], a: _Side, b: _Side) -> Difference:
    """Returns the difference for an element that only one side has."""
    expected = _of_encoding(pair.tag, path) or pair.tag in IDENTIFIERS
    if pair.b is None:
        assert pair.a
        vr, shown = pair.vr(pair.a, a), _shown(a, pair.a, pair.vr(pair.a, a))
        return Difference("removed", path, pair.tag, vr, "", shown, "", expected)
    vr, shown = pair.vr(pair.b, b), _shown(b, pair.b, pair.vr(pair.b, b))
    return Difference("added", path, pair.tag, "", vr, "", shown, expected)


def _coded_icon(pair: _Pair) -> bool:
    """Returns whether it is an icon's Pixel Data, encapsulated on one side only."""
    assert pair.a
    assert pair.b
    return pair.tag == tags.PIXEL_DATA and pair.a.undefined != pair.b.undefined


def _of_encoding(tag: int, path: tuple[int, ...]) -> bool:
    return tag & 0xFFFF == 0 or (not path and tag in OF_ENCODING)


def _firsts(pair: _Pair, a: _Side, b: _Side) -> bool:
    """Returns whether both are the first with their tag, as ``DataSet.items`` finds only these."""
    return a.data_set.find(pair.tag) == pair.a and b.data_set.find(pair.tag) == pair.b


def _items(tag: int, path: tuple[int, ...], a: _Side, b: _Side) -> Iterator[Difference | _Both]:
    """Yields the items: as differences if one side lacks them."""
    pairs = zip_longest(a.data_set.items(tag), b.data_set.items(tag))
    for index, (of_a, of_b) in enumerate(pairs):
        place = (*path, tag, index)
        if of_a is None or of_b is None:
            told = f"{len((of_a or of_b).elements)} elements"
            kind: Kind = "removed" if of_b is None else "added"
            texts = (told, "") if of_b is None else ("", told)
            yield Difference(kind, place, tags.ITEM, "", "", *texts)
        else:
            yield _Both(place, a.within(of_a), b.within(of_b))


def _normal(side: _Side, element: Element, vr: str) -> Iterator[bytes]:
    """Yields the value in little endian; a text that is not too long, without its padding."""
    source, size = side.data_set.source, element.end - element.value
    if vr in TEXT and size <= CHUNK:
        yield source.read(element.value, size).rstrip(b" \0")
        return
    word = WORDS.get(vr, 1) if side.data_set.encoding.big_endian else 1
    for chunk in source.chunks(element.value, size):
        yield swapped(chunk, word)


def _first_difference(a: Iterator[bytes], b: Iterator[bytes]) -> int:
    """Returns the position of the first byte that differs, or -1."""
    at = 0
    for left, right in zip_longest(a, b, fillvalue=b""):
        if left != right:
            apart = (n for n, (x, y) in enumerate(zip(left, right, strict=False)) if x != y)
            return at + next(apart, min(len(left), len(right)))
        at += len(left)
    return -1


def _shown(side: _Side, element: Element, vr: str) -> str:
    """Returns a value as text."""
    size = element.end - element.value
    if vr == "SQ" or (element.undefined and vr not in ("OB", "OW")):
        count = sum(1 for _ in side.data_set.items(element.tag))
        return f"{count} item{'s' * (count != 1)}"
    if vr in BYTES:
        more = " ..." if size > BYTES_SHOWN else ""
        first = side.data_set.source.peek(element.value, min(size, BYTES_SHOWN))
        return f"{size} bytes: {first.hex(' ')}{more}"
    from dicomtx.dicom.values import text  # noqa: PLC0415 - pydicom, for differences only

    raw = side.data_set.source.read(element.value, min(size, CHUNK))
    big = side.data_set.encoding.big_endian
    told = text.decoded(raw, vr, side.character_set, big_endian=big)
    return told if len(told) <= SHOWN else f"{told[:SHOWN]}... ({size} bytes)"
