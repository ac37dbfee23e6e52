"""RLE, JPEG, JPEG-LS and JPEG 2000 by GDCM, which always runs in a subprocess.

GDCM throws C++ exceptions that Python cannot catch. This module refuses input that is known to
end the process or to give wrong samples.
"""

from typing import Any, Final

import gdcm
import numpy as np

from dicomtx import code_stream
from dicomtx.codecs import photometric, samples, stream_repair
from dicomtx.codecs.codec import EncodeOptions
from dicomtx.codecs.shipped import GDCM, RLE, ROOT
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

PIXEL_DATA: Final = (0x7FE0, 0x0010)
NATIVE: Final = ROOT + ".1"
JPEG2000: Final = (ROOT + ".4.90", ROOT + ".4.91")


def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    """Returns the native frame of one code stream; see ``Codec``."""
    if syntax.uid not in GDCM.decodes:
        raise CodecError(f"GDCM does not decode {syntax.name}")
    _refuse(image)
    if syntax.uid == RLE:
        return _decode_rle(stream, syntax, image)
    stream_repair.require_end(stream)
    said = code_stream.read(stream)
    least = 2 if syntax.uid in JPEG2000 else 8  # fewer bits end the process in JPEG and JPEG-LS
    if said is None or not least <= said.precision <= 16:
        raise CodecError(f"GDCM supports only {least} to 16 bits per sample in {syntax.name}")
    if said.subsampled and syntax.uid in JPEG2000:
        raise CodecError("GDCM cannot decode components of different sizes")
    width = 8 if said.precision <= 8 else 16
    kind = "i" if said.signed else "u"
    array = np.frombuffer(
        _decoded(stream, syntax, image, (width, said.precision, said.signed)),
        f"<{kind}{width // 8}",
    )
    colour = photometric.of_jpeg2000 if syntax.uid in JPEG2000 else photometric.of_jpeg
    return samples.frame_of(array, image, colour(said, image), precision=said.precision)


def encode(frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:  # noqa: ARG001 the Protocol's
    """Returns the code stream of one native frame; see ``Codec``."""
    image = frame.image
    if syntax.uid not in GDCM.encodes:
        raise CodecError(f"GDCM does not encode {syntax.name}")
    _refuse(image)
    if syntax.uid == RLE:
        array = samples.words(frame)
    else:
        # GDCM writes the word width as the stream's precision, so the sign must fill the word
        bits = 8 * samples.width(image.bits_stored)
        signed = syntax.uid in JPEG2000
        array = samples.values(frame) if signed else samples.streamed(frame, bits)
    _refuse_size(array, syntax, image)
    bits = array.itemsize * 8
    writer = gdcm.ImageWriter()  # owns the image; an image of our own would be freed twice
    picture = writer.GetImage()
    _describe(picture, image, (bits, bits, array.dtype.kind == "i"), NATIVE)
    element = gdcm.DataElement(gdcm.Tag(*PIXEL_DATA))
    element.SetByteStringValue(array.tobytes())
    picture.SetDataElement(element)
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(_transfer_syntax(syntax.uid))
    change.SetInput(picture)
    if not change.Change():
        raise CodecError(f"GDCM could not encode the frame as {syntax.name}")
    fragments = change.GetOutput().GetDataElement().GetSequenceOfFragments()
    if fragments is None or fragments.GetNumberOfFragments() != 1:
        raise CodecError("GDCM did not return exactly one fragment")
    return _bytes(fragments.GetFragment(0).GetByteValue().GetBuffer())


def _refuse(image: ImagePixel) -> None:
    if image.bits_allocated not in (8, 16, 32):
        raise CodecError(f"GDCM does not support {image.bits_allocated} bits allocated")


def _refuse_size(array: samples.Array, syntax: TransferSyntax, image: ImagePixel) -> None:
    if syntax.uid == RLE:
        if array.nbytes % 2:
            raise CodecError("GDCM cannot encode RLE with an odd number of bytes: it crashes")
    elif array.itemsize > 2:
        raise CodecError(f"GDCM encodes at most 16 bits per sample, not {image.bits_stored}")
    elif syntax.uid in JPEG2000 and min(image.rows, image.columns) < 32:
        raise CodecError(
            f"GDCM cannot encode sides under 32 pixels: {image.rows} x {image.columns}"
        )


def _decode_rle(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    bits = image.bits_allocated
    if bits > 8 and image.samples_per_pixel > 1:
        raise CodecError("GDCM cannot correctly decode RLE colour with more than 8 bits")
    stream_repair.require_segments(stream, image.rows * image.columns)
    data = _decoded(stream, syntax, image, (bits, bits, image.signed))
    array = np.frombuffer(data, f"<{'i' if image.signed else 'u'}{bits // 8}")
    return samples.frame_of(array, image, photometric.as_said(image))


def _decoded(
    stream: bytes, syntax: TransferSyntax, image: ImagePixel, words: tuple[int, int, bool]
) -> bytes:
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(bytes(stream))
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(*PIXEL_DATA))
    element.SetValue(fragments.__ref__())
    picture = gdcm.Image()
    _describe(picture, image, words, syntax.uid)
    picture.SetDataElement(element)
    return _bytes(picture.GetBuffer())


def _describe(picture: Any, image: ImagePixel, words: tuple[int, int, bool], uid: str) -> None:
    """Sets the attributes of a gdcm.Image; ``words`` is bits allocated, bits stored, signed."""
    allocated, stored, signed = words
    picture.SetNumberOfDimensions(2)
    picture.SetDimensions((image.columns, image.rows, 1))
    # 4:2:2 and palettes do not affect the samples themselves, and GDCM never converts them
    name = "RGB" if image.samples_per_pixel == 3 else "MONOCHROME2"
    kind = gdcm.PhotometricInterpretation.GetPIType(name)
    picture.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
    picture.SetTransferSyntax(_transfer_syntax(uid))
    picture.SetPixelFormat(
        gdcm.PixelFormat(image.samples_per_pixel, allocated, stored, stored - 1, int(signed))
    )
    if image.samples_per_pixel > 1:
        picture.SetPlanarConfiguration(0)


def _transfer_syntax(uid: str) -> Any:
    return gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(uid))


def _bytes(buffer: str | None) -> bytes:
    """Returns the bytes of a C buffer that SWIG returned as text."""
    if not buffer:
        raise CodecError("GDCM returned no data")
    return buffer.encode("utf-8", "surrogateescape")
