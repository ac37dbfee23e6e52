"""All pixel transfer syntaxes of DICOM, by the imagecodecs package."""

from collections.abc import Callable
from typing import Any, Final

import imagecodecs
import numpy as np

from dicomtx import code_stream
from dicomtx.codecs import photometric, samples, stream_repair, subsampled
from dicomtx.codecs.codec import EncodeOptions, Layout
from dicomtx.codecs.frame_threads import threads
from dicomtx.codecs.imagecodecs import lossy, openjph, packbits
from dicomtx.codecs.shipped import DEFLATED_FRAME, ENCAPSULATED, RLE, ROOT
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

# all exceptions of imagecodecs are RuntimeErrors; its argument checks raise the others
FAILURES: Final = (RuntimeError, ValueError, TypeError, MemoryError)


def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    """Returns the native frame of one code stream; see ``Codec``."""
    decoder = DECODERS.get(syntax.uid)
    if decoder is None:
        raise CodecError(f"imagecodecs does not decode {syntax.name}")
    try:
        return decoder(stream, syntax, image)
    except FAILURES as error:
        raise CodecError(f"imagecodecs: {error or type(error).__name__}") from error


def encode(frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:
    """Returns the code stream of one native frame; see ``Codec``."""
    exact = options.reversible or not syntax.lossy
    arranging = ARRANGING_ENCODERS.get(syntax.uid) if exact else None
    encoder = ENCODERS.get(syntax.uid) if exact else None
    lossily = None if exact else lossy.ENCODERS.get(syntax.uid)
    try:
        if lossily:
            return lossily(frame, options)
        if arranging:
            return arranging(frame, options.layout)
        if encoder:
            return encoder(frame)
    except FAILURES as error:
        raise CodecError(f"imagecodecs: {error or type(error).__name__}") from error
    how = " without loss" if options.reversible else ""
    raise CodecError(f"imagecodecs does not encode {syntax.name}{how}")


def _decode_jpeg(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:  # noqa: ARG001 as all decoders
    stream_repair.require_end(stream)
    said = code_stream.read(stream)
    array = imagecodecs.jpeg8_decode(stream, **_components_as_they_are(image))
    return samples.frame_of(
        array,
        image,
        photometric.of_jpeg(said, image),
        precision=said.precision if said else 0,
    )


def _encode_jpeg(frame: Frame) -> bytes:
    """Returns a stream with selection value 1 and at least 8 bits, as readers differ below 8."""
    bits = max(frame.image.bits_stored, 8)
    stream = bytes(
        imagecodecs.jpeg8_encode(
            _at_most_16_bits(frame, bits),
            lossless=True,
            predictor=1,
            bitspersample=bits,
            **_components_as_they_are(frame.image),
        )
    )
    is_ybr = frame.image.photometric_interpretation.startswith("YBR_")
    return stream_repair.without_colour(stream) if is_ybr else stream


def _components_as_they_are(image: ImagePixel) -> dict[str, Any]:
    """Returns options that keep libjpeg from converting three components."""
    same = {"colorspace": "RGB", "outcolorspace": "RGB"}
    return same if image.samples_per_pixel == 3 else {}


def _at_most_16_bits(frame: Frame, precision: int = 0) -> samples.Array:
    """Returns the samples for an unsigned stream of ``precision`` bits, by default Bits Stored."""
    if frame.image.bits_stored > 16:
        raise CodecError(f"at most 16 bits per sample, not {frame.image.bits_stored}")
    return samples.streamed(frame, precision or frame.image.bits_stored)


def _decode_jpegls(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:  # noqa: ARG001 as all decoders
    stream_repair.require_end(stream)
    said = code_stream.read(stream)
    return samples.frame_of(
        imagecodecs.jpegls_decode(stream),
        image,
        photometric.as_said(image),
        precision=said.precision if said else 0,
    )


def _encode_jpegls(frame: Frame) -> bytes:
    """Returns a stream of words as wide as Bits Allocated; DCMTK rejects others."""
    width = samples.allocated(frame.image)
    try:
        bits = max(frame.image.bits_stored, 8 if width == 1 else 9)
        newer: dict[str, Any] = {"bitspersample": bits, "spiff": False}
        return _jpegls(_at_most_16_bits(frame, bits), newer)
    except TypeError:  # before 2026.10: 8 or 16 bits, and a SPIFF header
        return stream_repair.without_spiff(_jpegls(_at_most_16_bits(frame, 8 * width), {}))


def _jpegls(array: samples.Array, options: dict[str, Any]) -> bytes:
    room = 2 * array.nbytes + 1024  # noise can grow beyond the default buffer
    return bytes(imagecodecs.jpegls_encode(array, 0, out=room, **options))


def _decode_jpeg2000(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:  # noqa: ARG001 as all decoders
    """Decodes JPEG 2000 and HTJ2K with OpenJPEG, as OpenJPH wraps values at saturation."""
    said = code_stream.read(stream)
    if said and said.subsampled:
        return subsampled.decode(stream, image)
    return samples.frame_of(
        imagecodecs.jpeg2k_decode(stream, planar=False, numthreads=threads()),
        image,
        photometric.of_jpeg2000(said, image),
        precision=said.precision if said else 0,
    )


def _encode_jpeg2000(frame: Frame, layout: Layout) -> bytes:
    if frame.image.bits_stored > 24:
        raise CodecError(f"OpenJPEG supports 24 bits per sample, not {frame.image.bits_stored}")
    return bytes(
        imagecodecs.jpeg2k_encode(
            samples.values(frame),
            level=0,
            codecformat="J2K",
            planar=False,
            bitspersample=frame.image.bits_stored,
            reversible=True,
            mct=_is_rgb(frame.image),
            numthreads=threads(),
            **lossy.jpeg2000_layout(layout),
        )
    )


def _is_rgb(image: ImagePixel) -> bool:
    return image.samples_per_pixel == 3 and image.photometric_interpretation == "RGB"


def _encode_htj2k(frame: Frame, layout: Layout) -> bytes:
    """Returns an RPCL stream with TLM, whose smallest resolution is at most 64 x 64 (PS3.5 10.18).

    The encoder supports only 8 and 16 bits. Samples centred on zero give the same code stream
    at any precision. So they are passed as signed words, and the precision is patched afterwards.
    """
    image, array = frame.image, _at_most_16_bits(frame)
    bits = image.bits_stored
    if image.signed:
        centred = samples.values(frame).astype(np.int16, copy=False)
    else:  # arithmetic modulo 2 to the 16th, which is correct once read as signed
        words = array.astype(np.uint16, copy=False)
        centred = (words - np.uint16(1 << bits - 1)).view(np.int16)
    down_to_64 = (max(image.rows, image.columns) - 1) // 64
    stream = openjph.encode(
        centred,
        rgb=_is_rgb(image),
        planar=False,
        reversible=True,
        tlm=True,
        **lossy.htj2k_layout(layout, max(5, down_to_64.bit_length())),
    )
    return stream_repair.with_precision(stream, image.samples_per_pixel, bits, signed=image.signed)


def _decode_jpegxl(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    said = code_stream.read(stream)
    of_jpeg = syntax.uid == ROOT + ".4.111"
    raw = image.samples_per_pixel == 1 or not (of_jpeg or (said and said.transform == "XYB"))
    return samples.frame_of(
        imagecodecs.jpegxl_decode(stream, numthreads=threads()),
        image,
        photometric.as_said(image) if raw else "RGB",
        precision=said.precision if said else 0,
    )


def _decode_jpeg_in_jpegxl(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    """Returns the frame of the recompressed JPEG stream, or else that of the JPEG XL stream."""
    said = code_stream.read(stream)
    if said and said.orientation != 1:
        raise CodecError("the JPEG XL stream rotates the image, but its JPEG stream does not")
    try:
        jpeg = imagecodecs.jpegxl_decode_jpeg(stream, numthreads=1)
    except FAILURES:
        return _decode_jpegxl(stream, syntax, image)
    return _decode_jpeg(bytes(jpeg), syntax, image)


def _encode_jpegxl(frame: Frame) -> bytes:
    """Returns a lossless stream; not with effort 1, which can corrupt memory in libjxl 0.11."""
    image, array = frame.image, _at_most_16_bits(frame)
    if image.signed:
        raise CodecError("JPEG XL does not support signed samples")
    return bytes(
        imagecodecs.jpegxl_encode(
            array,
            effort=2,
            lossless=True,
            photometric="RGB" if image.samples_per_pixel == 3 else "GRAY",
            bitspersample=max(image.bits_stored, 8),
            numthreads=threads(),
        )
    )


def _decode_deflated(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:  # noqa: ARG001 as all decoders
    return samples.native(
        imagecodecs.deflate_decode(stream, raw=True, out=image.frame_bytes), image
    )


def _encode_deflated(frame: Frame) -> bytes:
    return bytes(imagecodecs.deflate_encode(bytes(frame.data), 6, raw=True))


def _decode_bytes(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:  # noqa: ARG001 as all decoders
    padded = image.frame_bytes + image.frame_bytes % 2
    return samples.native(stream[: image.frame_bytes] if len(stream) == padded else stream, image)


def _encode_bytes(frame: Frame) -> bytes:
    return bytes(frame.data)


def _uids(*numbers: int) -> tuple[str, ...]:
    return tuple(f"{ROOT}.4.{number}" for number in numbers)


DECODERS: Final[dict[str, Callable[[bytes, TransferSyntax, ImagePixel], Frame]]] = {
    RLE: packbits.decode,
    **dict.fromkeys(_uids(50, 51, 52, 53, 54, 55, 56, 57, 70), _decode_jpeg),
    **dict.fromkeys(_uids(80, 81), _decode_jpegls),
    **dict.fromkeys(_uids(90, 91, 201, 202, 203), _decode_jpeg2000),
    **dict.fromkeys(_uids(110, 112), _decode_jpegxl),
    **dict.fromkeys(_uids(111), _decode_jpeg_in_jpegxl),
    DEFLATED_FRAME: _decode_deflated,
    ENCAPSULATED: _decode_bytes,
}
# lossless encoders, including the reversible coding of lossy syntaxes
ENCODERS: Final[dict[str, Callable[[Frame], bytes]]] = {
    RLE: packbits.encode,
    **dict.fromkeys(_uids(57, 70), _encode_jpeg),
    **dict.fromkeys(_uids(80, 81), _encode_jpegls),
    **dict.fromkeys(_uids(110, 112), _encode_jpegxl),
    DEFLATED_FRAME: _encode_deflated,
    ENCAPSULATED: _encode_bytes,
}
ARRANGING_ENCODERS: Final[dict[str, Callable[[Frame, Layout], bytes]]] = {
    **dict.fromkeys(_uids(90, 91), _encode_jpeg2000),
    **dict.fromkeys(_uids(201, 203), _encode_htj2k),
    ROOT + ".4.202": lambda f, layout: openjph.checked(_encode_htj2k(f, layout), f.image),
}
