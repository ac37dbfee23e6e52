"""What a codec is: a module with two functions, and a description that needs no import of it."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, Protocol

from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

Direction = Literal["decode", "encode"]

MOST_MEMORY: Final = 12.0  # that of JPEG XL's encoder
NOTHING: Final[Mapping[str, str]] = {}
NO_MEMORY: Final[Mapping[str, float]] = {}


class Attempt(NamedTuple):
    """A codec that was tried and failed."""

    codec: str
    direction: Direction
    reason: str


class EncodeOptions(NamedTuple):
    """What the encoder of a lossy syntax is told, in its own terms; lossless ones need nothing.

    Attributes:
        near: JPEG-LS: the largest error of a sample.
        quality: JPEG: 1 to 100, as libjpeg has it.
        psnr: JPEG 2000: dB, over the largest value that the precision of the stream holds; with
            200 or more no coefficient is cut.
        step: HTJ2K: the base quantisation step, as a part of the range of the stream's precision.
        distance: JPEG XL: its visual distance, 0.01 to 25.
        reversible: the way of the syntax that loses nothing; the others say nothing then.
        subsampled: JPEG: three components become YCbCr with half the chroma (4:2:2); or else they
            are coded as they are.
    """

    near: int = 0
    quality: int = 90
    psnr: float = 0.0
    step: float = 0.0
    distance: float = 1.0
    reversible: bool = False
    subsampled: bool = False


class Codec(Protocol):
    """A module that decodes and encodes one frame at a time.

    Both functions raise ``CodecError`` for what the library cannot do; anything else that they
    raise counts as a bug in a builtin codec, and as a failed attempt of a plugin.

    A plugin is a module with these two functions and a ``CodecSpec`` that an entry point of the
    group ``dicomtx.codecs`` names (or a function without arguments that returns one), under the
    spec's own name. It is imported only in a process of its own, which is kept from frame to
    frame; it may print, crash or hang: that is a failed attempt, with the last line that it
    printed as the reason. It gets bytes to decode, and a Frame whose data is a bytearray to
    encode. What it returns may be any contiguous buffer.
    """

    def decode(self, stream: bytes, syntax: TransferSyntax, image: ImagePixel, /) -> Frame:
        """Returns the native frame of one code stream.

        Args:
            stream: the frame's bytes, fragments joined; trailing padding may be there.
            syntax: what the stream is.
            image: what the data set says.

        Returns:
            The samples as the stream holds them, in ``image.bits_allocated`` bits each: the
            multiple component transform of JPEG 2000 is undone, JPEG's chroma is brought to full
            size, but YCbCr is not turned into RGB. The photometric interpretation of
            ``Frame.image`` says what the samples are. Signed values are sign-extended from the
            stream's precision.
        """

    def encode(self, frame: Frame, syntax: TransferSyntax, options: EncodeOptions, /) -> bytes:
        """Returns the code stream of one native frame, not padded.

        A lossless syntax keeps the low ``bits_stored`` bits of each sample.
        """


class CodecSpec(NamedTuple):
    """A codec described without importing it.

    Attributes:
        name: what ``--codec`` calls it.
        module: where ``decode`` and ``encode`` are.
        requires: the modules that must be importable for it.
        install: what to give to ``pip install`` when one is missing.
        decodes: the code base that decodes, by Transfer Syntax UID ("OpenJPEG", "CharLS", ...);
            verification prefers another code base than the one that encoded.
        encodes: the same for encoding.
        memory: bytes that either function needs for each byte of a native frame, by UID, beside
            the frame and its stream; ``MOST_MEMORY`` where nothing is said.
        holds_gil: frames are worked on side by side only in processes.
        builtin: shipped with dicomtx over its own dependencies, run in the main process; all
            others are isolated.
    """

    name: str
    module: str
    requires: tuple[str, ...] = ()
    install: str = ""
    decodes: Mapping[str, str] = NOTHING
    encodes: Mapping[str, str] = NOTHING
    memory: Mapping[str, float] = NO_MEMORY
    holds_gil: bool = False
    builtin: bool = False

    def does(self, direction: Direction) -> Mapping[str, str]:
        """Returns the code bases for one direction, by Transfer Syntax UID."""
        return self.decodes if direction == "decode" else self.encodes

    def memory_for(self, syntax: TransferSyntax, image: ImagePixel) -> int:
        """Returns the bytes that one frame takes from source to output, its check included.

        The frame is there as it was read, as it is worked on, encoded, and decoded again.
        """
        samples = max(image.frame_bytes, image.samples_per_frame)  # codecs unpack bits to bytes
        return int(samples * (4 + self.memory.get(syntax.uid, MOST_MEMORY)))
