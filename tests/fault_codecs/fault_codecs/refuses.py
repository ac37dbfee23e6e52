"""A codec that says what it cannot do."""

from typing import NoReturn

from dicomtx.codecs.codec import EncodeOptions
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax


def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> NoReturn:
    """Refuses."""
    raise CodecError("13 bits are too many")


def encode(frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> NoReturn:
    """Refuses."""
    raise CodecError("13 bits are too many")
