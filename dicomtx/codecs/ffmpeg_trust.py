"""The streams that FFmpeg decodes correctly: one table of measurements.

FFmpeg decodes some streams to wrong samples without an error. It is used only for kinds that were
right in every test (``tests/codecs/test_ffmpeg.py`` repeats the measurements).
"""

from typing import Final, NamedTuple

from dicomtx import code_stream
from dicomtx.code_stream.structure import segments
from dicomtx.codecs.codec import Codec, EncodeOptions
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

LINES, SAMPLES = 1, 2  # ILV of JPEG-LS (T.87 C.2.3); 0 is one scan per component
SOS, LSE, APP8 = 0xDA, 0xF8, 0xE8
TABLES: Final = (2, 3)  # kinds of LSE segments that map sample values (T.87 C.2.4.1.2)
ORIGIN: Final = slice(16, 24)  # XOsiz and YOsiz of SIZ (T.800 A.5.1)
COMPONENTS: Final = 42  # offset of the first component in SIZ of JPEG 2000


class Stream(NamedTuple):
    """The properties of a stream that decide whether FFmpeg is used.

    Attributes:
        family: as in ``CodeStream``.
        components: the number of components.
        bits: the precision.
        exact: every decoder returns the same samples: 5-3 wavelets, or JPEG-LS.
        interleave: ILV of JPEG-LS; 0 for others.
        subsampled: some components have fewer samples than others.
        odd: mapping tables, a colour transform of HP's codec, components of different depths, or
            subsampling on a grid that does not begin at zero.
    """

    family: str
    components: int
    bits: int
    exact: bool
    interleave: int = 0
    subsampled: bool = False
    odd: bool = False


class Measured(NamedTuple):
    """A kind of stream, and how well FFmpeg decodes it.

    Attributes:
        family: as in ``CodeStream``.
        kind: the kind in words, without the precision.
        result: the measured result in words.
        error: the largest difference to the library that encoded: 0, or 1 where both round. None
            if FFmpeg fails or is wrong, and is not used.
        components: the least and the largest number.
        bits: the least and the largest precision.
        exact: the required value in ``Stream``; None for any, here and below.
        interleave: the allowed values in ``Stream``.
        subsampled: the required value in ``Stream``.
        odd: the required value in ``Stream``.
    """

    family: str
    kind: str
    result: str
    error: int | None
    components: tuple[int, int] = (1, 65535)
    bits: tuple[int, int] = (1, 38)
    exact: bool | None = None
    interleave: tuple[int, ...] | None = None
    subsampled: bool | None = False
    odd: bool | None = False

    @property
    def used(self) -> bool:
        """Whether FFmpeg is used for such streams."""
        return self.error is not None

    def fits(self, stream: Stream) -> bool:
        """Returns whether the stream is of this kind."""
        return (
            self.family == stream.family
            and self.components[0] <= stream.components <= self.components[1]
            and self.bits[0] <= stream.bits <= self.bits[1]
            and self.exact in (None, stream.exact)
            and (self.interleave is None or stream.interleave in self.interleave)
            and self.subsampled in (None, stream.subsampled)
            and self.odd in (None, stream.odd)
        )


J2K, JLS, HTJ2K = "JPEG 2000", "JPEG-LS", "HTJ2K"
UNUSED: Final = "not used: not measured, or FFmpeg fails"
WRONG: Final = "not used: FFmpeg gives wrong samples"
FAILS: Final = "not used: FFmpeg fails, or gives wrong samples"
TABLE: Final = (
    Measured(J2K, "5-3, 1 component", "exact", 0, (1, 1), (1, 16), exact=True),
    Measured(J2K, "5-3, 3 or 4 components", "exact", 0, (3, 4), (1, 16), exact=True),
    Measured(J2K, "9-7, 1 component", "within 1", 1, (1, 1), (8, 16), exact=False),
    Measured(J2K, "9-7, 3 components", "within 1", 1, (3, 3), (8, 16), exact=False),
    Measured(
        *(J2K, "5-3, subsampled chroma", "exact", 0, (3, 3), (8, 8)), exact=True, subsampled=True
    ),
    Measured(
        *(J2K, "9-7, subsampled chroma", "within 1", 1, (3, 3), (8, 8)),
        exact=False,
        subsampled=True,
    ),
    Measured(J2K, "all others", UNUSED, None, subsampled=None, odd=None),
    Measured(JLS, "1 component", "exact", 0, (1, 1), (2, 16)),
    Measured(
        JLS, "3 components, by plane or line", "exact", 0, (3, 3), (8, 8), interleave=(0, LINES)
    ),
    Measured(
        *(JLS, "components by sample", FAILS, None, (2, 255)), interleave=(SAMPLES,), odd=None
    ),
    Measured(JLS, "all others", UNUSED, None, subsampled=None, odd=None),
    Measured(HTJ2K, "all", WRONG, None, subsampled=None, odd=None),
)
"""The first matching row decides."""


def error_of(stream: bytes) -> int:
    """Returns how far FFmpeg's samples may differ from those of other decoders: 0 or 1.

    Raises:
        CodecError: FFmpeg is not used for such a stream.
    """
    described = _described(stream)
    found = next((row for row in TABLE if row.fits(described)), None)
    if found is None or found.error is None:
        kind = f"{found.kind}, {found.result}" if found else "not measured"
        raise CodecError(f"FFmpeg is not used for this {described.family} stream ({kind})")
    return found.error


def _described(stream: bytes) -> Stream:
    said = code_stream.read(stream)
    if said is None:
        raise CodecError("FFmpeg is not used for unknown kinds of streams")
    if said.family == JLS:
        return _jpegls(stream, said)
    depths = {*stream[COMPONENTS : COMPONENTS + 3 * said.components : 3]}
    return Stream(
        said.family,
        said.components,
        said.precision,
        exact=not said.syntax.endswith((".91", ".203")),
        subsampled=said.subsampled,
        odd=len(depths) > 1 or (said.subsampled and any(stream[ORIGIN])),
    )


def _jpegls(stream: bytes, said: code_stream.CodeStream) -> Stream:
    mapped, interleave = False, 0
    for marker, body in segments(stream, 2):
        mapped |= marker == LSE and body[:1] in map(_byte, TABLES)
        mapped |= marker == APP8 and body.startswith(b"mrfx") and any(body[4:5])
        if marker == SOS:
            interleave = body[-2]
            mapped |= any(body[2 : 1 + 2 * body[0] : 2])  # Tm: the table that maps the component
            break
    return Stream(
        JLS, said.components, said.precision, True, interleave, said.subsampled, odd=mapped
    )


def _byte(number: int) -> bytes:
    return bytes((number,))


class Trusted(NamedTuple):
    """FFmpeg, restricted to the streams that it decodes correctly."""

    codec: Codec

    def decode(self, stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> Frame:
        """Returns the native frame of one code stream, as ``Codec.decode``.

        Raises:
            CodecError: decoding failed, or FFmpeg is not used for such a stream.
        """
        error_of(stream)
        return self.codec.decode(stream, syntax, image)

    def encode(self, frame: Frame, syntax: TransferSyntax, options: EncodeOptions) -> bytes:
        """Raises CodecError; see ``ffmpeg.encode``."""
        return self.codec.encode(frame, syntax, options)
