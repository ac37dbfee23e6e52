"""Rewrites a data set with edits and new pixel data, in any native encoding.

Unedited elements are copied as bytes. If the encoding changes, headers are rewritten and words are
swapped; values are never interpreted.
"""

from collections.abc import Iterable
from typing import Final

from dicomtx.dicom import element_header, tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.elements import (
    ENDS,
    EXPLICIT,
    UNDEFINED,
    Element,
    Encoding,
    elements,
    end_of_items,
    has_items,
    header,
    inner,
    name,
    of_item,
    resolved_vr,
)
from dicomtx.dicom.open_level import OpenLevel
from dicomtx.dicom.rope import WORDS, PixelData, Rope, swapped
from dicomtx.errors import DamagedError
from dicomtx.storage.source import Source

NOWHERE: Final = (-1,)


def in_encoding(edit: Edit, target: Encoding) -> bytes:
    """Returns an edit's value in the encoding ``target``."""
    value = edit.value or b""
    if edit.vr != "SQ" or target == EXPLICIT:
        return swapped(value, WORDS.get(edit.vr, 1) if target.big_endian else 1)
    raw = element_header.element_header(edit.tag, "SQ", len(value), EXPLICIT) + value
    source = Source(raw)
    rewriter = Rewriter(DataSet(source, EXPLICIT, elements(source, 0, len(raw), EXPLICIT)), target)
    written = b"".join(rewriter.rope().chunks())
    return written[len(element_header.element_header(edit.tag, "SQ", 0, target)) :]


