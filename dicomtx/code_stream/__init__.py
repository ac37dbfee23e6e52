"""Reads the headers of code streams, without decoding them."""

from dicomtx.code_stream import jpeg, jpeg2000, jpegxl, rle
from dicomtx.code_stream.code_stream import CodeStream
from dicomtx.code_stream.ends import end, end_of_tile_parts, starts, starts_and_end
from dicomtx.code_stream.structure import boxes

__all__ = ["CodeStream", "end", "end_of_tile_parts", "read", "starts", "starts_and_end", "unboxed"]


def read(head: bytes) -> CodeStream | None:
    """Returns what the header of a frame's stream declares, or None if its format is unknown.

    Args:
        head: the stream, or its first 64 KiB. Anything beyond counts as missing.
    """
    if head.startswith(jpeg.SOI):
        return jpeg.read(head)
    if head.startswith(jpeg2000.SOC_SIZ):
        return jpeg2000.read(head)
    if head.startswith((jpegxl.BARE, jpegxl.BOXED)):
        return jpegxl.read(head)
    inner = unboxed(head)
    if inner is not head:
        return jpeg2000.read(inner, boxed=True)
    return rle.read(head)


def unboxed(stream: bytes) -> bytes:
    """Returns the code stream in a JP2 or JPH file; anything else is returned unchanged."""
    if stream.startswith(jpeg2000.BOXED):
        for kind, start, end in boxes(stream):
            if kind == b"jp2c" and stream.startswith(jpeg2000.SOC_SIZ, start):
                return stream[start:end]
    return stream
