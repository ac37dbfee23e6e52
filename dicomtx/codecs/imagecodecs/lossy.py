"""The lossy encoders of the imagecodecs package, one per lossy syntax."""

from collections.abc import Callable
from math import ceil
from typing import Any, Final

import imagecodecs
import numpy as np

from dicomtx.codecs import samples, stream_repair
from dicomtx.codecs.codec import EncodeOptions, Layout
from dicomtx.codecs.imagecodecs import openjph
from dicomtx.codecs.shipped import ROOT
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel

EVERYTHING: Final = 200  # dB from which JPEG 2000 truncates nothing
MOST_BITS_MORE: Final = 8  # JPEG 2000: OpenJPEG supports 24 bits per sample


def _encode_jpeg(frame: Frame, options: EncodeOptions) -> bytes:
    """Returns a sequential DCT stream of 8 or 12 bits; 9 to 11 are coded as 12."""
    image, array = frame.image, _unsigned(frame)
    bits = 8 if image.bits_stored <= 8 else 12
    if image.bits_stored > bits:
        raise CodecError(f"lossy JPEG supports at most 12 bits per sample, not {image.bits_stored}")
    return bytes(
        imagecodecs.jpeg8_encode(
            array, options.quality, bitspersample=bits, **_components(image, options)
        )
    )


def _components(image: ImagePixel, options: EncodeOptions) -> dict[str, Any]:
    """Returns libjpeg options for the colour space of the input and of the stream."""
    if image.samples_per_pixel != 3:
        return {}
    given = "RGB" if image.photometric_interpretation == "RGB" else "YCBCR"
    if options.subsampled:
        return {"colorspace": given, "outcolorspace": "YCBCR", "subsampling": "422"}
    return {"colorspace": given, "outcolorspace": given, "subsampling": "444"}


def _unsigned(frame: Frame) -> samples.Array:
    if frame.image.signed:
        raise CodecError("this syntax does not support signed samples")
    return samples.stored(frame)


def _encode_jpegls(frame: Frame, options: EncodeOptions) -> bytes:
    """Returns a near-lossless stream whose decoded values stay within Bits Stored.

    The coder knows neither the sign nor Bits Stored. A value near the end of the range could come
    back beyond it; for signed samples, that wraps to the other end. A frame with such values is
    clipped by half of the allowed error, and coded with the other half.
    """
    image = frame.image
    near = min(options.near, 255, (1 << image.bits_stored) // 2 - 1)  # T.87 C.2.3
    if image.bits_stored > 16:
        raise CodecError(f"at most 16 bits per sample, not {image.bits_stored}")
    values = samples.values(frame)  # DCMTK needs words as wide as Bits Allocated
    values = values.astype(f"<{values.dtype.kind}{samples.allocated(image)}", copy=False)
    low = -(1 << image.bits_stored - 1) if image.signed else 0
    high = low + (1 << image.bits_stored) - 1
    within = 8 * values.itemsize == image.bits_stored  # then the coder itself clips to the range
    floor = low + near if image.signed else low
    ceiling = high - near if image.signed or not within else high
    if int(values.min()) < floor or int(values.max()) > ceiling:
        near //= 2
        floor = low + near if image.signed else low
        values = values.clip(floor, high - near)
    array = values.view(f"<u{values.itemsize}")
    return stream_repair.without_spiff(
        bytes(imagecodecs.jpegls_encode(array, near, out=2 * array.nbytes + 1024))
    )


def _encode_jpeg2000(frame: Frame, options: EncodeOptions) -> bytes:
    """Returns an irreversible stream with the precision of the samples.

    OpenJPEG's finest quantization steps are whole values. That is coarse if the values use little
    of their range. For a finer result the samples get more bits, so each step is a smaller part
    of them. Steps are relative to the range (T.800 E-3), so the precision is patched afterwards.
    """
    image, values = frame.image, samples.values(frame)
    finest = 6.02 * image.bits_stored + 4  # dB that whole values reach with a margin
    more = min(max(0, ceil((options.psnr - finest) / 6.02)), MOST_BITS_MORE)
    bits = image.bits_stored + more
    # dB; the type stub allows only integers; 0 truncates nothing
    level: Any = options.psnr if options.psnr < EVERYTHING else 0
    stream = imagecodecs.jpeg2k_encode(
        values.astype(f"{values.dtype.kind}{samples.width(bits)}") << more if more else values,
        level=level,
        codecformat="J2K",
        planar=False,
        bitspersample=bits,
        reversible=False,
        mct=_is_rgb(image),
        numthreads=1,
        **jpeg2000_layout(options.layout),
    )
    return _labelled(bytes(stream), image)


def _encode_htj2k(frame: Frame, options: EncodeOptions) -> bytes:
    """Returns an irreversible stream with the precision of the samples.

    The encoder supports only 8 and 16 bits. The samples are centred on zero and scaled to fill
    signed words, and the precision is patched afterwards.
    """
    image = frame.image
    if image.bits_stored > 16:
        raise CodecError(f"at most 16 bits per sample, not {image.bits_stored}")
    array: Any = samples.values(frame)
    word = 8 * array.itemsize
    if not image.signed:
        array = array.astype(np.int32) - (1 << image.bits_stored - 1)
    stream = openjph.encode(
        (array << word - image.bits_stored).astype(f"i{word // 8}"),
        level=options.step,
        rgb=_is_rgb(image),
        planar=False,
        reversible=False,
        tlm=True,
        **htj2k_layout(options.layout, 5),
    )
    return _labelled(stream, image)


def jpeg2000_layout(layout: Layout) -> dict[str, Any]:
    """Returns the options of ``jpeg2k_encode`` for a layout; its resolutions include the image.

    Raises:
        CodecError: the layout has tiles.
    """
    if layout.tile_size:
        raise CodecError("imagecodecs does not write tiles in JPEG 2000")
    return {} if layout.levels is None else {"resolutions": layout.levels + 1}


def htj2k_layout(layout: Layout, levels: int) -> dict[str, Any]:
    """Returns the options of ``htj2k_encode`` for a layout; its resolutions are the levels."""
    levels = levels if layout.levels is None else layout.levels
    return {"resolutions": levels, "tile": layout.tile_size}


def _labelled(stream: bytes, image: ImagePixel) -> bytes:
    """Returns a JPEG 2000 stream with the precision of the image."""
    return stream_repair.with_precision(
        stream, image.samples_per_pixel, image.bits_stored, signed=image.signed
    )


def _encode_jpegxl(frame: Frame, options: EncodeOptions) -> bytes:
    image, array = frame.image, _unsigned(frame)
    if image.bits_stored > 16:
        raise CodecError(f"at most 16 bits per sample, not {image.bits_stored}")
    return bytes(
        imagecodecs.jpegxl_encode(
            array,
            effort=4,
            distance=options.distance,
            lossless=False,
            photometric="RGB" if image.samples_per_pixel == 3 else "GRAY",
            bitspersample=max(image.bits_stored, 8),
            numthreads=1,
        )
    )


def _is_rgb(image: ImagePixel) -> bool:
    return image.samples_per_pixel == 3 and image.photometric_interpretation == "RGB"


ENCODERS: Final[dict[str, Callable[[Frame, EncodeOptions], bytes]]] = {
    ROOT + ".4.50": _encode_jpeg,
    ROOT + ".4.51": _encode_jpeg,
    ROOT + ".4.81": _encode_jpegls,
    ROOT + ".4.91": _encode_jpeg2000,
    ROOT + ".4.112": _encode_jpegxl,
    ROOT + ".4.203": _encode_htj2k,
}
