"""Finds the items with one element, at any depth of a data set, in one pass."""

from collections.abc import Iterator
from typing import Final

from dicomtx.dicom import element_header, tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import (
    ENDS,
    IMPLICIT,
    Element,
    Encoding,
    end_of_items,
    has_items,
    header,
    inner,
    name,
    of_item,
    resolved_vr,
)
from dicomtx.errors import DamagedError
from dicomtx.storage.source import CHUNK, Source

Path = tuple[int, ...]
MAY_HAVE_ITEMS: Final = ("SQ", "UN", "")
DEEP: Final = 6  # nested sequences from which on no sequence is searched twice


class _Open:
    """An open sequence, or an open item of it (then ``found`` are its elements)."""

    def __init__(
        self, within: Encoding, stop: int, step: int, sequence: Element | None = None
    ) -> None:
        """Opens a sequence; without one, opens an item at the path ``step``."""
        self.within = within
        self.stop = stop
        self.step = step
        self.in_item = sequence is None
        self.sequence = sequence
        self.found: list[Element] = []
        self.index = 0


def items_with(data_set: DataSet, tag: int) -> Iterator[tuple[Path, DataSet]]:
    """Yields the items, at any depth, that have the element ``tag``, with their paths.

    Inner items come first. Sequences that cannot have the element are skipped.

    Raises:
        DamagedError: a sequence that may have it is damaged.
    """
    for sequence in data_set.elements:
        if (
            sequence.vr in MAY_HAVE_ITEMS
            and _is_sequence(data_set.source, sequence)
            and _may_hold(data_set.source, sequence, tag)
        ):
            yield from _in_sequence(data_set, sequence, tag)


def sequences(data_set: DataSet) -> Iterator[tuple[int, int]]:
    """Yields where the values of the sequences of a data set begin and end."""
    for element in data_set.elements:
        if element.vr in MAY_HAVE_ITEMS and _is_sequence(data_set.source, element):
            yield element.value, element.end


def has_delimiters(data_set: DataSet) -> bool:
    """Returns whether a sequence or an item ends with a delimiter, so its length is undefined.

    It may also be True if the bytes of a delimiter occur in a value.
    """
    source, ends = data_set.source, tuple(ENDS.values())
    found = (element for element in data_set.elements if _is_sequence(source, element))
    return any(one.undefined or any(_may_hold(source, one, end) for end in ends) for one in found)


def _in_sequence(data_set: DataSet, sequence: Element, tag: int) -> Iterator[tuple[Path, DataSet]]:
    source = data_set.source
    levels = [_opened(sequence, data_set.encoding, sequence.end)]
    at = sequence.value
    while levels:
        level = levels[-1]
        child = header(source, at, level.within) if at < level.stop else None
        if child is None or child.tag == ENDS[level.in_item]:
            at = child.value if child else at
            if level.in_item and any(element.tag == tag for element in level.found):
                path = tuple(level.step for level in levels)
                yield path, DataSet(source, level.within, level.found)
            levels.pop()
            if level.sequence and levels:
                levels[-1].found.append(level.sequence._replace(end=at))
            continue
        _check(child, level, sequence)
        at = child.value
        if not level.in_item:
            levels.append(_opened_item(source, child, level))
            level.index += 1
        elif _is_sequence(source, child) and (
            child.undefined or len(levels) > 2 * DEEP or _may_hold(source, child, tag)
        ):
            levels.append(_opened(child, level.within, level.stop))
        else:
            level.found.append(_whole(source, child, level))
            at = level.found[-1].end


def _opened(sequence: Element, around: Encoding, stop: int) -> _Open:
    stop = stop if sequence.undefined else sequence.end
    return _Open(inner(sequence, around), stop, sequence.tag, sequence)


def _opened_item(source: Source, item: Element, around: _Open) -> _Open:
    stop = around.stop if item.undefined else item.end
    within = of_item(source, item.value, stop, around.within)
    return _Open(within, stop, around.index)


def _whole(source: Source, element: Element, level: _Open) -> Element:
    """Returns an element that is not a sequence, with its end: fragments have a delimiter."""
    if not element.undefined:
        return element
    return element._replace(end=end_of_items(source, element, level.stop, level.within))


def _check(child: Element, level: _Open, sequence: Element) -> None:
    """Raises DamagedError if the element or item is not allowed here."""
    reaches = level.stop < (child.value if child.undefined else child.end)
    if reaches or (child.tag == tags.ITEM) is level.in_item or child.tag in ENDS.values():
        raise DamagedError(f"{name(sequence.tag)} is damaged at {name(child.tag)} inside it")


def _is_sequence(source: Source, element: Element) -> bool:
    """Returns whether it has items; UN of public tags is also searched (CP-246)."""
    if element.vr not in ("", "UN"):
        return element.vr == "SQ"
    vr = resolved_vr(element._replace(vr=""), signed=False)
    return vr == "SQ" and (element.undefined or has_items(source, element))


def _may_hold(source: Source, sequence: Element, tag: int) -> bool:
    """Returns whether the tag's bytes, in either byte order, occur in the sequence."""
    little = element_header.tag_bytes(tag, IMPLICIT)
    big = element_header.tag_bytes(tag, Encoding(implicit_vr=False, big_endian=True))
    at, size = sequence.value, sequence.end - sequence.value
    while size > 0:
        raw = source.peek(at, min(size, CHUNK + 3))  # windows overlap, so no tag is split
        if little in raw or big in raw:
            return True
        at, size = at + CHUNK, size - CHUNK
    return False
