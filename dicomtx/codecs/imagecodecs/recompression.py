"""JPEG streams within JPEG XL (ISO/IEC 18181-1): nothing is decoded, and every byte comes back."""

import imagecodecs

from dicomtx import code_stream
from dicomtx.code_stream import jpegxl
from dicomtx.codecs.imagecodecs.lossless import FAILURES
from dicomtx.errors import CodecError


def packed(jpeg: bytes) -> bytes:
    """Returns a JPEG XL stream that holds a JPEG stream.

    libjxl copies the orientation of EXIF into the header of the stream, and readers would turn the
    frame: it would not have the Rows and Columns of the data set (PS3.5 8.2.15). It is removed
    there, and stays in the JPEG stream, where DICOM readers do not look.

    Raises:
        CodecError: libjxl does not take it.
    """
    try:
        stream = bytes(imagecodecs.jpegxl_encode_jpeg(jpeg, usecontainer=True, numthreads=1))
    except FAILURES as error:
        raise CodecError(f"libjxl cannot hold this JPEG stream ({error})") from error
    return jpegxl.upright(stream)


def unpacked(stream: bytes) -> bytes:
    """Returns the JPEG stream that a JPEG XL stream holds.

    Raises:
        CodecError: it holds none, or one that readers of JPEG XL see turned.
    """
    said = code_stream.read(stream)
    if said and said.orientation != 1:
        raise CodecError("readers of the JPEG XL stream turn the image, those of JPEG do not")
    try:
        return bytes(imagecodecs.jpegxl_decode_jpeg(stream, numthreads=1))
    except FAILURES as error:
        raise CodecError(f"imagecodecs: {error or type(error).__name__}") from error
