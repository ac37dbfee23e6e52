"""Carries a plan out on one data set, frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from dicomtx.codecs import guard
from dicomtx.codecs.codec import Attempt, Codec, CodecSpec, Direction, EncodeOptions
from dicomtx.codecs.registry import Codecs
from dicomtx.dicom import attributes, fragments
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.pixel_data import (
    EncapsulatedFrames,
    EncapsulatedWriter,
    NativeFrames,
    NativeWriter,
    native_frames,
)
from dicomtx.dicom.rewrite import PixelData
from dicomtx.engine import colour, stored
from dicomtx.engine.overlays import OverlayCollector
from dicomtx.engine.plan import Plan
from dicomtx.errors import CodecError, DamagedError
from dicomtx.files import Spool
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax


@dataclass(frozen=True, slots=True)
class Transcoded:
    """The frames of one file in their new encoding.

    Attributes:
        pixel_data: the new Pixel Data.
        edits: what goes with it, the measured ones included.
        decoder: the codec that decoded, None for native sources.
        encoder: the codec that encoded, None for native targets.
        attempts: the codecs that failed before.
        digests: one for each frame, of its stored values as they should be in the output.
        warnings: what is not as it should be in the source.
    """

    pixel_data: PixelData
    edits: tuple[Edit, ...]
    decoder: CodecSpec | None
    encoder: CodecSpec | None
    attempts: tuple[Attempt, ...]
    digests: tuple[bytes, ...]
    warnings: tuple[str, ...]


class Frames(Protocol):
    """Native frames of a source, whatever it takes to get them."""

    @property
    def count(self) -> int:
        """Number of frames."""

    def read(self, index: int) -> Frame:
        """Returns one native frame."""


class FailedError(CodecError):
    """A codec that failed, so that the next one can be tried."""

    def __init__(
        self, spec: CodecSpec, direction: Direction, frame: int, cause: CodecError
    ) -> None:
        """Tells which codec, doing what, with which frame."""
        super().__init__(f"{spec.name} could not {direction} frame {frame + 1}: {cause}")
        self.attempt = Attempt(spec.name, direction, f"frame {frame + 1}: {cause}")


@dataclass(frozen=True, slots=True)
class DecodedFrames:
    """Encapsulated frames, decoded by one codec."""

    frames: EncapsulatedFrames
    spec: CodecSpec
    codec: Codec
    syntax: TransferSyntax
    image: ImagePixel

    @property
    def count(self) -> int:
        """Number of frames."""
        return self.frames.count

    def read(self, index: int) -> Frame:
        """Returns one native frame, as the stream holds it.

        Raises:
            FailedError: the codec cannot decode it, or it is another image.
        """
        try:
            stream = guard.check(self.frames.read(index), self.syntax, self.image)
            return guard.check_length(self.codec.decode(stream, self.syntax, self.image))
        except CodecError as error:
            raise FailedError(self.spec, "decode", index, error) from error


def transcode(plan: Plan, data_set: DataSet, codecs: Codecs, spool: Spool) -> Transcoded:
    """Returns the frames in the plan's target; a failing codec's work is thrown away whole.

    Raises:
        CodecError: every codec failed; the message tells of each.
        DamagedError: the frames cannot be found, or contradict each other.
    """
    warnings: list[str] = []
    found = _find(plan, data_set, warnings)
    attempts: list[Attempt] = []
    decoders = _choices(codecs, plan, "decode")
    encoders = _choices(codecs, plan, "encode")
    decoder, encoder = next(decoders), next(encoders)
    while True:
        spool.reset()
        try:
            done = _once(plan, _opened(plan, found, codecs, decoder), codecs, encoder, spool)
        except FailedError as failed:
            attempts.append(failed.attempt)
            try:
                if failed.attempt.direction == "decode":
                    decoder = next(decoders)
                else:
                    encoder = next(encoders)
            except StopIteration:
                raise CodecsFailedError(tuple(attempts)) from failed
            continue
        return replace(
            done,
            edits=(*done.edits, *_count_edit(plan, found.count)),
            decoder=decoder,
            attempts=tuple(attempts),
            warnings=tuple(warnings),
        )


class CodecsFailedError(CodecError):
    """No codec could do it."""

    def __init__(self, attempts: tuple[Attempt, ...]) -> None:
        """Tells what each said."""
        said = "; ".join(f"{a.codec} could not {a.direction}: {a.reason}" for a in attempts)
        super().__init__(said)
        self.attempts = attempts


def _choices(codecs: Codecs, plan: Plan, direction: Direction) -> Iterator[CodecSpec | None]:
    """Yields the codecs to try; None, once, where none is needed."""
    syntax = plan.source if direction == "decode" else plan.target
    if syntax.encapsulated:
        yield from codecs.able(syntax, direction)
    else:
        yield None


def _find(plan: Plan, data_set: DataSet, warnings: list[str]) -> EncapsulatedFrames | NativeFrames:
    if plan.before is None:
        raise DamagedError("there is no image")
    if not plan.source.encapsulated:
        return native_frames(data_set, plan.before)
    wanted = attributes.number_of_frames(data_set)
    pixels = fragments.read(data_set)
    found = fragments.frames(data_set.source, pixels, wanted, warnings)
    return EncapsulatedFrames(data_set.source, found)


def _opened(
    plan: Plan,
    found: EncapsulatedFrames | NativeFrames,
    codecs: Codecs,
    decoder: CodecSpec | None,
) -> Frames:
    if isinstance(found, NativeFrames):
        return found
    assert decoder is not None
    assert plan.before is not None
    return DecodedFrames(found, decoder, codecs.open(decoder), plan.source, plan.before)


def _once(
    plan: Plan, frames: Frames, codecs: Codecs, encoder: CodecSpec | None, spool: Spool
) -> Transcoded:
    """Returns all frames transcoded by these codecs.

    Raises:
        FailedError: one of them failed.
    """
    image = plan.working
    assert image is not None
    writer = EncapsulatedWriter(spool) if encoder else NativeWriter(spool, image)
    encode = partial(_encode, codecs.open(encoder), encoder, plan) if encoder else None
    overlays = OverlayCollector(plan.overlays)
    digests = []
    for index in range(frames.count):
        frame = working(plan, frames.read(index))
        if plan.overlays:
            frame = overlays.take(frame)
        digests.append(stored.digest(frame))
        writer.add(encode(frame, index) if encode else frame.data)
    edits = (*writer.edits(), *overlays.edits(), *_image_edits(plan))
    pixel_data = writer.pixel_data(big_endian=plan.target.big_endian)
    return Transcoded(pixel_data, edits, None, encoder, (), tuple(digests), ())


def working(plan: Plan, frame: Frame) -> Frame:
    """Returns the frame in the colour space that the plan works in.

    Raises:
        DamagedError: it is in another one than the first frame.
    """
    if plan.expand:
        frame = colour.to_full(frame)
    if plan.to_rgb and frame.image.photometric_interpretation == "YBR_FULL":
        frame = colour.to_rgb(frame)
    wanted = plan.working
    if wanted and frame.image.photometric_interpretation != wanted.photometric_interpretation:
        raise DamagedError(
            f"a frame is {frame.image.photometric_interpretation}, but the first one"
            f" {wanted.photometric_interpretation}"
        )
    return frame


def _encode(codec: Codec, spec: CodecSpec, plan: Plan, frame: Frame, index: int) -> bytes:
    try:
        return codec.encode(frame, plan.target, EncodeOptions())
    except CodecError as error:
        raise FailedError(spec, "encode", index, error) from error


def _image_edits(plan: Plan) -> list[Edit]:
    if plan.before is None or plan.after is None:
        return []
    return attributes.image_edits(plan.before, plan.after)


def _count_edit(plan: Plan, count: int) -> list[Edit]:
    if plan.before is None or plan.before.number_of_frames == count:
        return []
    return [Edit.text(attributes.NUMBER_OF_FRAMES, "IS", str(count))]
