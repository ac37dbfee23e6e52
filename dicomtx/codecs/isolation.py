"""A codec whose two functions are carried out in a process of its own."""

from dicomtx.codecs.child import Child
from dicomtx.codecs.codec import CodecSpec, EncodeOptions
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax


class Isolated:
    """The codec of one module (see ``Codec``), in a child process."""

    def __init__(self, child: Child, module: str) -> None:
        self._child = child
        self._module = module

    def decode(self, stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
        """Returns the native frame of one code stream, as ``Codec.decode``."""
        found, data = self._child.ask(("decode", self._module, syntax, image), stream)
        if not isinstance(found, ImagePixel):
            raise CodecError(f"{self._child.name} sent no Image Pixel with its frame")
        return Frame(data, found)

    def encode(self, frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:
        """Returns the code stream of one native frame, as ``Codec.encode``."""
        question = ("encode", self._module, syntax, frame.image, options)
        return bytes(self._child.ask(question, frame.data)[1])


def describe(child: Child, value: str) -> CodecSpec:
    """Returns the spec that the value of an entry point names; only the child imports it.

    Raises:
        CodecError: it cannot be imported, or is no spec.
    """
    spec, _ = child.ask(("describe", value))
    if not isinstance(spec, CodecSpec):
        raise CodecError(f"{child.name} sent no CodecSpec")
    return spec
