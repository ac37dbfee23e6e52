"""Which fragments make which frame (PS3.5 A.4), whatever the offset tables say."""

import struct
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Final, NamedTuple

from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import EXPLICIT, ITEM, PIXEL_DATA, SEQUENCE_END, Element, header
from dicomtx.dicom.pixel_data.pixel_form import has_items
from dicomtx.errors import DamagedError
from dicomtx.storage.source import Source

# what the code stream of a frame may begin with: JPEG and JPEG-LS, JPEG 2000, JP2, JPEG XL
STARTS: Final = (b"\xff\xd8", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP", b"\xff\x0a", b"\0\0\0\x0cJX")
RLE_HEADER: Final = 64
RLE_START: Final = 8  # bytes that the headers of an image's frames share: count, first offset


class Fragment(NamedTuple):
    """The bytes of one item of encapsulated Pixel Data, without its header."""

    offset: int
    size: int


Frame = tuple[Fragment, ...]


class Encapsulation(NamedTuple):
    """Encapsulated Pixel Data as it stands.

    Attributes:
        basic_offset_table: its offsets, empty if it has none.
        extended_offset_table: likewise, of (7FE0,0001).
        fragments: all of them, in order.
        terminated: there is a sequence delimiter where one is needed.
    """

    basic_offset_table: tuple[int, ...]
    extended_offset_table: tuple[int, ...]
    fragments: tuple[Fragment, ...]
    terminated: bool


def read(data_set: DataSet, warnings: list[str] | None = None) -> Encapsulation:
    """Returns the fragments and tables of a data set's Pixel Data.

    Args:
        data_set: has encapsulated Pixel Data.
        warnings: if given, what is cut off is taken as it is, and that is said here.

    Raises:
        DamagedError: the items are broken or cut off.
    """
    element = data_set.find(PIXEL_DATA)
    if element is None:
        raise DamagedError("there is no Pixel Data")
    source = data_set.source
    if not element.undefined and not has_items(source, element):  # one bare code stream
        whole = Fragment(element.value, element.end - element.value)
        return Encapsulation((), (), (whole,), terminated=True)
    found, terminated = _items(source, element, warnings)
    if not found:
        raise DamagedError("Pixel Data has no Basic Offset Table and no fragments")
    table, *fragments = found
    return Encapsulation(
        _unpacked(source.read(table.offset, table.size), "I"),
        _unpacked(data_set.value(0x7FE00001), "Q"),
        tuple(fragments),
        terminated or not element.undefined,
    )


def _items(
    source: Source, element: Element, warnings: list[str] | None
) -> tuple[list[Fragment], bool]:
    """Returns the items of Pixel Data, and whether a sequence delimiter follows them."""
    found: list[Fragment] = []
    at = element.value
    while at + 8 <= element.end:
        item = header(source, at, EXPLICIT)
        if item.tag == SEQUENCE_END:
            return found, True
        if item.tag != ITEM or item.end > element.end:
            what = f"fragment {len(found)} of Pixel Data is broken or cut off"
            if warnings is None:
                raise DamagedError(f"{what}. Try --salvage to write what is there.")
            warnings.append(f"salvaged: {what}")
            if item.tag == ITEM:
                found.append(Fragment(item.value, element.end - item.value))
            break
        found.append(Fragment(item.value, item.length))
        at = item.end
    return found, False


def _unpacked(raw: bytes, code: str) -> tuple[int, ...]:
    size = struct.calcsize(code)
    return struct.unpack(f"<{len(raw) // size}{code}", raw[: len(raw) // size * size])


def frames(
    source: Source,
    pixels: Encapsulation,
    wanted: int | None,
    warnings: list[str],
    *,
    salvage: bool = False,
) -> tuple[Frame, ...]:
    """Returns the fragments of each frame.

    Code streams that share fragments are split where they end, if that gives as many as Number of
    Frames says. If there are more frames than that, all are kept, with a warning.

    Args:
        source: where the fragments are.
        pixels: what there is.
        wanted: Number of Frames as the data set says it, None if it does not.
        warnings: deviations that were handled are added here.
        salvage: take the frames that are there, if some are missing.

    Raises:
        DamagedError: frames are missing, or nothing tells which fragments belong together.
    """
    count = wanted or 1
    fragments = _without_empty_tail(pixels.fragments, count, warnings)
    _check_tables(pixels, fragments, count, warnings)
    found = _grouped(source, pixels, fragments, wanted)
    if salvage or len(found) < count:
        found = _separated(source, found, wanted, warnings, salvage=salvage)
    if len(found) != count:
        salvaged = "salvaged: " if len(found) < count else ""
        warnings.append(salvaged + _mismatch(wanted, len(found)))
    return found


def _separated(
    source: Source,
    groups: tuple[Frame, ...],
    wanted: int | None,
    warnings: list[str],
    *,
    salvage: bool,
) -> tuple[Frame, ...]:
    """Returns the frames once code streams that share fragments are split where they end.

    Raises:
        DamagedError: there are more or fewer than Number of Frames says, and nothing is salvaged.
    """
    fragments = tuple(chain.from_iterable(groups))
    found = tuple(frame for parts in groups for frame in _split(source, parts))
    count = wanted or 1
    if len(found) != count == len(fragments) and (len(found) < count or not salvage):
        return _one_each(fragments)
    if len(found) != count and not salvage:
        raise DamagedError(f"{_mismatch(wanted, len(found))}. Try --salvage to take them all.")
    if len(found) > len(groups):
        warnings.append(
            f"{len(found)} code streams share {len(fragments)} fragment"
            f"{'s' * (len(fragments) > 1)} of Pixel Data: split where they end"
        )
    return found


def _mismatch(wanted: int | None, found: int) -> str:
    frames = f"{found} frame{'s' * (found > 1)}"
    return f"Number of Frames is {wanted or 'missing'}, but Pixel Data has {frames}"


def _without_empty_tail(
    fragments: tuple[Fragment, ...], count: int, warnings: list[str]
) -> tuple[Fragment, ...]:
    """Returns the fragments without the empty ones at the end that no frame needs."""
    size = len(fragments)
    while size > count and not fragments[size - 1].size:
        size -= 1
    empty = len(fragments) - size
    if empty == 1:
        warnings.append("an empty fragment at the end of Pixel Data was left out")
    elif empty:
        warnings.append(f"{empty} empty fragments at the end of Pixel Data were left out")
    if not size:
        raise DamagedError("Pixel Data has no fragments")
    return fragments[:size]


def _grouped(
    source: Source, pixels: Encapsulation, fragments: tuple[Fragment, ...], wanted: int | None
) -> tuple[Frame, ...]:
    """Returns the fragments of each frame; a frame ends with its last fragment.

    Raises:
        DamagedError: nothing tells which belong together.
    """
    count, start = wanted or 1, _start(source, fragments[0])
    edges = (*fragments[1:2], fragments[-1])
    if len(fragments) == count and all(_begins(source, part, start) for part in edges):
        return _one_each(fragments)
    starts = _starts(source, pixels, fragments, start)
    enough = len(starts) <= count or wanted is None
    if not enough and count == 1 and not (start and _begins(source, fragments[-1], start)):
        starts = [0]
    elif not enough and len(starts) != len(fragments):
        raise DamagedError(
            f"Pixel Data has {len(fragments)} fragments for {count} frames,"
            " and nothing tells which belong together"
        )
    stops = [*starts[1:], len(fragments)]
    return tuple(fragments[a:b] for a, b in zip(starts, stops, strict=True))


def _starts(
    source: Source, pixels: Encapsulation, fragments: tuple[Fragment, ...], start: bytes
) -> list[int]:
    """Returns the indices of the fragments that begin a frame, by the streams or the tables."""
    if start:
        return [i for i, part in enumerate(fragments) if _begins(source, part, start)]
    first = fragments[0].offset - 8
    positions = {fragment.offset - 8 - first: i for i, fragment in enumerate(fragments)}
    for table in (pixels.extended_offset_table, pixels.basic_offset_table):
        if table and table[0] == 0 and all(offset in positions for offset in table):
            return sorted({positions[offset] for offset in table})
    return list(range(len(fragments)))  # deflate and others: a fragment is a frame (PS3.5 A.4)


def _start(source: Source, fragment: Fragment) -> bytes:
    """Returns what the streams of this codec begin with, empty if nothing tells."""
    head = source.peek(fragment.offset, min(RLE_HEADER, fragment.size))
    known = next((start for start in STARTS if head.startswith(start)), b"")
    return known or (head[:RLE_START] if _is_rle(head) else b"")


def _begins(source: Source, fragment: Fragment, start: bytes) -> bool:
    """Whether a fragment begins a stream as ``start`` does; any does if that is empty."""
    size = RLE_HEADER if len(start) == RLE_START else len(start)
    head = source.peek(fragment.offset, min(size, fragment.size))
    return head.startswith(start) and (len(start) != RLE_START or _is_rle(head))


def _is_rle(head: bytes) -> bool:
    from dicomtx.code_stream import rle  # noqa: PLC0415 - native files need none

    return rle.read(head) is not None


def _split(source: Source, parts: Frame) -> list[Frame]:
    """Returns the fragments of one frame as those of the code streams that are in them."""
    from dicomtx import code_stream  # noqa: PLC0415 - native files need none

    data = b"".join(source.read(part.offset, part.size) for part in parts)
    edges = [*code_stream.starts(data), len(data)]
    return [_between(parts, start, stop) for start, stop in pairwise(edges)]


def _between(parts: Frame, start: int, stop: int) -> Frame:
    """Returns the pieces of fragments that hold the bytes from ``start`` to ``stop``."""
    found, at = [], 0
    for part in parts:
        first, last = max(start - at, 0), min(stop - at, part.size)
        if first < last:
            found.append(Fragment(part.offset + first, last - first))
        at += part.size
    return tuple(found)


def _one_each(fragments: Sequence[Fragment]) -> tuple[Frame, ...]:
    return tuple((fragment,) for fragment in fragments)


def _check_tables(
    pixels: Encapsulation, fragments: Sequence[Fragment], count: int, warnings: list[str]
) -> None:
    if not pixels.terminated:
        warnings.append("Pixel Data has no sequence delimiter")
    tables = (
        ("Basic", pixels.basic_offset_table),
        ("Extended", pixels.extended_offset_table),
    )
    first = fragments[0].offset - 8
    for kind, table in tables:
        if not table:
            continue
        positions = {fragment.offset - 8 - first for fragment in fragments}
        if len(table) != count or not positions.issuperset(table):
            warnings.append(f"the {kind} Offset Table is wrong: frames are told from the streams")
