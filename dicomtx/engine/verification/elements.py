"""Verifies the written file: syntax, identity, and every element (always done)."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Final

from dicomtx.codecs.checksum import crc32
from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.elements import Element, name
from dicomtx.dicom.part10 import Part10
from dicomtx.dicom.rewriter import in_encoding
from dicomtx.dicom.rope import WORDS, PixelData, Sum, swapped
from dicomtx.errors import VerificationError
from dicomtx.storage.checksum import checksum
from dicomtx.transfer_syntaxes import TransferSyntax

MANY: Final = 4096  # elements in memory at once
SMALL: Final = 4096  # bytes up to which values are read together with their neighbours

Edits = dict[tuple[int, ...], list[Edit]]
"""Edits by path."""


def post_conditions(
    source: Part10, output: Part10, target: TransferSyntax, edits: Iterable[Edit]
) -> None:
    """Checks the output's syntax and identity, and that each element has the expected value.

    Raises:
        VerificationError: the syntax, the identity or an element is wrong.
    """
    if output.label != target:
        found = output.label.name if output.label else "nothing"
        raise VerificationError(f"the file meta information says {found}, not {target.name}")
    if output.warnings:
        raise VerificationError(f"the written file is not valid: {output.warnings[0]}")
    edits = tuple(edits)
    if any(edit.tag == tags.SOP_INSTANCE_UID and not edit.path for edit in edits):
        new = output.data_set.text(tags.SOP_INSTANCE_UID)
        told = output.meta.text(tags.MEDIA_STORAGE_SOP_INSTANCE_UID)
        if told != new:
            raise VerificationError(f"the file meta information says {told}, not {new}")
    by_path: Edits = {}
    for edit in edits:
        by_path.setdefault(edit.path, []).append(edit)
    _same_elements(source.data_set, output.data_set, by_path)
    opened: dict[tuple[int, ...], list[DataSet]] = {}
    for edit in edits:
        if edit.path:
            _check_edit(_at(output.data_set, edit.path, opened), edit)


def _same_elements(
    before: DataSet, after: DataSet, edits: Edits, path: tuple[int, ...] = ()
) -> None:
    """Compares the tags and values of a data set, or of the item at a path.

    A sequence in which something changed is compared item by item.
    """
    changed = {edit.tag: edit for edit in edits.get(path, ())}
    within = _sequences(edits, path, changed)
    skipped = within | (set() if path else {tags.PIXEL_DATA})
    pairs = _paired(_unedited(before, changed), _unedited(after, changed))
    compared = (pair for pair in pairs if pair[0].tag not in skipped)
    for old, new in _unproven(before, after, compared):
        if not _same_value(before, old, after, new):
            raise VerificationError(f"{name(old.tag)} was written with the wrong value")
    for tag in within:
        _same_items(before, after, edits, (*path, tag))
    if not path:
        for edit in changed.values():
            _check_edit(after, edit)


def _sequences(edits: Edits, path: tuple[int, ...], changed: Mapping[int, Edit]) -> set[int]:
    """Returns the sequences of a data set in which something changed, or to which items came."""
    size = len(path)
    inside = {around[size] for around in edits if len(around) > size and around[:size] == path}
    replaced = {tag for tag, edit in changed.items() if not edit.adds}
    return (inside | {tag for tag, edit in changed.items() if edit.adds}) - replaced


def _same_items(before: DataSet, after: DataSet, edits: Edits, path: tuple[int, ...]) -> None:
    """Compares the items of a sequence; only an edit can have added more of them."""
    written = after.items(path[-1])
    for index, old in enumerate(before.items(path[-1])):
        new = next(written, None)
        if new is None:
            raise VerificationError(f"an item of {name(path[-1])} is missing")
        _same_elements(old, new, edits, (*path, index))
    added = any(edit.adds and edit.tag == path[-1] for edit in edits.get(path[:-1], ()))
    if not added and next(written, None) is not None:
        raise VerificationError(f"{name(path[-1])} has an item more than before")


Pair = tuple[Element, Element]


def _paired(before: Iterator[Element], after: Iterator[Element]) -> Iterator[Pair]:
    """Yields the elements of both data sets in pairs of one tag.

    Raises:
        VerificationError: the tags differ.
    """
    for old, new in zip_longest(before, after):
        if not (old and new) or old.tag != new.tag:
            lost, come = (name(e.tag) if e else "nothing" for e in (old, new))
            raise VerificationError(f"expected {lost}, but {come} was written")
        yield old, new


def _unedited(data_set: DataSet, changed: Mapping[int, Edit]) -> Iterator[Element]:
    """Yields the elements without edits, except group lengths."""
    return (e for e in data_set.elements if e.tag not in changed and e.tag & 0xFFFF)


def _unproven(before: DataSet, after: DataSet, pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Yields the pairs whose values still need to be compared.

    Elements that are adjacent in both data sets are compared at once, including their headers. If
    they differ, all pairs of that run are yielded.
    """
    run: list[Pair] = []
    ends = (0, 0)
    for pair in pairs if before.encoding == after.encoding else ():
        old, new = pair
        if run and (len(run) == MANY or ends != (old.start, new.start)):
            yield from _differing(before, after, run)
            run = []
        run.append(pair)
        ends = old.end, new.end
    yield from _differing(before, after, run) if run else pairs


