"""The header of an RLE frame (PS3.5 G.5): 16 words, a count and the offsets of the segments."""

import struct
from itertools import pairwise
from typing import Final

from dicomtx.code_stream.code_stream import ROOT, CodeStream

HEADER: Final = 64  # bytes
SEGMENTS: Final = 15


def offsets(data: bytes) -> tuple[int, ...]:
    """Returns the offsets of the segments, or nothing if there are none or they do not increase."""
    if len(data) < HEADER:
        return ()
    count, *found = struct.unpack_from("<16I", data)
    if not 1 <= count <= SEGMENTS:
        return ()
    edges = (HEADER - 1, *found[:count])
    return edges[1:] if all(a < b for a, b in pairwise(edges)) else ()


def read(data: bytes) -> CodeStream | None:
    """Returns the number of segments, or None if the data does not look like an RLE frame.

    RLE has no magic number, so the header must follow G.5 exactly: the first segment starts right
    after it, and unused offsets are zero.
    """
    found = offsets(data)
    if not found or found[0] != HEADER or any(data[4 + 4 * len(found) : HEADER]):
        return None
    return CodeStream(family="RLE", syntax=ROOT + ".5", segments=len(found))
