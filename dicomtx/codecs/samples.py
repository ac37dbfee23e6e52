"""Native frames as arrays and back: word width, sign, and the bits above Bits Stored."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel

Array = NDArray[np.integer[Any]]
WORDS: Final = (1, 8, 16, 32, 64)


def shape(image: ImagePixel) -> tuple[int, ...]:
    """Returns rows x columns, and x samples if there is more than one sample per pixel."""
    plane = (image.rows, image.columns)
    return plane if image.samples_per_pixel == 1 else (*plane, image.samples_per_pixel)


def words(frame: Frame) -> Array:
    """Returns the unmodified samples as unsigned words; one-bit samples take a byte each.

    Raises:
        CodecError: the frame has the wrong length, or Bits Allocated is not a supported width.
    """
    image = frame.image
    if len(frame.data) != (image.samples_per_frame * image.bits_allocated + 7) // 8:
        raise CodecError(f"the native frame has the wrong length, {len(frame.data)} bytes")
    if image.bits_allocated not in WORDS:
        raise CodecError(f"no codec supports {image.bits_allocated} bits allocated")
    data = np.frombuffer(frame.data, np.uint8)
    if image.bits_allocated == 1:
        bits = np.unpackbits(data, count=image.samples_per_frame, bitorder="little")
        return bits.reshape(shape(image))
    return data.view(f"<u{image.bits_allocated // 8}").reshape(shape(image))


def stored(frame: Frame) -> Array:
    """Returns the low Bits Stored bits, unsigned, in the narrowest container that holds them."""
    array, bits = words(frame), frame.image.bits_stored
    if bits < array.itemsize * 8:
        array = array & array.dtype.type((1 << bits) - 1)
    return array.astype(_container(bits, "u"), copy=False)


def values(frame: Frame) -> Array:
    """Returns the stored values, sign-extended, in the narrowest container that holds them."""
    array, image = stored(frame), frame.image
    return _reinterpreted(array, image.bits_stored, signed=True) if image.signed else array


def streamed(frame: Frame, precision: int) -> Array:
    """Returns the values for an unsigned stream of ``precision`` bits.

    Signed values become two's complement in all bits of the stream. A decoder restores them by
    extending the sign from its top bit.
    """
    if not frame.image.signed:
        return stored(frame).astype(_container(precision, "u"), copy=False)
    array = values(frame).astype(_container(precision, "i"), copy=False)
    return array.view(f"<u{array.itemsize}") & ((1 << precision) - 1)


def words_as_said(array: Array, image: ImagePixel) -> Array:
    """Returns the words with the sign of the data set, without changing any bit."""
    return array.view(array.dtype.str.replace("u", "i")) if image.signed else array


def native(data: bytes | bytearray, image: ImagePixel) -> Frame:
    """Returns data that is already native as a frame, converted to colour-by-pixel.

    Raises:
        CodecError: the data has the wrong length.
    """
    if len(data) != image.frame_bytes:
        raise CodecError(f"the stream holds {len(data)} bytes, not {image.frame_bytes}")
    decoded = image._replace(planar_configuration=0, number_of_frames=1)
    if image.planar_configuration == 0 or image.samples_per_pixel == 1:
        return Frame(data, decoded)
    planes = np.frombuffer(data, f"<u{image.bits_allocated // 8}")
    return Frame(planes.reshape(image.samples_per_pixel, -1).T.tobytes(), decoded)


def frame_of(
    array: Array,
    image: ImagePixel,
    photometric_interpretation: str,
    *,
    precision: int = 0,
) -> Frame:
    """Returns the array of a decoder as a native frame, with all bits of the stream.

    Args:
        array: rows x columns x samples; signed if the stream is signed.
        image: the Image Pixel attributes of the data set.
        photometric_interpretation: the colour space of the samples.
        precision: bits per sample of the stream; 0 for all bits of the array.

    Raises:
        CodecError: the number of samples or their precision does not match the data set.
    """
    precision = precision or array.itemsize * 8
    if array.size != image.samples_per_frame:
        raise CodecError(
            f"the decoder returned {array.size} samples, not {image.samples_per_frame}"
        )
    decoded = image._replace(
        photometric_interpretation=photometric_interpretation,
        planar_configuration=0,
        number_of_frames=1,
    )
    if image.bits_allocated == 1:
        return Frame(np.packbits(array.reshape(-1) != 0, bitorder="little").tobytes(), decoded)
    if precision > image.bits_allocated:
        raise CodecError(
            f"the stream has {precision} bits per sample, but Bits Allocated is"
            f" {image.bits_allocated}"
        )
    if (array.dtype.kind == "i") != image.signed:
        array = _reinterpreted(array, precision, signed=image.signed)
    kind = "i" if image.signed else "u"
    array = np.ascontiguousarray(array, f"<{kind}{image.bits_allocated // 8}")
    return Frame(array.reshape(-1).view(np.uint8).data, decoded)  # no copy


def width(bits: int) -> int:
    """Returns the bytes of the narrowest word that holds this many bits."""
    return next(word for word in WORDS[1:] if bits <= word) // 8


def allocated(image: ImagePixel) -> int:
    """Returns the bytes of the word for Bits Allocated, at most 2."""
    return min(2, width(max(8, image.bits_allocated)))


def _container(bits: int, kind: str) -> str:
    """Returns the narrowest dtype that holds this many bits."""
    return f"<{kind}{width(bits)}"


def _reinterpreted(array: Array, precision: int, *, signed: bool) -> Array:
    """Returns the same low bits, read as signed or unsigned."""
    above = array.itemsize * 8 - precision
    kind = "i" if signed else "u"
    moved: Array = (array << above).view(f"<{kind}{array.itemsize}")
    return moved >> above
