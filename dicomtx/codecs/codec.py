"""The codec interface: a module with two functions, and a spec that describes it without import."""

from collections.abc import Mapping
from typing import Final, Literal, Protocol

from dicomtx.frozen import Frozen
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

Direction = Literal["decode", "encode"]

MOST_MEMORY: Final = 12.0  # needed by the encoder of JPEG XL
NOTHING: Final[Mapping[str, str]] = {}
NO_MEMORY: Final[Mapping[str, float]] = {}


class Attempt(Frozen, kw_only=False):
    """A codec that was tried and failed."""

    codec: str
    direction: Direction
    reason: str


class Layout(Frozen):
    """How JPEG 2000 and HTJ2K arrange a code stream. The encoder decides what is not set.

    Attributes:
        progression: LRCP, RLCP, RPCL, PCRL or CPRL; empty for any.
        tile_size: columns and rows of a tile; None for one tile.
        levels: the decomposition levels; None for any number.
    """

    progression: str = ""
    tile_size: tuple[int, int] | None = None
    levels: int | None = None


ANY_LAYOUT: Final = Layout()


class EncodeOptions(Frozen):
    """Settings of an encoder, in its own units. Lossless encoders use only the layout.

    Attributes:
        near: JPEG-LS: the largest error of a sample.
        quality: JPEG: 1 to 100, on libjpeg's scale.
        psnr: JPEG 2000: dB, relative to the largest value of the stream's precision. From 200 on,
            no coefficient is truncated.
        step: HTJ2K: the base quantization step, as a fraction of the range of the precision.
        distance: JPEG XL: the visual distance, 0.01 to 25.
        reversible: use the reversible coding of a lossy syntax; the other settings are ignored.
        subsampled: JPEG: convert three components to YCbCr with half the chroma (4:2:2). If not
            set, the components are coded unchanged.
        layout: JPEG 2000 and HTJ2K: the arrangement of the stream. dicomtx compares the stream with
            it, so an encoder that ignores it has failed.
    """

    near: int = 0
    quality: int = 90
    psnr: float = 0.0
    step: float = 0.0
    distance: float = 1.0
    reversible: bool = False
    subsampled: bool = False
    layout: Layout = ANY_LAYOUT


class Codec(Protocol):
    """A module that decodes and encodes one frame at a time.

    Both functions raise ``CodecError`` if the library cannot do the job. Any other exception is
    a bug in a builtin codec, and a failed attempt of a plugin.

    A plugin is a module with these two functions and a ``CodecSpec``. An entry point of the group
    ``dicomtx.codecs`` names the spec, or a function without arguments that returns it. The entry
    point has the name of the spec. Plugins are imported only in a subprocess, which is reused
    from frame to frame. If a plugin crashes or hangs, the attempt has failed, and the last line
    that it printed is the reason. ``decode`` gets bytes; ``encode`` gets a Frame whose data is a
    bytearray. Both may return any contiguous buffer.
    """

    def decode(self, stream: bytes, syntax: TransferSyntax, image: ImagePixel, /) -> Frame:
        """Returns the native frame of one code stream.

        Args:
            stream: the frame's bytes, fragments joined, possibly with trailing padding.
            syntax: the transfer syntax of the stream.
            image: the Image Pixel attributes of the data set.

        Returns:
            The samples of the stream, in ``image.bits_allocated`` bits each. The multiple
            component transform of JPEG 2000 is undone and JPEG's chroma is upsampled, but YCbCr
            is not converted to RGB. The photometric interpretation of ``Frame.image`` describes
            the samples. Signed values are sign-extended from the stream's precision.
        """

    def encode(self, frame: Frame, syntax: TransferSyntax, options: EncodeOptions, /) -> bytes:
        """Returns the code stream of one native frame, without padding.

        A lossless syntax keeps the low ``bits_stored`` bits of each sample.
        """


class CodecSpec(Frozen):
    """A description of a codec that does not need its import.

    Attributes:
        name: the name for ``--codec``.
        module: the module with ``decode`` and ``encode``.
        requires: the modules that must be importable.
        install: the argument of ``pip install`` if one of them is missing.
        decodes: the code base that decodes, by Transfer Syntax UID ("OpenJPEG", "CharLS", ...).
            Verification prefers a code base other than the one that encoded.
        encodes: the code base that encodes, by Transfer Syntax UID.
        memory: bytes that either function needs per byte of a native frame, by UID, in addition
            to the frame and its stream. The default is ``MOST_MEMORY``.
        holds_gil: frames can be processed in parallel only in subprocesses.
        builtin: shipped with dicomtx, needs only dicomtx's own dependencies, and runs in the
            main process. All other codecs are isolated.
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

    @property
    def code_bases(self) -> tuple[str, ...]:
        """The names of the code bases that decode."""
        return tuple(dict.fromkeys(self.decodes.values()))

    def does(self, direction: Direction) -> Mapping[str, str]:
        """Returns the code bases for one direction, by Transfer Syntax UID."""
        return self.decodes if direction == "decode" else self.encodes

    def memory_for(self, syntax: TransferSyntax, image: ImagePixel) -> int:
        """Returns the bytes that converting one frame needs, including its verification.

        Four copies exist: the frame as read, as processed, encoded, and decoded again.
        """
        samples = max(image.frame_bytes, image.samples_per_frame)  # codecs unpack bits to bytes
        return int(samples * (4 + self.memory.get(syntax.uid, MOST_MEMORY)))
