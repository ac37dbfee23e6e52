"""Finds the end of a code stream, and the start of others after it, from headers and markers."""

from collections.abc import Iterator
from typing import Final

from dicomtx.code_stream import jpeg, jpeg2000, jpegxl, rle

JPEG_START: Final = b"\xff\xd8\xff"
JPEG_XL_PREFIX: Final = 6  # bytes: the image size and the format of the samples
RLE_PREFIX: Final = 8  # bytes: the number of segments, and where the first one starts
HEAD: Final = 1 << 16


def end(stream: bytes) -> int:
    """Returns the position after the end marker (EOI, EOC); anything can follow it.

    It is 0 if there is no end marker: the stream is truncated, or its family has none.
    """
    if stream.startswith(jpeg.SOI):
        return jpeg.end(stream)
    if stream.startswith(jpeg2000.SOC_SIZ):
        return jpeg2000.end(stream)
    return 0


def end_of_tile_parts(stream: bytes) -> int:
    """Returns where the tile-parts of a JPEG 2000 stream end if all are there; 0 for others."""
    is_jpeg2000 = stream.startswith(jpeg2000.SOC_SIZ)
    return jpeg2000.end_of_tile_parts(stream) if is_jpeg2000 else 0


def starts(data: bytes) -> list[int]:
    """Returns where the code streams of one image start, if several follow each other in ``data``.

    The first one starts at 0. A stream of another size, such as a preview, does not count.
    """
    if data.startswith(JPEG_START):
        return [0, *_jpeg_starts(data, jpeg.stop(data, 0)[0])]
    if rle.read(data[: rle.HEADER]):
        return [0, *_rle_starts(data)]
    prefix, found = _prefix(data), [0]
    at = len(prefix)
    while prefix and (at := data.find(prefix, at)) > 0:
        found.append(at)
        at += len(prefix)
    return found


def starts_and_end(data: bytes) -> tuple[list[int], int]:
    """Returns the results of ``starts`` and ``end``; follows the markers of JPEG only once."""
    if not data.startswith(JPEG_START):
        return starts(data), end(data)
    stopped = jpeg.stop(data, 0)
    return [0, *_jpeg_starts(data, stopped[0])], jpeg.end(data, stopped)


def _prefix(data: bytes) -> bytes:
    """Returns the bytes that every frame of the image starts with, too long to occur by chance."""
    if data.startswith((jpeg2000.BOXED, jpegxl.BOXED)):
        return data[: len(jpegxl.BOXED)]
    if data.startswith(jpegxl.BARE):
        return data[:JPEG_XL_PREFIX]
    if data.startswith(jpeg2000.SOC_SIZ):  # SIZ: the size of the image and of its components
        return data[: 4 + int.from_bytes(data[4:6], "big")]
    return b""


def _rle_starts(data: bytes) -> Iterator[int]:
    """Yields where RLE frames with as many segments as the first one start, after it.

    It searches for the zeros at the end of their headers, if there are many. This is several times
    as fast as to search for the first bytes, and encoders hardly write such a run elsewhere.
    """
    prefix, unused = data[:RLE_PREFIX], bytes(rle.HEADER - 4 - 4 * data[0])
    sought = unused if len(unused) > RLE_PREFIX else prefix
    before = rle.HEADER - len(unused) if sought is unused else 0
    at = rle.HEADER
    while (at := data.find(sought, at)) > 0:
        first = at - before  # or up to 3 bytes later, if the last offset ends with zeros
        start = data.find(prefix, first, first + 3 + RLE_PREFIX)
        if start > 0 and rle.read(data[start : start + rle.HEADER]):
            yield start
        at += len(sought)


def _jpeg_starts(data: bytes, at: int) -> Iterator[int]:
    """Yields where further streams start after ``at``, where the first one stops."""
    first = jpeg.read(data[:HEAD])
    while first and (at := data.find(JPEG_START, at)) > 0:
        other = jpeg.read(data[at : at + HEAD])
        size = (first.rows, first.columns, first.components)
        if other and (other.rows, other.columns, other.components) == size:
            yield at
        at, _ = jpeg.stop(data, at)
