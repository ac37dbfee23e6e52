"""Lossless recompression of JPEG streams in JPEG XL (ISO/IEC 18181-1), without decoding."""

import imagecodecs

from dicomtx import code_stream
from dicomtx.code_stream import jpegxl
from dicomtx.codecs.imagecodecs.lossless import FAILURES
from dicomtx.errors import CodecError


def packed(jpeg: bytes) -> bytes:
    """Returns a JPEG XL stream that holds a JPEG stream.

    libjxl copies the EXIF orientation into the header of the stream. Readers would then rotate
    the frame, and it would not match Rows and Columns of the data set (PS3.5 8.2.15). So the
    orientation is removed from the header. It stays in the JPEG stream, where DICOM readers
    ignore it.

    Raises:
        CodecError: libjxl cannot hold the JPEG stream.
    """
    try:
        stream = bytes(imagecodecs.jpegxl_encode_jpeg(jpeg, usecontainer=True, numthreads=1))
    except FAILURES as error:
        raise CodecError(f"libjxl cannot hold this JPEG stream ({error})") from error
    return jpegxl.upright(stream)


def unpacked(stream: bytes) -> bytes:
    """Returns the JPEG stream that a JPEG XL stream holds.

    Raises:
        CodecError: it holds none, or JPEG XL readers rotate the image.
    """
    said = code_stream.read(stream)
    if said and said.orientation != 1:
        raise CodecError("the JPEG XL stream rotates the image, but the JPEG stream does not")
    try:
        return bytes(imagecodecs.jpegxl_decode_jpeg(stream, numthreads=1))
    except FAILURES as error:
        raise CodecError(f"imagecodecs: {error or type(error).__name__}") from error
