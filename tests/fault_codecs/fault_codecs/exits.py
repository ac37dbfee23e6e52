"""A codec that ends the process without a word."""

import os

from dicomtx.codecs.codec import EncodeOptions
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax


def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    """Returns the frame, or fails if its first byte is 255."""
    _fail(stream)
    return Frame(stream[: image.frame_bytes], image)


def encode(frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:
    """Returns the stream, or fails if its first byte is 255."""
    _fail(bytes(frame.data))
    return bytes(frame.data)


def _fail(data: bytes) -> None:
    if data[:1] == b"\xff":
        os._exit(3)
