"""The headers that encoders leave out or get wrong: written, taken away, or put right."""

import struct
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from dicomtx.errors import CodecError

RLE_HEADER: Final = struct.Struct("<16I")
SPIFF: Final = b"\xff\xe8"
ADOBE: Final = b"\xff\xee"
SOF3: Final = b"\xff\xc3"
SOS: Final = b"\xff\xda"
SIZ: Final = b"\xff\x51"


def rle(segments: Sequence[bytes | bytearray]) -> bytes:
    """Returns the RLE stream of these segments, each padded to even length (PS3.5 Annex G).

    Raises:
        CodecError: there are more of them than the header has room for.
    """
    if len(segments) > 15:
        raise CodecError(f"RLE has room for 15 segments, not {len(segments)}")
    even = [segment + b"\0" * (len(segment) % 2) for segment in segments]
    offsets = list(accumulate(map(len, even[:-1]), initial=RLE_HEADER.size))
    header = RLE_HEADER.pack(len(even), *offsets, *[0] * (15 - len(even)))
    return b"".join((header, *even))


def without_spiff(stream: bytes) -> bytes:
    """Returns a JPEG-LS stream without its SPIFF segments, which say RGB of any three samples."""
    while stream[2:4] == SPIFF:
        stream = _without_first_segment(stream)
    return stream


def without_colour(stream: bytes) -> bytes:
    """Returns a lossless JPEG stream of three components with nothing in it that says RGB.

    The Adobe segment goes, and the components are called 1, 2, 3 instead of R, G, B. libjpeg-turbo
    3.1 writes wrong samples when it is told that they are YCbCr.
    """
    plain = bytearray(_without_first_segment(stream) if stream[2:4] == ADOBE else stream)
    frame, scan = plain.index(SOF3) + 10, plain.index(SOS) + 5
    for component in range(3):
        plain[frame + 3 * component] = plain[scan + 2 * component] = component + 1
    return bytes(plain)


def with_precision(stream: bytes, components: int, bits: int, *, signed: bool) -> bytes:
    """Returns a JPEG 2000 stream whose components have so many bits (Ssiz, T.800 A.5.1)."""
    told = bytearray(stream)
    first = told.index(SIZ) + 40
    for component in range(components):
        told[first + 3 * component] = (bits - 1) | (0x80 if signed else 0)
    return bytes(told)


def _without_first_segment(stream: bytes) -> bytes:
    return stream[:2] + stream[4 + int.from_bytes(stream[4:6], "big") :]
