"""Tests each installed codec with a tiny image, in a subprocess: a crash is a failed test."""

import time
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from dicomtx.codecs.codec import Codec, CodecSpec, EncodeOptions
from dicomtx.codecs.registry import Codecs, missing
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax, by_uid

SIDE: Final = 32
IMAGE: Final = ImagePixel(
    rows=SIDE,
    columns=SIDE,
    samples_per_pixel=1,
    photometric_interpretation="MONOCHROME2",
    bits_allocated=8,
    bits_stored=8,
    high_bit=7,
    pixel_representation=0,
)
PIXELS: Final = bytes(255 - 3 * row - 4 * column for row in range(SIDE) for column in range(SIDE))
OPTIONS: Final = EncodeOptions(quality=95, psnr=60.0, step=1 / 256, distance=0.5)
TOLERANCE: Final = 16  # the largest error of a sample that a lossy syntax may have here


class SelfTest(NamedTuple):
    """The result of testing one codec.

    Attributes:
        codec: its name.
        missing: the modules that it needs and that are not installed; it was not tested then.
        syntaxes: the names of the transfer syntaxes that it was tested with.
        failures: what went wrong, with the name of the syntax.
        seconds: the time that all its tests took, including its start.
    """

    codec: str
    missing: tuple[str, ...] = ()
    syntaxes: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    seconds: float = 0.0


class _Streams:
    """The code streams of the test image, each from the first codec that can encode it."""

    def __init__(self, codecs: Codecs) -> None:
        self._codecs = codecs
        self._made: dict[str, bytes] = {}

    def add(self, syntax: TransferSyntax, stream: bytes) -> None:
        """Keeps a stream for the codecs that only decode."""
        self._made.setdefault(syntax.uid, stream)

    def of(self, syntax: TransferSyntax) -> bytes:
        """Returns a stream; empty if no codec encodes this syntax."""
        if syntax.uid not in self._made:
            spec = next(self._codecs.able(syntax, "encode"), None)
            stream = _encoded(_opened(self._codecs, spec), syntax) if spec else b""
            self._made[syntax.uid] = stream
        return self._made[syntax.uid]


def self_tests(codecs: Codecs, specs: Iterable[CodecSpec]) -> Iterator[SelfTest]:
    """Yields the result for each codec.

    A codec encodes the image if it can, and decodes the result; a codec that only decodes gets a
    stream of another one. Syntaxes that no codec encodes are not tested.

    Args:
        codecs: opens the codecs, and finds those that encode for others.
        specs: the codecs to test.
    """
    streams = _Streams(codecs)
    for spec in specs:
        lacking = missing(spec)
        if lacking:
            yield SelfTest(spec.name, lacking)
        else:
            yield _tested(spec, codecs, streams)


def _tested(spec: CodecSpec, codecs: Codecs, streams: _Streams) -> SelfTest:
    started = time.perf_counter()
    codec = _opened(codecs, spec)
    names, failures = [], []
    for uid in dict.fromkeys((*spec.encodes, *spec.decodes)):
        syntax = by_uid(uid)
        try:
            if not _round_trip(spec, codec, syntax, streams):
                continue
        except CodecError as error:
            failures.append(f"{syntax.name}: {error}")
        names.append(syntax.name)
    seconds = round(time.perf_counter() - started, 2)
    return SelfTest(spec.name, (), tuple(names), tuple(failures), seconds)


def _round_trip(spec: CodecSpec, codec: Codec, syntax: TransferSyntax, streams: _Streams) -> bool:
    """Encodes and decodes the image; returns False if there is no stream to decode.

    Raises:
        CodecError: the codec fails, or changes the image.
    """
    if syntax.uid in spec.encodes:
        stream = _encoded(codec, syntax)
        streams.add(syntax, stream)
    else:
        stream = streams.of(syntax)
    if not stream or syntax.uid not in spec.decodes:
        return bool(stream)
    found = codec.decode(stream, syntax, IMAGE)
    worst = max((abs(a - b) for a, b in zip(PIXELS, found.data, strict=False)), default=0)
    allowed = TOLERANCE if syntax.lossy else 0
    if len(found.data) != len(PIXELS) or worst > allowed:
        raise CodecError(f"the decoded image is wrong (largest error {worst})")
    return True


def _encoded(codec: Codec, syntax: TransferSyntax) -> bytes:
    return bytes(codec.encode(Frame(bytearray(PIXELS), IMAGE), syntax, OPTIONS))


def _opened(codecs: Codecs, spec: CodecSpec) -> Codec:
    """Returns the codec in a subprocess of its own."""
    return codecs.open(spec, apart=True)
