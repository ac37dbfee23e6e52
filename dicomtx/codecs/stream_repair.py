"""Stream headers that encoders omit or get wrong: adds, removes or corrects them."""

import struct
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final, TypeVar

from dicomtx.errors import CodecError

Bytes = TypeVar("Bytes", bytes, memoryview)
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
        CodecError: there are more than 15 segments.
    """
    if len(segments) > 15:
        raise CodecError(f"RLE supports at most 15 segments, not {len(segments)}")
    even = [segment + b"\0" * (len(segment) % 2) for segment in segments]
    offsets = list(accumulate(map(len, even[:-1]), initial=RLE_HEADER.size))
    header = RLE_HEADER.pack(len(even), *offsets, *[0] * (15 - len(even)))
    return b"".join((header, *even))


def require_end(stream: bytes) -> None:
    """Refuses a truncated JPEG, JPEG-LS or JPEG 2000 stream.

    libjpeg and GDCM invent the missing data, and CharLS can search for it for minutes. The marker
    cannot occur within entropy-coded data.

    Raises:
        CodecError: the end marker is missing.
    """
    if stream.rfind(END) < 0:  # searched backwards, as it is usually near the end
        raise CodecError("the stream is truncated: its end marker (FFD9) is missing")


def require_segments(stream: bytes, plane: int) -> None:
    """Refuses an RLE stream with a segment shorter than ``plane`` bytes.

    GDCM invents the missing data.

    Raises:
        CodecError: a segment is too short.
    """
    if any(_held(segment, plane)[0] < plane for segment in segments(stream)):
        raise CodecError(f"an RLE segment decodes to fewer than {plane} bytes")


def with_whole_segments(stream: bytes, plane: int) -> bytes:
    """Returns an RLE stream whose segments all decode to ``plane`` bytes, padded with zeros.

    Raises:
        CodecError: almost nothing is there, for example because the image size is forged.
    """
    found = segments(stream)
    measured = [_held(segment, plane) for segment in found]
    if sum(held for held, _ in measured) * 100 < plane * len(found):
        raise CodecError("too little of the RLE stream is left to salvage")
    whole = []
    for segment, (held, used) in zip(found, measured, strict=True):
        runs, rest = divmod(max(0, plane - held), 128)
        literal = bytes((rest - 1, *bytes(rest))) if rest else b""
        whole.append(segment[:used] + b"\x81\0" * runs + literal)
    return rle(whole)


def without_padding(stream: bytes, plane: int) -> list[bytes]:
    """Returns the segments of an RLE stream, cut after the runs that hold ``plane`` bytes."""
    return [segment[: _held(segment, plane)[1]] for segment in segments(stream)]


def tails(stream: bytes, plane: int) -> list[bytes]:
    """Returns what follows the runs that hold ``plane`` bytes, for each RLE segment.

    It is empty if the segment is too short.
    """
    found = []
    for segment in segments(stream):
        held, used = _held(segment, plane)
        found.append(segment[used:] if held >= plane else b"")
    return found


def segments(stream: Bytes) -> list[Bytes]:
    """Returns the segments of an RLE stream; each ends where the next one begins.

    Those of a memoryview are not copied.
    """
    numbers = RLE_HEADER.unpack_from(stream)
    offsets: tuple[int, ...] = numbers[1 : 1 + numbers[0]]
    return [stream[start:end] for start, end in pairwise((*offsets, len(stream)))]


def _held(segment: bytes, plane: int) -> tuple[int, int]:
    """Returns how many bytes a segment's complete runs hold, and their length (PS3.5 G.3.2)."""
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
    """Returns a JPEG-LS stream without SPIFF segments, which declare any three samples as RGB."""
    while stream[2:4] == SPIFF:
        stream = _without_first_segment(stream)
    return stream


def without_colour(stream: bytes) -> bytes:
    """Returns a lossless JPEG stream of three components without its declaration of RGB.

    It removes the Adobe segment and renames the components from R, G, B to 1, 2, 3. libjpeg-turbo
    3.1 would write wrong samples if the input were declared as YCbCr.
    """
    plain = bytearray(_without_first_segment(stream) if stream[2:4] == ADOBE else stream)
    frame, scan = plain.index(SOF3) + 10, plain.index(SOS) + 5
    for component in range(3):
        plain[frame + 3 * component] = plain[scan + 2 * component] = component + 1
    return bytes(plain)


def with_precision(stream: bytes, components: int, bits: int, *, signed: bool) -> bytes:
    """Returns a JPEG 2000 stream with this many bits per component (Ssiz, T.800 A.5.1)."""
    told = bytearray(stream)
    first = told.index(SIZ) + 40
    for component in range(components):
        told[first + 3 * component] = (bits - 1) | (0x80 if signed else 0)
    return bytes(told)


def _without_first_segment(stream: bytes) -> bytes:
    return stream[:2] + stream[4 + int.from_bytes(stream[4:6], "big") :]


def decomposition_levels(stream: bytes) -> int:
    """Returns the decomposition levels of a JPEG 2000 stream (COD, ISO/IEC 15444-1 A.6.1)."""
    return stream[stream.index(b"\xff\x52") + 9]
