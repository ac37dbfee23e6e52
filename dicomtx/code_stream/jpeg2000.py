"""The main header of a JPEG 2000 (ISO/IEC 15444-1) or HTJ2K (15444-15) code stream."""

import struct
from typing import Final, NamedTuple

from dicomtx.code_stream.code_stream import ROOT, CodeStream
from dicomtx.code_stream.structure import segments

SOC_SIZ: Final = b"\xff\x4f\xff\x51"
BOXED: Final = b"\x00\x00\x00\x0cjP  \x0d\x0a\x87\x0a"  # JP2 and JPH
END: Final = b"\xff\xd9"
COD_MARKER: Final = b"\xff\x52"
SOT_MARKER: Final = b"\xff\x90"
SOT_BYTES: Final = 12  # the marker segment
CAP, SIZ, COD, COC, TLM, SOT = 0x50, 0x51, 0x52, 0x53, 0x55, 0x90
PART_15: Final = 1 << 17  # Pcap15: the block coder is HTJ2K's
PROGRESSIONS: Final = ("LRCP", "RLCP", "RPCL", "PCRL", "CPRL")
RPCL: Final = PROGRESSIONS.index("RPCL")
WHOLE: Final = 1 << 15  # sides up to this length have one precinct, unless COD divides them
TILES: Final = 65535  # the most that a tile-part header can number
BASE: Final = 64  # PS3.5 10.18: the longest that one side of the base resolution can be


def read(data: bytes, *, boxed: bool = False) -> CodeStream | None:
    """Returns the properties in the main header, or None if SIZ or COD is missing or invalid."""
    header: dict[int, list[bytes]] = {}
    for marker, body in segments(data, 2):
        if marker == SOT:
            break
        header.setdefault(marker, []).append(body)
    size = header.get(SIZ, [b""])[0]
    coding = header.get(COD, [b""])[0]
    if len(coding) < 10 or not _sensible(size):
        return None
    right, bottom, left, top = struct.unpack_from(">4I", size, 2)
    components = [tuple(size[at : at + 3]) for at in range(36, len(size), 3)]
    throughput = any(_capabilities(body) & PART_15 for body in header.get(CAP, ()))
    reversible = coding[9] == 1 and all(
        _component_is_reversible(body, len(components)) for body in header.get(COC, ())
    )
    thumbnail = (
        TLM in header
        and coding[1] == RPCL
        and min(right - left, bottom - top) <= BASE << min(coding[5], 32)
    )
    return CodeStream(
        family="HTJ2K" if throughput else "JPEG 2000",
        syntax=f"{ROOT}.4.{_syntax(throughput, reversible, thumbnail)}",
        rows=bottom - top,
        columns=right - left,
        components=len(components),
        precision=max((depth & 0x7F) + 1 for depth, _, _ in components),
        signed=components[0][0] >= 0x80,
        transform=("RCT" if reversible else "ICT") if coding[4] else "",
        subsampled=any((x, y) != (1, 1) for _, x, y in components),
        distances=(max(x for _, x, _ in components), max(y for _, _, y in components)),
        boxed=boxed,
        progression=PROGRESSIONS[coding[1]] if coding[1] < len(PROGRESSIONS) else "",
        levels=coding[5],
        tile_size=struct.unpack_from(">2I", size, 18),
    )


def with_progression(stream: bytes, progression: str) -> bytes:
    """Returns a stream whose COD segment has another progression; empty if packets would move.

    The packets must have the same order in both progressions, and there must be one quality layer.
    """
    said, at = read(stream), stream.find(COD_MARKER)
    if said is None or at < 0 or int.from_bytes(stream[at + 6 : at + 8], "big") != 1:
        return b""
    whole = _has_whole_precincts(said, stream[at + 4 :])
    orders = {
        packet_order(name, said.components, divided=not whole)
        for name in (said.progression, progression)
    }
    index = PROGRESSIONS.index(progression)
    return stream[: at + 5] + bytes((index,)) + stream[at + 6 :] if len(orders) == 1 else b""


def packet_order(progression: str, components: int, *, divided: bool) -> str:
    """Returns by what packets are sorted if there is one quality layer (ISO/IEC 15444-1 B.12).

    Args:
        progression: one of ``PROGRESSIONS``.
        components: the number of components.
        divided: whether a resolution has several precincts.

    Returns:
        R (resolution), C (component) and P (position), without those that have only one value.
    """
    order = progression.replace("L", "")
    order = order if components > 1 else order.replace("C", "")
    return order if divided else order.replace("P", "")


