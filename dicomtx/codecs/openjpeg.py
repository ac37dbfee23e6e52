"""JPEG 2000 and HTJ2K by OpenJPEG, through the pylibjpeg-openjpeg package."""

from threading import Lock
from typing import Final

from dicomtx import code_stream
from dicomtx.codecs import photometric, samples, subsampled
from dicomtx.codecs.codec import EncodeOptions
from dicomtx.codecs.package_module import module_alone
from dicomtx.codecs.shipped import OPENJPEG
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

utils: Final = module_alone("openjpeg.utils")
# openjpeg keeps the Python objects of its log in C statics: two concurrent encoders crash
ENCODING: Final = Lock()
RGB: Final = 1


def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    """Returns the native frame of one code stream; see ``Codec``."""
    if syntax.uid not in OPENJPEG.decodes:
        raise CodecError(f"openjpeg does not decode {syntax.name}")
    said = code_stream.read(stream)
    try:
        if said and said.subsampled:
            return subsampled.decode(stream, image)
        array = utils.decode(stream)
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"openjpeg: {error}") from error
    return samples.frame_of(
        array,
        image,
        photometric.of_jpeg2000(said, image),
        precision=said.precision if said else 0,
    )


def encode(frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:  # noqa: ARG001 the Protocol's
    """Returns the code stream of one native frame; see ``Codec``."""
    image = frame.image
    if syntax.uid not in OPENJPEG.encodes:
        raise CodecError(f"openjpeg does not encode {syntax.name}")
    if min(image.rows, image.columns) < 32:
        raise CodecError(
            f"openjpeg cannot encode sides under 32 pixels: {image.rows} x {image.columns}"
        )
    if image.bits_stored > 24:
        raise CodecError(f"OpenJPEG supports 24 bits per sample, not {image.bits_stored}")
    colour = image.samples_per_pixel == 3 and image.photometric_interpretation == "RGB"
    try:
        with ENCODING:
            stream = utils.encode_buffer(
                samples.values(frame).tobytes(),
                image.columns,
                image.rows,
                image.samples_per_pixel,
                image.bits_stored,
                image.signed,
                photometric_interpretation=RGB if colour else 0,
            )
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"openjpeg: {error}") from error
    return bytes(stream)
