"""A codec whose two functions are carried out in processes of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import LifoQueue
from typing import Any

from dicomtx.codecs.codec import CodecSpec, EncodeOptions
from dicomtx.codecs.isolation.child import Child
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.processes.framing import Data
from dicomtx.transfer_syntaxes import TransferSyntax


class WorkerGroup:
    """The processes of one codec: one for each frame that is worked on at once.

    Each is started when it is first needed, and that which answered last is asked first, so that
    a file of one frame has one process.
    """

    def __init__(self, name: str, timeout: float, size: int = 1) -> None:
        """Describes at most ``size`` processes; none is started yet (see ``Child``)."""
        self.name = name
        self._children = [Child(name, timeout) for _ in range(max(size, 1))]
        self._idle: LifoQueue[Child] = LifoQueue()
        for child in reversed(self._children):
            self._idle.put(child)

    def ask(self, question: tuple[Any, ...], body: Data = b"") -> tuple[Any, bytearray]:
        """Returns what an idle one answers; waits until there is one. See ``Child.ask``."""
        with self._one() as child:
            return child.ask(question, body)

    def printed(self) -> Iterator[str]:
        """Yields the lines that the codec printed since this was last asked."""
        for child in self._children:
            yield from child.printed()

    def close(self) -> None:
        """Ends the processes."""
        for child in self._children:
            child.close()

    @contextmanager
    def _one(self) -> Iterator[Child]:
        child = self._idle.get()
        try:
            yield child
        finally:
            self._idle.put(child)


class Isolated:
    """The codec of one module (see ``Codec``), in other processes."""

    def __init__(self, team: WorkerGroup | Child, module: str) -> None:
        self._group = team
        self._module = module

    def decode(self, stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
        """Returns the native frame of one code stream, as ``Codec.decode``."""
        found, data = self._group.ask(("decode", self._module, syntax, image), stream)
        if not isinstance(found, ImagePixel):
            raise CodecError(f"{self._group.name} sent no Image Pixel with its frame")
        return Frame(data, found)

    def encode(self, frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:
        """Returns the code stream of one native frame, as ``Codec.encode``."""
        question = ("encode", self._module, syntax, frame.image, options)
        return bytes(self._group.ask(question, frame.data)[1])


def describe(team: WorkerGroup | Child, value: str) -> CodecSpec:
    """Returns the spec that the value of an entry point names; only the child imports it.

    Raises:
        CodecError: it cannot be imported, or is no spec.
    """
    spec, _ = team.ask(("describe", value))
    if not isinstance(spec, CodecSpec):
        raise CodecError(f"{team.name} sent no CodecSpec")
    return spec
