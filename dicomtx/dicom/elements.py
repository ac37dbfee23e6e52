"""The elements of a data set (PS3.5 7) by position, without their values."""

import struct
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from dicomtx.dicom import odd_vr
from dicomtx.dicom.dictionary import vr_of
from dicomtx.dicom.tags import ITEM, ITEM_DELIMITATION, PIXEL_DATA, SEQUENCE_DELIMITATION
from dicomtx.dicom.vrs import LONG, SHORT, VRS
from dicomtx.errors import DamagedError
from dicomtx.storage.source import Source

UNDEFINED: Final = 0xFFFFFFFF
SALVAGE: Final = ". Try --salvage to recover what is readable."
DEEP: Final = 12  # nested sequences and items from which on no end is searched twice

_SHORT_NAMES: Final = {vr: vr.decode() for vr in SHORT}
_STARTS: Final = (struct.Struct("<HH2sH"), struct.Struct(">HH2sH"))


class Encoding(NamedTuple):
    """The encoding of a data set (PS3.5 A.1 to A.3)."""

    implicit_vr: bool
    big_endian: bool

    @property
    def order(self) -> Literal["little", "big"]:
        """The byte order for ``int.from_bytes``."""
        return "big" if self.big_endian else "little"


IMPLICIT: Final = Encoding(implicit_vr=True, big_endian=False)
EXPLICIT: Final = Encoding(implicit_vr=False, big_endian=False)
EXPLICIT_BIG: Final = Encoding(implicit_vr=False, big_endian=True)


class Element(NamedTuple):
    """One element by position.

    Attributes:
        tag: group and element number.
        vr: the VR in the file; empty if it has none (implicit VR, items).
        start: offset of its header.
        value: offset of its value.
        length: the length in the file; ``UNDEFINED`` if a delimiter ends it.
        end: offset after the value and its delimiter.
    """

    tag: int
    vr: str
    start: int
    value: int
    length: int
    end: int

    @property
    def undefined(self) -> bool:
        """Whether a delimiter marks its end."""
        return self.length == UNDEFINED


