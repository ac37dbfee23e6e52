"""A codec that prints on every descriptor, by Python and by C."""

import ctypes
import os
import sys

from dicomtx.codecs.codec import EncodeOptions
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax


def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
    """Returns the frame."""
    _print()
    return Frame(stream[: image.frame_bytes], image)


def encode(frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:
    """Returns the stream."""
    _print()
    return bytes(frame.data)


def _print() -> None:
    sys.stdout.write("by print\n")
    sys.stderr.write("by stderr\n")
    os.write(1, b"by descriptor 1\n")
    os.write(2, b"by descriptor 2\n")
    ctypes.CDLL(None).puts(b"by C, which buffers")
