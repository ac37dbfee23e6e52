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
END: Final = b"\xff\xd9"


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


def require_end(stream: bytes) -> None:
    """Refuses a JPEG, JPEG-LS or JPEG 2000 stream that was cut short.

    libjpeg and GDCM make up the rest, CharLS looks for it for minutes. The marker cannot stand
    within entropy-coded data.

    Raises:
        CodecError: the stream has no end.
    """
    if stream.rfind(END) < 0:  # from behind: it is seldom far
        raise CodecError("the stream was cut short: it has no end marker (FFD9)")


def require_segments(stream: bytes, plane: int) -> None:
    """Refuses an RLE stream with a segment that does not hold ``plane`` bytes.

    GDCM makes up what is missing.

    Raises:
        CodecError: a segment is short.
    """
    if any(_held(segment, plane)[0] < plane for segment in _segments(stream)):
        raise CodecError(f"an RLE segment holds less than its {plane} bytes")


def with_whole_segments(stream: bytes, plane: int) -> bytes:
    """Returns an RLE stream whose segments all hold ``plane`` bytes: zeros where they end early.

    Raises:
        CodecError: next to nothing is there, as where the size of the image is forged.
    """
    segments = _segments(stream)
    measured = [_held(segment, plane) for segment in segments]
    if sum(held for held, _ in measured) * 100 < plane * len(segments):
        raise CodecError("too little of the RLE stream is there to be salvaged")
    whole = []
    for segment, (held, used) in zip(segments, measured, strict=True):
        runs, rest = divmod(max(0, plane - held), 128)
        literal = bytes((rest - 1, *bytes(rest))) if rest else b""
        whole.append(segment[:used] + b"\x81\0" * runs + literal)
    return rle(whole)


def without_padding(stream: bytes, plane: int) -> list[bytes]:
    """Returns the segments of an RLE stream, each as far as the runs that hold ``plane`` bytes."""
    segments = _segments(stream)
    return [segment[: _held(segment, plane)[1]] for segment in segments]


def _segments(stream: bytes) -> list[bytes]:
    count, *offsets = RLE_HEADER.unpack_from(stream)
    ends = [*offsets[1:count], len(stream)]
    return [stream[start:end] for start, end in zip(offsets[:count], ends, strict=True)]


def _held(segment: bytes, plane: int) -> tuple[int, int]:
    """Returns how many bytes a segment's whole runs hold, and how long these are (PS3.5 G.3.2)."""
    position, held = 0, 0
    while held < plane and position < len(segment):
        control = segment[position]
        following = position + (control + 2 if control < 128 else 1 + (control > 128))
        if following > len(segment):
            break
        held += control + 1 if control < 128 else (257 - control) % 129
        position = following
    return held, position


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


def decomposition_levels(stream: bytes) -> int:
    """Returns how often a JPEG 2000 stream halves its image (COD, ISO/IEC 15444-1 A.6.1)."""
    return stream[stream.index(b"\xff\x52") + 9]