def name(tag: int) -> str:
    """Returns a tag as text, such as (0010,0010)."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def header(source: Source, at: int, encoding: Encoding, raw: bytes = b"") -> Element:
    """Returns the element whose header is at ``at``; its end is unknown if the length is undefined.

    ``raw`` are its first 12 bytes if they are known. A header without a valid VR in an explicit
    data set has no ``vr`` either. Its length has 4 bytes, as in implicit VR, since some writers
    mix both, or 2 bytes. The next header decides.

    Raises:
        DamagedError: the source ends inside the header.
    """
    raw = raw or source.peek(at, 12)
    if len(raw) < 8:
        raise DamagedError(f"the file ends inside an element header, at byte {at}")
    group, number, vr, length = _STARTS[encoding.big_endian].unpack_from(raw)
    tag = group << 16 | number
    explicit = not encoding.implicit_vr and group != ITEM >> 16
    short = _SHORT_NAMES.get(vr) if explicit else None
    if short:
        return Element(tag, short, at, at + 8, length, at + 8 + length)
    if not explicit or not (vr.isalpha() and vr.isupper()):
        if not explicit or odd_vr.is_implicit(source, at, tag, encoding.order):
            length = int.from_bytes(raw[4:8], encoding.order)
        return Element(tag, "", at, at + 8, length, at + 8 + length)
    if vr not in LONG and length:
        return Element(tag, vr.decode(), at, at + 8, length, at + 8 + length)
    if len(raw) < 12:
        raise DamagedError(f"the file ends inside the header of {name(tag)}")
    length = int.from_bytes(raw[8:12], encoding.order)
    return Element(tag, vr.decode(), at, at + 12, length, at + 12 + length)


def elements(
    source: Source, at: int, stop: int, encoding: Encoding, *, whole: bool = True
) -> Iterator[Element]:
    """Yields the elements of one data set in the order of the file, without those in sequences.

    Zeros up to the end of the data set are trailing padding, not elements. Without ``whole``,
    encapsulated Pixel Data is the last element, and the end of its fragments is not searched.

    Raises:
        DamagedError: an element extends beyond ``stop``, or a sequence has no end.
    """
    zeros = at
    while at < stop:
        raw = source.peek(at, 12)
        if not raw[:2].strip(b"\0"):
            zeros = _end_of_zeros(source, at, stop, zeros)
            if zeros == stop:
                return
        element = header(source, at, encoding, raw)
        tag = element.tag
        if tag >> 16 == ITEM >> 16:
            raise DamagedError(f"unexpected item tag {name(tag)} at byte {at}")
        if element.length == UNDEFINED:
            if element.tag == PIXEL_DATA and not whole:
                yield element._replace(end=stop)
                return
            element = element._replace(end=end_of_items(source, element, stop, encoding))
        elif element.end > stop:
            raise _unknown_vr(source, element, encoding) or truncated(element, stop)
        yield element
        at = element.end


def salvaged(found: Iterator[Element], stop: int, warnings: list[str]) -> Iterator[Element]:
    """Yields the elements before the damaged one, and the available part of Pixel Data.

    Args:
        found: the iterator of ``elements``.
        stop: the end of the data set.
        warnings: a warning about the lost part is added here.
    """
    try:
        yield from found
    except TruncatedError as error:
        warnings.append(f"salvaged: {error.what}")
        if error.element.tag == PIXEL_DATA:
            yield error.element._replace(end=stop)


class TruncatedError(DamagedError):
    """The data set ends inside an element."""

    def __init__(self, element: Element, why: str) -> None:
        """Names the element and the reason."""
        self.element, self.what = element, f"{name(element.tag)} {why}"
        super().__init__(self.what + SALVAGE * (element.undefined and element.tag == PIXEL_DATA))


def truncated(element: Element, stop: int) -> TruncatedError:
    """Returns the error for a value that extends beyond the end."""
    have = max(0, stop - element.value)
    return TruncatedError(element, f"is truncated: {have} of {element.length} bytes are there")


def _unknown_vr(source: Source, element: Element, encoding: Encoding) -> TruncatedError | None:
    """Returns the error if the VR is unknown, as its length may then be wrong; None if known."""
    if element.vr or encoding.implicit_vr:
        return None
    return TruncatedError(element, f"has {odd_vr.described(source, element.start)}")


def _end_of_zeros(source: Source, at: int, stop: int, known: int) -> int:
    """Returns where a run of zeros at ``at`` ends, if it fills a header; searched only once."""
    if known > at or source.peek(at, min(8, stop - at)).strip(b"\0"):
        return known
    for chunk in source.chunks(at, stop - at):
        rest = chunk.lstrip(b"\0")
        at += len(chunk) - len(rest)
        if rest:
            break
    return at


def inner(element: Element, encoding: Encoding) -> Encoding:
    """Returns the encoding inside a sequence: UN of undefined length is implicit (CP-246)."""
    return IMPLICIT if element.vr == "UN" else encoding


def of_item(source: Source, at: int, stop: int, encoding: Encoding) -> Encoding:
    """Returns the encoding of the item whose content starts at ``at``, as its bytes show it."""
    raw = source.peek(at, 6)
    if stop - at < 8 or len(raw) < 6 or raw[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return encoding
    if not encoding.implicit_vr:
        if raw[4:6].isalpha() and raw[4:6].isupper():
            return encoding
        first = header(source, at, encoding)
        whole = int.from_bytes(source.peek(at + 4, 4), encoding.order)
        return encoding._replace(implicit_vr=first.length == whole)
    other = encoding._replace(implicit_vr=False)
    if raw[4:6] in VRS and not _fits(source, at, stop, encoding) and _fits(source, at, stop, other):
        return other
    return encoding


def _fits(source: Source, at: int, stop: int, encoding: Encoding) -> bool:
    element = header(source, at, encoding)
    return element.undefined or element.end <= stop


def end_of_items(source: Source, sequence: Element, stop: int, encoding: Encoding) -> int:
    """Returns the end of a sequence (or fragments) of undefined length, after its delimiter.

    Nested sequences are followed without recursion, so deep nesting needs no stack.

    Raises:
        DamagedError: there is no delimiter.
    """
    if source.ends.get(sequence.start, stop + 1) <= stop:
        return source.ends[sequence.start]
    # the open sequences and items: (is an item, the encoding inside, the start)
    levels = [(False, inner(sequence, encoding), sequence.start)]
    at = sequence.value
    while levels:
        in_item, within, start = levels[-1]
        if at + 8 > stop:
            raise TruncatedError(sequence, "has no sequence delimiter: the file may be truncated")
        element = header(source, at, within)
        at = element.value
        if element.tag == ENDS[in_item]:
            levels.pop()
            if len(levels) > DEEP:
                source.ends[start] = at
        elif not element.undefined:
            _check_between(element, sequence, in_item=in_item)
            at = element.end
        elif element.start in source.ends:
            at = source.ends[element.start]
        else:
            _check_between(element, sequence, in_item=in_item)
            inside = inner(element, within) if in_item else of_item(source, at, stop, within)
            levels.append((not in_item, inside, element.start))
    return at


ENDS: Final = {True: ITEM_DELIMITATION, False: SEQUENCE_DELIMITATION}


def _check_between(element: Element, sequence: Element, *, in_item: bool) -> None:
    """Raises DamagedError for anything except an item between the items of a sequence."""
    if not in_item and element.tag != ITEM:
        raise DamagedError(f"unexpected {name(element.tag)} between items of {name(sequence.tag)}")


def items(source: Source, sequence: Element, encoding: Encoding) -> Iterator[Element]:
    """Yields the items (or fragments) of one sequence, each with its end.

    Raises:
        DamagedError: something else is between them, or an item extends too far.
    """
    at, stop = sequence.value, sequence.end
    within = inner(sequence, encoding)
    while at + 8 <= stop:
        item = header(source, at, within)
        if item.tag == SEQUENCE_DELIMITATION:
            return
        _check_between(item, sequence, in_item=False)
        if item.undefined:
            item = item._replace(end=_end_of_item(source, item, stop, within))
        elif item.end > stop:
            raise truncated(item, stop)
        yield item
        at = item.end


def _end_of_item(source: Source, item: Element, stop: int, encoding: Encoding) -> int:
    if source.ends.get(item.start, stop + 1) <= stop:
        return source.ends[item.start]
    at, within = item.value, of_item(source, item.value, stop, encoding)
    while at + 8 <= stop:
        element = header(source, at, within)
        if element.tag == ITEM_DELIMITATION:
            return element.value
        at = end_of_items(source, element, stop, within) if element.undefined else element.end
    raise DamagedError("an item has no item delimiter")


def resolved_vr(element: Element, *, signed: bool) -> str:
    """Returns the VR for an explicit encoding: its own, or the dictionary's (PS3.6).

    An unknown element of undefined length can only be a sequence.
    """
    if element.vr:
        return element.vr
    vr = vr_of(element.tag, signed=signed)
    return "SQ" if element.undefined and vr not in ("OB", "OW") else vr


def has_items(source: Source, element: Element) -> bool:
    """Returns whether the value starts with an item, in either byte order."""
    return source.peek(element.value, 4) in (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")
