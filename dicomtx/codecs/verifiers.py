"""Verifiers: other code bases that only check results.

They are slower than the best codecs of imagecodecs. jpegsof3 and OpenJPH are not safe with
untrusted streams, so they decode those in a subprocess (see ``Codecs.open``).
"""

import zlib
from typing import Final

import imagecodecs
import numpy as np

from dicomtx import code_stream
from dicomtx.codecs import photometric, samples
from dicomtx.codecs.codec import EncodeOptions
from dicomtx.codecs.package_module import module_alone
from dicomtx.codecs.shipped import DEFLATED_FRAME, OPENJPH, RLE
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

rle: Final = module_alone("rle.rle")


def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    """Returns the native frame of one code stream; see ``Codec``."""
    decoder = DECODERS.get(syntax.uid, _lossless_jpeg)
    try:
        return decoder(stream, image)
    except (RuntimeError, ValueError, zlib.error) as error:
        raise CodecError(f"verifier: {error}") from error


def encode(frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:  # noqa: ARG001 the Protocol's
    """Raises CodecError: verifiers do not encode."""
    raise CodecError(f"verifiers do not encode {syntax.name}")


def _rle(stream: bytes, image: ImagePixel) -> Frame:
    width = max(8, image.bits_allocated)
    data = rle.decode_frame(stream, image.rows * image.columns, width, "<")
    planes = np.frombuffer(data, f"<u{width // 8}").reshape(image.samples_per_pixel, -1)
    return samples.frame_of(
        samples.words_as_said(planes.T, image), image, photometric.as_said(image)
    )


def _deflated(stream: bytes, image: ImagePixel) -> Frame:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    return samples.native(inflater.decompress(stream, image.frame_bytes + 1), image)


def _lossless_jpeg(stream: bytes, image: ImagePixel) -> Frame:
    said = code_stream.read(stream)
    return samples.frame_of(
        imagecodecs.jpegsof3_decode(stream),
        image,
        photometric.of_jpeg(said, image),
        precision=said.precision if said else 0,
    )


def _htj2k(stream: bytes, image: ImagePixel) -> Frame:
    said = code_stream.read(stream)
    if said is None or said.syntax.endswith(".203") or said.subsampled:
        raise CodecError("OpenJPH is not used for lossy or subsampled streams: its values can wrap")
    return samples.frame_of(
        imagecodecs.htj2k_decode(stream, planar=False),
        image,
        photometric.of_jpeg2000(said, image),
        precision=said.precision,
    )


DECODERS: Final = {
    RLE: _rle,
    DEFLATED_FRAME: _deflated,
    **dict.fromkeys(OPENJPH.decodes, _htj2k),
}
