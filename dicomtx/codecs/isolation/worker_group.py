"""A codec that runs in subprocesses."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import LifoQueue

from dicomtx.codecs.codec import CodecSpec, EncodeOptions
from dicomtx.codecs.isolation.child import Child
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.processes.framing import Data
from dicomtx.transfer_syntaxes import TransferSyntax


class WorkerGroup:
    """The subprocesses of one codec, one per frame that is processed in parallel.

    Each starts when it is first needed. The process that answered last gets the next question,
    so a file of one frame uses one process.
    """

    def __init__(self, name: str, timeout: float, size: int = 1) -> None:
        """Describes at most ``size`` processes; they start later (see ``Child``)."""
        self.name = name
        self._children = [Child(name, timeout) for _ in range(max(size, 1))]
        self._idle: LifoQueue[Child] = LifoQueue()
        for child in reversed(self._children):
            self._idle.put(child)

    def ask(self, question: tuple[object, ...], body: Data = b"") -> tuple[object, bytearray]:
        """Returns the answer of an idle process; waits for one. See ``Child.ask``."""
        with self._one() as child:
            return child.ask(question, body)

    def printed(self) -> Iterator[str]:
        """Yields the lines that the codec printed since the last call."""
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
    """The codec of one module (see ``Codec``), run in subprocesses."""

    def __init__(self, team: WorkerGroup | Child, module: str) -> None:
        self._group = team
        self._module = module

    def decode(self, stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
        """Returns the native frame of one code stream, as ``Codec.decode``."""
        found, data = self._group.ask(("decode", self._module, syntax, image), stream)
        if not isinstance(found, ImagePixel):
            raise CodecError(f"{self._group.name} did not return an ImagePixel with its frame")
        return Frame(data, found)

    def encode(self, frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:
        """Returns the code stream of one native frame, as ``Codec.encode``."""
        question = ("encode", self._module, syntax, frame.image, options)
        return bytes(self._group.ask(question, frame.data)[1])


def describe(team: WorkerGroup | Child, value: str) -> CodecSpec:
    """Returns the spec that an entry point names; only the child imports it.

    Raises:
        CodecError: it cannot be imported, or is not a CodecSpec.
    """
    spec, _ = team.ask(("describe", value))
    if not isinstance(spec, CodecSpec):
        raise CodecError(f"{team.name} did not return a CodecSpec")
    return spec