def _has_whole_precincts(said: CodeStream, coding: bytes) -> bool:
    """Returns whether each resolution of an image, or of each of its tiles, is one precinct."""
    if not coding[0] & 1:
        return max(said.rows, said.columns) <= WHOLE
    sides = said.columns, said.rows
    powers = ((size & 15, size >> 4) for size in coding[10 : 11 + said.levels])
    whole = all(
        -(-side >> said.levels - level) <= 1 << power
        for level, both in enumerate(powers)
        for side, power in zip(sides, both, strict=True)
    )
    return whole and all(map(int.__ge__, said.tile_size, sides))


def end(stream: bytes) -> int:
    """Returns the position after EOC, 0 if there is none.

    Tile-parts declare their length (ISO/IEC 15444-1 A.4.2). If they do not lead to EOC, the last
    EOC after them counts, as coded data never contains the marker.
    """
    first = _main_header_end(stream)
    at, _ = _tile_parts(stream, first)
    if stream.startswith(END, at):
        return at + len(END)
    last = stream.rfind(END, first)
    return last + len(END) if last > 0 else 0


def end_of_tile_parts(stream: bytes) -> int:
    """Returns the position after the last tile-part, 0 if any data may be missing.

    Each tile must declare how many tile-parts it has, and each tile-part its length. A last byte
    of 00 may be padding in place of data.
    """
    at, parts = _tile_parts(stream, _main_header_end(stream))
    size = stream[6 : 4 + int.from_bytes(stream[4:6], "big")]
    if at > len(stream) or stream[at - 1] == 0 or not _sensible(size):
        return 0
    tiles: dict[int, tuple[set[int], set[int]]] = {}
    for part in parts:
        numbers, counts = tiles.setdefault(part.tile, (set(), set()))
        numbers.add(part.part)
        counts.update({part.parts} - {0})
    whole = all(counts == {len(n)} and n == {*range(len(n))} for n, counts in tiles.values())
    return at if whole and tiles.keys() == {*range(_tiles(size))} else 0


class _TilePart(NamedTuple):
    """The header of a tile-part: its tile, its number there, and their count; 0 if unknown."""

    tile: int
    part: int
    parts: int


def _main_header_end(stream: bytes) -> int:
    """Returns where the first tile-part begins."""
    at = 2
    while stream.startswith(b"\xff", at) and stream[at : at + 2] not in (SOT_MARKER, END):
        at += 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return at


def _tile_parts(stream: bytes, at: int) -> tuple[int, list[_TilePart]]:
    """Returns the position after the tile-parts that begin at ``at``, and their headers.

    A last tile-part of unknown length (Psot is 0) is left out.
    """
    parts = []
    while stream.startswith(SOT_MARKER, at) and at + SOT_BYTES <= len(stream):
        tile, length, part, count = struct.unpack_from(">HIBB", stream, at + 4)
        if not length:
            break
        parts.append(_TilePart(tile, part, count))
        at += length
    return at, parts


def _sensible(size: bytes) -> bool:
    """Returns whether a SIZ segment has a valid length, image area and number of tiles."""
    if len(size) < 39:
        return False
    right, bottom, left, top, width, height, tiles_left, tiles_top = struct.unpack_from(
        ">8I", size, 2
    )
    (components,) = struct.unpack_from(">H", size, 34)
    return (
        len(size) == 36 + 3 * components
        and tiles_left <= left < right
        and tiles_top <= top < bottom
        and tiles_left + width > left
        and tiles_top + height > top
        and _tiles(size) <= TILES
        and all(size[37::3])
        and all(size[38::3])
    )


def _tiles(size: bytes) -> int:
    """Returns the number of tiles that a SIZ segment describes (ISO/IEC 15444-1 B.3)."""
    right, bottom, _, _, width, height, left, top = struct.unpack_from(">8I", size, 2)
    across: int = -((left - right) // width)
    down: int = -((top - bottom) // height)
    return across * down


def _capabilities(body: bytes) -> int:
    """Returns Pcap of a CAP segment."""
    return int.from_bytes(body[:4], "big") if len(body) >= 4 else 0


def _component_is_reversible(body: bytes, components: int) -> bool:
    """Returns whether the transformation byte of a COC segment is reversible."""
    at = 6 if components < 257 else 7
    return len(body) > at and body[at] == 1


def _syntax(throughput: bool, reversible: bool, thumbnail: bool) -> str:  # noqa: FBT001 (private, and each is what it is called)
    """Returns the last number of the UID."""
    if not throughput:
        return "90" if reversible else "91"
    if not reversible:
        return "203"
    return "202" if thumbnail else "201"
