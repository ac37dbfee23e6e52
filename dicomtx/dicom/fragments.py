"""Which fragments make which frame (PS3.5 A.4), whatever the offset tables say."""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import EXPLICIT, ITEM, PIXEL_DATA, SEQUENCE_END, header
from dicomtx.errors import DamagedError
from dicomtx.sources import Source

# what the code stream of a frame may begin with: JPEG and JPEG-LS, JPEG 2000, JP2, JPEG XL
STARTS: Final = (b"\xff\xd8", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP", b"\xff\x0a", b"\0\0\0\x0cJX")


class Fragment(NamedTuple):
    """The bytes of one item of encapsulated Pixel Data, without its header."""

    offset: int
    size: int


class Encapsulation(NamedTuple):
    """Encapsulated Pixel Data as it stands.

    Attributes:
        basic_offset_table: its offsets, empty if it has none.
        extended_offset_table: likewise, of (7FE0,0001).
        fragments: all of them, in order.
        terminated: there is a sequence delimiter.
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
    found: list[Fragment] = []
    at, terminated = element.value, False
    while at + 8 <= element.end:
        item = header(source, at, EXPLICIT)
        if item.tag == SEQUENCE_END:
            terminated = True
            break
        if item.tag != ITEM or item.end > element.end:
            what = f"fragment {len(found)} of Pixel Data is broken or cut off"
            if warnings is None:
                raise DamagedError(what)
            warnings.append(f"salvaged: {what}")
            if item.tag == ITEM:
                found.append(Fragment(item.value, element.end - item.value))
            break
        found.append(Fragment(item.value, item.length))
        at = item.end
    if not found:
        raise DamagedError("Pixel Data has no Basic Offset Table and no fragments")
    table, *fragments = found
    return Encapsulation(
        _unpacked(source.read(table.offset, table.size), "I"),
        _unpacked(data_set.value(0x7FE00001), "Q"),
        tuple(fragments),
        terminated,
    )


def _unpacked(raw: bytes, code: str) -> tuple[int, ...]:
    size = struct.calcsize(code)
    return struct.unpack(f"<{len(raw) // size}{code}", raw[: len(raw) // size * size])


def frames(
    source: Source, pixels: Encapsulation, wanted: int | None, warnings: list[str]
) -> tuple[tuple[Fragment, ...], ...]:
    """Returns the fragments of each frame.

    Args:
        source: where the fragments are.
        pixels: what there is.
        wanted: Number of Frames as the data set says it, None if it does not.
        warnings: what is not as it should be is added here.

    Raises:
        DamagedError: no way to tell, or frames are missing.
    """
    fragments = pixels.fragments
    while fragments and not fragments[-1].size and len(fragments) > (wanted or 1):
        fragments = fragments[:-1]
        warnings.append("an empty fragment at the end of Pixel Data was left out")
    if not fragments:
        raise DamagedError("Pixel Data has no fragments")
    _check_tables(pixels, fragments, wanted or 1, warnings)
    if len(fragments) == (wanted or 1):
        return tuple((fragment,) for fragment in fragments)
    starts = _starts(source, pixels, fragments)
    if len(starts) == (wanted or 1) or (wanted is None and len(starts) > 1):
        pass
    elif (wanted or 1) == 1 and not _magic(source, fragments[-1]):
        starts = [0]
    elif len(starts) == len(fragments):
        starts = list(range(len(fragments)))
    else:
        raise DamagedError(
            f"Pixel Data has {len(fragments)} fragments for {wanted or 1} frames,"
            " and nothing tells which belong together"
        )
    if wanted not in (None, len(starts)):
        warnings.append(f"Number of Frames is {wanted}, but Pixel Data has {len(starts)} frames")
    stops = [*starts[1:], len(fragments)]
    return tuple(fragments[a:b] for a, b in zip(starts, stops, strict=True))


def _starts(source: Source, pixels: Encapsulation, fragments: Sequence[Fragment]) -> list[int]:
    """Returns the indices of the fragments that begin a frame, by the streams or the tables."""
    magic = _magic(source, fragments[0])
    if magic:
        return [i for i, part in enumerate(fragments) if _begins(source, part, magic)]
    first = fragments[0].offset - 8
    positions = {fragment.offset - 8 - first: i for i, fragment in enumerate(fragments)}
    for table in (pixels.extended_offset_table, pixels.basic_offset_table):
        if table and table[0] == 0 and all(offset in positions for offset in table):
            return sorted({positions[offset] for offset in table})
    return list(range(len(fragments)))  # RLE, deflate: a fragment is a frame (PS3.5 A.4.2)


def _magic(source: Source, fragment: Fragment) -> bytes:
    """Returns what the streams of this codec begin with, empty if nothing tells."""
    return next((magic for magic in STARTS if _begins(source, fragment, magic)), b"")


def _begins(source: Source, fragment: Fragment, magic: bytes) -> bool:
    return source.peek(fragment.offset, min(len(magic), fragment.size)) == magic


def _check_tables(
    pixels: Encapsulation, fragments: Sequence[Fragment], wanted: int, warnings: list[str]
) -> None:
    if not pixels.terminated:
        warnings.append("Pixel Data has no sequence delimiter")
    first = fragments[0].offset - 8
    positions = {fragment.offset - 8 - first for fragment in fragments}
    tables = (
        ("Basic", pixels.basic_offset_table),
        ("Extended", pixels.extended_offset_table),
    )
    for kind, table in tables:
        if table and (len(table) != wanted or not positions.issuperset(table)):
            warnings.append(f"the {kind} Offset Table is wrong: frames are told from the streams")
