"""A codec that loses the last byte."""

from dicomtx.codecs.codec import EncodeOptions
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax


def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    """Returns the frame."""
    return Frame(stream[: image.frame_bytes - 1], image)


def encode(frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:
    """Returns the stream."""
    return bytes(frame.data[:-1])
