"""The two functions of a codec that fails on data whose first byte is 255."""

from collections.abc import Callable

from dicomtx.codecs.codec import EncodeOptions
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

Decode = Callable[[bytes, TransferSyntax, ImagePixel], Frame]
Encode = Callable[[Frame, TransferSyntax, EncodeOptions], bytes]


def failing(fail: Callable[[], object]) -> tuple[Decode, Encode]:
    """Returns ``decode`` and ``encode``, which change nothing, but call ``fail`` first."""

    def decode(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
        if stream[:1] == b"\xff":
            fail()
        return Frame(stream[: image.frame_bytes], image)

    def encode(frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:
        data = bytes(frame.data)
        if data[:1] == b"\xff":
            fail()
        return data

    return decode, encode