def _differing(before: DataSet, after: DataSet, run: list[Pair]) -> list[Pair]:
    """Returns the pairs of a run; none if all its bytes are the same."""
    (old, new), (last, other) = run[0], run[-1]
    size = last.end - old.start
    same = size == other.end - new.start and _same_spans(
        before.source.chunks(old.start, size), after.source.chunks(new.start, size)
    )
    return [] if same else run


def _same_spans(some: Iterator[bytes], others: Iterator[bytes]) -> bool:
    return all(a == b for a, b in zip(some, others, strict=True))


def _at(
    data_set: DataSet, path: tuple[int, ...], opened: dict[tuple[int, ...], list[DataSet]]
) -> DataSet:
    """Returns the item at a path; the items of each sequence are looked up once."""
    for n in range(0, len(path), 2):
        way = path[: n + 1]
        if way not in opened:
            opened[way] = list(data_set.items(path[n]))
        data_set = opened[way][path[n + 1]]
    return data_set


def _check_edit(after: DataSet, edit: Edit) -> None:
    found = [element for element in after.elements if element.tag == edit.tag]
    if edit.value is None and found:
        raise VerificationError(f"{name(edit.tag)} was not removed")
    if edit.value is None or edit.tag & 0xFFFF == 0:
        return
    if len(found) != 1 or not _holds(after, found[0], edit):
        raise VerificationError(f"{name(edit.tag)} was written with the wrong value")


def _holds(after: DataSet, element: Element, edit: Edit) -> bool:
    """Returns whether the value is the edit's, or ends with the items that it adds."""
    expected = in_encoding(edit, after.encoding)
    at, size = _place(element)
    size -= 8 if edit.vr == "SQ" and element.undefined else 0  # its delimiter
    before = size - len(expected)
    if before < 0 or (before and not edit.adds):
        return False
    return after.source.read(at + before, len(expected)) == expected


def _place(element: Element) -> tuple[int, int]:
    return element.value, element.end - element.value


def pixel_data(before: DataSet, after: DataSet, wanted: PixelData | None) -> None:
    """Compares the bytes of Pixel Data with the expected ones.

    Args:
        before: the source.
        after: the output.
        wanted: the new Pixel Data; None if that of the source was kept.

    Raises:
        VerificationError: they differ.
    """
    old, new = before.find(tags.PIXEL_DATA), after.find(tags.PIXEL_DATA)
    if wanted is None:
        same = (old is None) == (new is None)
        if old and new:
            same = _same_value(before, old, after, new)
    elif new and wanted.items:
        same = _same_outline(wanted, after, new) and _has_sum(after, new, wanted.items)
    else:
        same = new is not None and _same_bytes(wanted.value.chunks(), after, new)
    if not same:
        raise VerificationError("the written Pixel Data differs from the expected bytes")


def _has_sum(after: DataSet, element: Element, items: Sum) -> bool:
    """Returns whether the frames match their checksum from before they went to a spool file."""
    found = checksum(after.source, element.value + items.offset, items.size, crc32)
    return found == items.crc


def _same_outline(wanted: PixelData, after: DataSet, element: Element) -> bool:
    """Returns whether everything but the frames is the same: offset table and delimiter."""
    at, size = _place(element)
    for piece in wanted.value.outline():
        length = piece if isinstance(piece, int) else len(piece)
        if not isinstance(piece, int) and after.source.read(at, length) != piece:
            return False
        at, size = at + length, size - length
    return size == 0


def _same_bytes(expected: Iterator[bytes | bytearray], after: DataSet, element: Element) -> bool:
    at, size = _place(element)
    for chunk in expected:
        if after.source.read(at, len(chunk)) != chunk:
            return False
        at, size = at + len(chunk), size - len(chunk)
    return size == 0


def _same_value(before: DataSet, old: Element, after: DataSet, new: Element) -> bool:
    if before.encoding != after.encoding and (old.undefined or "SQ" in (old.vr, new.vr)):
        return old.undefined == new.undefined
    size = old.end - old.value
    if size != new.end - new.value:
        return False
    if size <= SMALL and before.encoding.big_endian == after.encoding.big_endian:
        return before.source.peek(old.value, size) == after.source.peek(new.value, size)
    swap = before.encoding.big_endian != after.encoding.big_endian
    word = WORDS.get(new.vr or old.vr, 1) if swap else 1
    chunks = zip(
        before.source.chunks(old.value, size), after.source.chunks(new.value, size), strict=True
    )
    return all(swapped(a, word) == b for a, b in chunks)
