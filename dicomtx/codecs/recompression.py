"""JPEG streams within JPEG XL (ISO/IEC 18181-1): nothing is decoded, and every byte comes back."""

import imagecodecs

from dicomtx.codecs.imagecodecs import FAILURES
from dicomtx.errors import CodecError


def packed(jpeg: bytes) -> bytes:
    """Returns a JPEG XL stream that holds a JPEG stream.

    Raises:
        CodecError: libjxl does not take it.
    """
    try:
        return bytes(imagecodecs.jpegxl_encode_jpeg(jpeg, usecontainer=True, numthreads=1))
    except FAILURES as error:
        raise CodecError(f"imagecodecs: {error or type(error).__name__}") from error


def unpacked(stream: bytes) -> bytes:
    """Returns the JPEG stream that a JPEG XL stream holds.

    Raises:
        CodecError: it holds none.
    """
    try:
        return bytes(imagecodecs.jpegxl_decode_jpeg(stream, numthreads=1))
    except FAILURES as error:
        raise CodecError(f"imagecodecs: {error or type(error).__name__}") from error
