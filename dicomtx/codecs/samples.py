"""Native frames as arrays and back: width, sign, and the bits above Bits Stored."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel

Array = NDArray[np.integer[Any]]
WORDS: Final = (1, 8, 16, 32, 64)


def shape(image: ImagePixel) -> tuple[int, ...]:
    """Returns rows x columns, and x samples where there is more than one."""
    plane = (image.rows, image.columns)
    return plane if image.samples_per_pixel == 1 else (*plane, image.samples_per_pixel)


def words(frame: Frame) -> Array:
    """Returns the samples as they stand, unsigned; one-bit samples a byte each.

    Raises:
        CodecError: the frame has another length than its image, or a width that is no word.
    """
    image = frame.image
    if len(frame.data) != (image.samples_per_frame * image.bits_allocated + 7) // 8:
        raise CodecError(f"the native frame has {len(frame.data)} bytes, not what its size asks")
    if image.bits_allocated not in WORDS:
        raise CodecError(f"no codec takes samples of {image.bits_allocated} bits allocated")
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
    """Returns the values as an unsigned stream of ``precision`` bits holds them.

    Signed values are two's complement in all bits of the stream, so that a decoder that extends the
    sign from there gets them back.
    """
    if not frame.image.signed:
        return stored(frame).astype(_container(precision, "u"), copy=False)
    array = values(frame).astype(_container(precision, "i"), copy=False)
    return array.view(f"<u{array.itemsize}") & ((1 << precision) - 1)


def words_as_said(array: Array, image: ImagePixel) -> Array:
    """Returns whole words under the sign of the data set, so that none of their bits changes."""
    return array.view(array.dtype.str.replace("u", "i")) if image.signed else array


def native(data: bytes | bytearray, image: ImagePixel) -> Frame:
    """Returns bytes that are a native frame already, brought to colour by pixel.

    Raises:
        CodecError: they are too few or too many.
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
    """Returns what a decoder gave as a native frame: every bit of the stream is in its words.

    Args:
        array: rows x columns x samples; signed if the stream says that it is.
        image: what the data set says.
        photometric_interpretation: what the samples are.
        precision: bits of a sample that the stream holds, 0 for all of the array's.

    Raises:
        CodecError: these are not the samples that the data set promises.
    """
    precision = precision or array.itemsize * 8
    if array.size != image.samples_per_frame:
        raise CodecError(f"{array.size} samples came back, not {image.samples_per_frame}")
    decoded = image._replace(
        photometric_interpretation=photometric_interpretation,
        planar_configuration=0,
        number_of_frames=1,
    )
    if image.bits_allocated == 1:
        return Frame(np.packbits(array.reshape(-1) != 0, bitorder="little").tobytes(), decoded)
    if precision > image.bits_allocated:
        raise CodecError(f"the stream has {precision} bits a sample, not {image.bits_allocated}")
    if (array.dtype.kind == "i") != image.signed:
        array = _reinterpreted(array, precision, signed=image.signed)
    kind = "i" if image.signed else "u"
    array = np.ascontiguousarray(array, f"<{kind}{image.bits_allocated // 8}")
    return Frame(array.reshape(-1).view(np.uint8).data, decoded)  # no copy


def width(bits: int) -> int:
    """Returns the bytes of the narrowest word that holds so many bits."""
    return next(word for word in WORDS[1:] if bits <= word) // 8


def allocated(image: ImagePixel) -> int:
    """Returns the bytes of the word that Bits Allocated asks for, at most 2."""
    return min(2, width(max(8, image.bits_allocated)))


def _container(bits: int, kind: str) -> str:
    """Returns the narrowest dtype that holds so many bits."""
    return f"<{kind}{width(bits)}"


def _reinterpreted(array: Array, precision: int, *, signed: bool) -> Array:
    """Returns the same low bits under the other sign."""
    above = array.itemsize * 8 - precision
    kind = "i" if signed else "u"
    moved: Array = (array << above).view(f"<{kind}{array.itemsize}")
    return moved >> above
