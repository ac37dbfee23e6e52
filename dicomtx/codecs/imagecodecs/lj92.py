"""Lossless JPEG by liblj92: a code base that decodes what was just encoded, to verify it.

It takes two thirds of the time of jpegsof3. It is not safe with damaged streams, so it never reads
those of a source. A few streams of tiny images fail; jpegsof3 then decodes them.
"""

import imagecodecs

from dicomtx import code_stream
from dicomtx.codecs import photometric, samples
from dicomtx.codecs.codec import EncodeOptions
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax


def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:  # noqa: ARG001 as all decoders
    """Returns the native frame of one code stream; see ``Codec``."""
    said = code_stream.read(stream)
    try:
        array = imagecodecs.ljpeg_decode(stream)
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"lj92: {error}") from error
    colours = photometric.of_jpeg(said, image)
    return samples.frame_of(array, image, colours, precision=said.precision if said else 0)


def encode(frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:  # noqa: ARG001 the Protocol's
    """Raises CodecError: lj92 is not used to encode."""
    raise CodecError(f"lj92 is not used to encode {syntax.name}")
