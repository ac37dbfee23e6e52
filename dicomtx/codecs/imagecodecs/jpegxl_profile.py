"""The ICC profile of a JPEG XL stream, by functions of libjxl that imagecodecs does not offer.

The profile is compressed like the image, so only libjxl can read it. imagecodecs' module is linked
with it, and the linker finds its functions there.
"""

import ctypes
from typing import Any, Final

from imagecodecs import _jpegxl

from dicomtx.errors import CodecError

OLDEST: Final = 9000  # libjxl 0.9: since then the functions have these arguments
SUCCESS, COLOR_ENCODING = 0, 0x100
OF_DATA: Final = 1  # the profile of the samples that the decoder returns
LARGEST: Final = 1 << 24  # bytes; as much as JPEG can hold


def profile(stream: bytes) -> bytes:
    """Returns the ICC profile of the samples that a JPEG XL stream decodes to.

    Raises:
        CodecError: it has none, or libjxl cannot return it.
    """
    try:
        library = ctypes.CDLL(_jpegxl.__file__)
        if library.JxlDecoderVersion() < OLDEST:
            raise CodecError("this libjxl is too old to return ICC profiles")
        library.JxlDecoderCreate.restype = ctypes.c_void_p
        decoder = ctypes.c_void_p(library.JxlDecoderCreate(None))
    except (OSError, AttributeError) as error:
        raise CodecError(f"libjxl cannot be asked for ICC profiles: {error}") from error
    try:
        return _profile(library, decoder, stream)
    finally:
        library.JxlDecoderDestroy(decoder)


def _profile(library: Any, decoder: ctypes.c_void_p, stream: bytes) -> bytes:
    library.JxlDecoderSubscribeEvents(decoder, COLOR_ENCODING)
    library.JxlDecoderSetInput(decoder, stream, ctypes.c_size_t(len(stream)))
    library.JxlDecoderCloseInput(decoder)
    if library.JxlDecoderProcessInput(decoder) != COLOR_ENCODING:
        raise CodecError("libjxl cannot read the colour encoding")
    size = ctypes.c_size_t()
    found = library.JxlDecoderGetICCProfileSize(decoder, OF_DATA, ctypes.byref(size))
    if found != SUCCESS or not 0 < size.value <= LARGEST:
        raise CodecError(f"libjxl cannot return an ICC profile of {size.value} bytes")
    made = ctypes.create_string_buffer(size.value)
    if library.JxlDecoderGetColorAsICCProfile(decoder, OF_DATA, made, size) != SUCCESS:
        raise CodecError("libjxl cannot return the ICC profile")
    return made.raw
