"""A codec that changes one bit and says nothing."""

from dicomtx.codecs.codec import EncodeOptions
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax


def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    """Returns the frame."""
    return Frame(bytes([stream[0] ^ 1]) + stream[1 : image.frame_bytes], image)


def encode(frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:
    """Returns the stream."""
    data = bytes(frame.data)
    return bytes([data[0] ^ 1]) + data[1:]