class Rewriter:
    """Writes a data set in the encoding ``target``; ``warnings`` lists what could not be kept."""

    def __init__(self, data_set: DataSet, target: Encoding, edits: Iterable[Edit] = ()) -> None:
        """Sorts the edits; ``rope`` does the work."""
        self._data_set = data_set
        self._source = data_set.source
        self._target = target
        self._signed = data_set.signed
        self._edits: dict[tuple[int, ...], dict[int, Edit]] = {}
        for edit in sorted(edits, key=lambda edit: edit.tag):
            self._edits.setdefault(edit.path, {})[edit.tag] = edit
        self._ways = {path[:n] for path in self._edits for n in range(1, len(path) + 1)}
        self._rope = Rope()
        self.warnings: list[str] = []
        self.pixels_at = 0  # offset of the new Pixel Data's value

    def rope(self, pixel_data: PixelData | None = None) -> Rope:
        """Returns the data set; ``pixel_data`` replaces the source's element.

        Raises:
            DamagedError: a nested sequence is damaged.
        """
        top = OpenLevel(self._data_set.encoding, self._source.size)
        edits = self._edits.get((), {})
        replaced = {tag: edit for tag, edit in edits.items() if tag in self._data_set}
        top.edits = {tag: edit for tag, edit in edits.items() if tag not in replaced}
        edited = {tag >> 16 for tag in edits} | {path[0] >> 16 for path in self._ways}
        edited |= {tags.PIXEL_DATA >> 16} if pixel_data else set()
        due = min(top.edits, default=UNDEFINED)
        for element in self._data_set.elements:
            if due < element.tag:
                self._make_edits(top, element.tag)
                due = min(top.edits, default=UNDEFINED)
            if element.tag == tags.PIXEL_DATA and pixel_data:
                self._pixel_data(top, pixel_data)
            elif element.tag in edits:  # replaced in place, even if out of order, and only once
                self._replace(top, element, replaced.pop(element.tag, Edit(element.tag)))
            elif element.tag & 0xFFFF == 0 and element.tag >> 16 in edited:
                self._group_length(top, element.tag)
            else:
                self._element(top, element)
        self._make_edits(top, UNDEFINED)
        self._end_group(top)
        return self._rope

    def _passes(self, level: OpenLevel, element: Element) -> bool:
        """Returns whether the element's bytes can be copied unchanged."""
        if self._ways and (*level.path, element.tag) in self._ways:
            return False
        if element.tag & 0xFFFF == 0 and level.path in self._ways:  # group length
            return False
        return level.within == self._target and bool(element.vr) != self._target.implicit_vr

    def _element(self, level: OpenLevel, element: Element) -> None:
        """Writes one complete element of the source."""
        if self._passes(level, element):
            self._next_group(level, element.tag)
            self._rope.span(self._source, element.start, element.end - element.start)
        elif element.tag & 0xFFFF == 0 and element.length == 4:
            self._group_length(level, element.tag)
        elif self._is_sequence(level, element):
            self._sequence(level, element)
        else:
            swaps = self._target.big_endian and not level.within.big_endian
            vr = element_header.written_vr(element, signed=self._signed, to_big_endian=swaps)
            self._value(level, element, "UN" if vr == "SQ" else vr)

    def _is_sequence(self, level: OpenLevel, element: Element) -> bool:
        """Returns whether its items must be written one by one, if only for an edit in them.

        UN of undefined length is kept as implicit little endian (CP-246), except in a big endian
        data set. Few readers know that its delimiters are little endian there too.
        """
        if (*level.path, element.tag) in self._ways:
            return True
        if element.vr == "UN":
            return element.undefined and self._target.big_endian
        if element.vr:
            return element.vr == "SQ"
        vr = resolved_vr(element, signed=self._signed)
        if vr != "SQ" or element.undefined or not element.length:
            return vr == "SQ"
        return has_items(self._source, element)

    def _value(self, level: OpenLevel, element: Element, vr: str) -> None:
        """Writes header and value; swaps words if the byte order changes."""
        self._next_group(level, element.tag)
        length = UNDEFINED if element.undefined else element.length
        vr = self._header(element.tag, vr, length)
        swap = level.within.big_endian != self._target.big_endian
        word = WORDS.get(vr, 1) if swap else 1
        self._rope.value(self._source, element.value, element.end - element.value, word)

    def _header(self, tag: int, vr: str, length: int) -> str:
        """Writes an element header; returns the written VR."""
        fitting = element_header.fitting_vr(vr, length, self._target)
        if fitting != vr:
            self.warnings.append(
                f"{name(tag)} has {length} bytes, too many for {vr} in explicit VR; written as UN"
            )
        self._rope.add(element_header.element_header(tag, fitting, length, self._target))
        return fitting

    def _make_edits(self, level: OpenLevel, before: int) -> None:
        """Writes edits of elements that the source does not have, up to the tag ``before``."""
        while level.edits and next(iter(level.edits)) < before:
            self._edit(level, level.edits.pop(next(iter(level.edits))))

    def _replace(self, level: OpenLevel, element: Element, edit: Edit) -> None:
        """Writes an edit in place of the element of the source."""
        if edit.adds:
            self._sequence(level, element, edit)
        else:
            self._edit(level, edit)

    def _edit(self, level: OpenLevel, edit: Edit) -> None:
        if edit.value is None:
            return
        if edit.tag & 0xFFFF == 0:
            self._group_length(level, edit.tag)
            return
        self._next_group(level, edit.tag)
        value = in_encoding(edit, self._target)
        self._header(edit.tag, edit.vr, len(value))
        self._rope.add(value)

    def _pixel_data(self, level: OpenLevel, pixel_data: PixelData) -> None:
        self._next_group(level, tags.PIXEL_DATA)
        length = UNDEFINED if pixel_data.encapsulated else pixel_data.value.size
        self._header(tags.PIXEL_DATA, pixel_data.vr, length)
        self.pixels_at = self._rope.size
        self._rope.extend(pixel_data.value)

    def _group_length(self, level: OpenLevel, tag: int) -> None:
        self._end_group(level)
        self._header(tag, "UL", 4)
        level.group = (tag >> 16, self._rope.reserve(), self._rope.size)

    def _next_group(self, level: OpenLevel, tag: int) -> None:
        if level.group and tag >> 16 != level.group[0]:
            self._end_group(level)

    def _end_group(self, level: OpenLevel) -> None:
        if level.group:
            _, room, begun = level.group
            room.fill(((self._rope.size - begun) & UNDEFINED).to_bytes(4, self._target.order))
            level.group = None

    def _sequence(self, outer: OpenLevel, sequence: Element, more: Edit | None = None) -> None:
        """Writes a sequence with its content and additional items, without recursion."""
        self._next_group(outer, sequence.tag)
        levels = [self._open_sequence(outer, sequence, more)]
        at = sequence.value
        while levels:
            level = levels[-1]
            if at >= level.stop and not level.undefined:
                self._close(levels.pop())
                continue
            if at + 8 > level.stop:
                raise DamagedError(f"{name(sequence.tag)} is damaged: it ends inside an element")
            child = header(self._source, at, level.within)
            at = child.value
            if child.tag == ENDS[level.in_item]:
                self._close(levels.pop())
            elif not level.in_item:
                if child.tag != tags.ITEM:
                    raise DamagedError(
                        f"unexpected {name(child.tag)} between items of {name(sequence.tag)}"
                    )
                levels.append(self._open_item(level, child))
            else:
                at = self._child(levels, child)

    def _child(self, levels: list[OpenLevel], child: Element) -> int:
        """Writes an element of an item, or opens a sequence; returns the next position."""
        level = levels[-1]
        if child.tag >> 16 == tags.ITEM >> 16:
            raise DamagedError(f"unexpected item tag {name(child.tag)} inside an item")
        self._make_edits(level, child.tag)
        edit = level.edits.get(child.tag)
        opened = edit.adds if edit else self._is_sequence(level, child)
        if opened and (edit or not self._passes(level, child)):
            self._next_group(level, child.tag)
            levels.append(self._open_sequence(level, child, level.edits.pop(child.tag, None)))
            return child.value
        if child.undefined:  # searched only now, or each level would search all levels below again
            end = end_of_items(self._source, child, level.stop, level.within)
            child = child._replace(end=end)
        elif child.end > level.stop:
            raise DamagedError(f"{name(child.tag)} extends beyond its item")
        if child.tag in level.edits:
            self._edit(level, level.edits.pop(child.tag))
        else:
            self._element(level, child)
        return child.end

    def _open_sequence(self, outer: OpenLevel, sequence: Element, more: Edit | None) -> OpenLevel:
        stop = outer.stop if sequence.undefined else sequence.end
        if stop > outer.stop:
            raise DamagedError(f"{name(sequence.tag)} extends beyond its item")
        level = OpenLevel(
            within=inner(sequence, outer.within),
            stop=stop,
            undefined=sequence.undefined,
            in_item=False,
            path=self._way(outer, sequence.tag),
        )
        level.more = more
        self._rope.add(element_header.element_header(sequence.tag, "SQ", 0, self._target)[:-4])
        return self._begin(level)

    def _open_item(self, outer: OpenLevel, item: Element) -> OpenLevel:
        stop = outer.stop if item.undefined else item.end
        if stop > outer.stop:
            raise DamagedError("an item extends beyond its sequence")
        path = self._way(outer, outer.index)
        outer.index += 1
        level = OpenLevel(
            within=of_item(self._source, item.value, stop, outer.within),
            stop=stop,
            undefined=item.undefined,
            path=path,
        )
        level.edits = dict(self._edits.get(path, {}))
        self._rope.add(element_header.tag_bytes(tags.ITEM, self._target))
        return self._begin(level)

    def _way(self, outer: OpenLevel, step: int) -> tuple[int, ...]:
        """Returns the path one step further if it leads to edits, else ``NOWHERE``."""
        path = (*outer.path, step)
        return path if path in self._ways else NOWHERE

    def _begin(self, level: OpenLevel) -> OpenLevel:
        """Writes the length of a sequence or item, or reserves bytes for it."""
        if level.undefined:
            self._rope.add(b"\xff\xff\xff\xff")
        else:
            level.room = self._rope.reserve()
        level.begun = self._rope.size
        return level

    def _close(self, level: OpenLevel) -> None:
        if level.in_item:
            self._make_edits(level, UNDEFINED)
        self._end_group(level)
        if level.more:
            self._rope.add(in_encoding(level.more, self._target))
        if level.room is None:
            self._rope.add(
                element_header.tag_bytes(ENDS[level.in_item], self._target) + b"\0\0\0\0"
            )
        else:
            level.room.fill((self._rope.size - level.begun).to_bytes(4, self._target.order))
