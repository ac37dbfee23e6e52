"""Assigns fragments to frames (PS3.5 A.4), even if the offset tables are wrong."""

from collections.abc import Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final

from dicomtx.dicom.pixel_data.encapsulation import Encapsulation, Fragment, Frame
from dicomtx.errors import DamagedError
from dicomtx.storage.source import Source

if TYPE_CHECKING:
    from dicomtx.code_stream.unmarked import Unmarked

# First bytes of the code stream of a frame: JPEG and JPEG-LS, JPEG 2000, JP2, JPEG XL
STARTS: Final = (b"\xff\xd8", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP", b"\xff\x0a", b"\0\0\0\x0cJX")
RLE_HEADER: Final = 64
RLE_START: Final = 8  # bytes that all frames of an image share: segment count, first offset


def frames(
    source: Source,
    pixels: Encapsulation,
    wanted: int | None,
    warnings: list[str],
    *,
    unmarked: "Unmarked | None" = None,
    salvage: bool = False,
) -> tuple[Frame, ...]:
    """Returns the fragments of each frame.

    Code streams that share fragments are split at their ends, if that gives Number of Frames. If
    there are more frames than that, all are kept, with a warning.

    Args:
        source: the source of the fragments.
        pixels: the fragments and offset tables.
        wanted: Number of Frames of the data set, None if missing.
        warnings: receives a warning for each deviation that was handled.
        unmarked: splits frames of syntaxes without markers.
        salvage: whether to return the existing frames if some are missing.

    Raises:
        DamagedError: frames are missing, or it is unclear which fragments belong together.
    """
    count = wanted or 1
    fragments = _without_empty_tail(pixels.fragments, count, warnings)
    _check_tables(pixels, fragments, count, warnings)
    found = _grouped(source, pixels._replace(fragments=fragments), wanted, unmarked)
    if salvage or len(found) < count:
        pieces = tuple(frame for parts in found for frame in _split(source, parts, unmarked))
        found = _separated(found, pieces, wanted, warnings, salvage=salvage)
    if len(found) != count:
        salvaged = "salvaged: " if len(found) < count else ""
        warnings.append(salvaged + _mismatch(wanted, len(found)))
    return found


def _separated(
    groups: tuple[Frame, ...],
    found: tuple[Frame, ...],
    wanted: int | None,
    warnings: list[str],
    *,
    salvage: bool,
) -> tuple[Frame, ...]:
    """Returns the frames after splitting code streams that share fragments.

    Args:
        groups: the fragments that belong together.
        found: the same fragments, split at the ends of code streams.
        wanted: Number of Frames of the data set, None if missing.
        warnings: receives a warning about the split.
        salvage: whether to accept a different number of frames.

    Raises:
        DamagedError: the number of frames is not Number of Frames, and ``salvage`` is false.
    """
    fragments = tuple(chain.from_iterable(groups))
    count = wanted or 1
    if len(found) != count == len(fragments) and (len(found) < count or not salvage):
        return _one_each(fragments)
    if len(found) != count and not salvage:
        raise DamagedError(f"{_mismatch(wanted, len(found))}. Try --salvage to write all of them.")
    if len(found) > len(groups):
        warnings.append(
            f"{len(found)} code streams share {len(fragments)} fragment"
            f"{'s' * (len(fragments) > 1)} of Pixel Data; split at their ends"
        )
    return found


def _mismatch(wanted: int | None, found: int) -> str:
    frames = f"{found} frame{'s' * (found > 1)}"
    return f"Number of Frames is {wanted or 'missing'}, but Pixel Data has {frames}"


def _without_empty_tail(
    fragments: tuple[Fragment, ...], count: int, warnings: list[str]
) -> tuple[Fragment, ...]:
    """Returns the fragments without trailing empty ones that no frame needs."""
    size = len(fragments)
    while size > count and not fragments[size - 1].size:
        size -= 1
    empty = len(fragments) - size
    if empty == 1:
        warnings.append("left out an empty fragment at the end of Pixel Data")
    elif empty:
        warnings.append(f"left out {empty} empty fragments at the end of Pixel Data")
    if not size:
        raise DamagedError("Pixel Data has no fragments")
    return fragments[:size]


def _grouped(
    source: Source, pixels: Encapsulation, wanted: int | None, unmarked: "Unmarked | None"
) -> tuple[Frame, ...]:
    """Groups whole fragments into frames.

    Raises:
        DamagedError: it is unclear which fragments belong together.
    """
    fragments, count = pixels.fragments, wanted or 1
    start = b"" if unmarked else _start(source, fragments[0])
    edges = (*fragments[1:2], fragments[-1])
    if len(fragments) == count and all(_begins(source, part, start) for part in edges):
        return _one_each(fragments)
    starts = (
        _unmarked_starts(source, fragments, unmarked)
        if unmarked
        else _starts(source, pixels, start)
    )
    enough = len(starts) <= count or wanted is None
    told = unmarked or (start and _begins(source, fragments[-1], start))
    if not enough and count == 1 and not told:
        starts = [0]
    elif not enough and len(starts) != len(fragments):
        raise DamagedError(
            f"Pixel Data has {len(fragments)} fragments for {count} frames,"
            " and it is unclear which belong together"
        )
    stops = [*starts[1:], len(fragments)]
    return tuple(fragments[a:b] for a, b in zip(starts, stops, strict=True))


def _unmarked_starts(
    source: Source, fragments: tuple[Fragment, ...], unmarked: "Unmarked"
) -> list[int]:
    """Returns the indices of fragments that begin a frame: the first, and all complete ones."""
    rest = enumerate(fragments[1:], 1)
    whole = (i for i, part in rest if unmarked.end(source.read(part.offset, part.size)))
    return [0, *whole]


def _starts(source: Source, pixels: Encapsulation, start: bytes) -> list[int]:
    """Returns the indices of fragments that begin a frame, from code streams or offset tables."""
    fragments = pixels.fragments
    if start:
        return [i for i, part in enumerate(fragments) if _begins(source, part, start)]
    first = fragments[0].offset - 8
    positions = {fragment.offset - 8 - first: i for i, fragment in enumerate(fragments)}
    for table in (pixels.extended_offset_table, pixels.basic_offset_table):
        if table and table[0] == 0 and all(offset in positions for offset in table):
            return sorted({positions[offset] for offset in table})
    return list(range(len(fragments)))  # otherwise a fragment is a frame (PS3.5 A.4)


def _start(source: Source, fragment: Fragment) -> bytes:
    """Returns the first bytes that all streams of this codec share; empty if unknown."""
    head = source.peek(fragment.offset, min(RLE_HEADER, fragment.size))
    known = next((start for start in STARTS if head.startswith(start)), b"")
    return known or (head[:RLE_START] if _is_rle(head) else b"")


def _begins(source: Source, fragment: Fragment, start: bytes) -> bool:
    """Returns whether a fragment begins with ``start``; true for all if ``start`` is empty."""
    size = RLE_HEADER if len(start) == RLE_START else len(start)
    head = source.peek(fragment.offset, min(size, fragment.size))
    return head.startswith(start) and (len(start) != RLE_START or _is_rle(head))


def _is_rle(head: bytes) -> bool:
    from dicomtx.code_stream import rle  # noqa: PLC0415 - native files do not need it

    return rle.read(head) is not None


def _split(source: Source, parts: Frame, unmarked: "Unmarked | None") -> list[Frame]:
    """Splits joined fragments into one frame for each code stream in them."""
    from dicomtx import code_stream  # noqa: PLC0415 - native files do not need it

    data = b"".join(source.read(part.offset, part.size) for part in parts)
    starts = unmarked.starts(data) if unmarked else code_stream.starts(data)
    edges = [*starts, len(data)]
    return [_between(parts, start, stop) for start, stop in pairwise(edges)]


def _between(parts: Frame, start: int, stop: int) -> Frame:
    """Returns the parts of fragments that hold the bytes from ``start`` to ``stop``."""
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
            warnings.append(f"the {kind} Offset Table is wrong; located frames by code streams")
