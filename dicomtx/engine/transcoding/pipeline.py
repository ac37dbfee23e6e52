"""What happens to one frame: decode, colour, overlays, encode, and a look at the result."""

from typing import Final, NamedTuple

from dicomtx.codecs.codec import Codec, CodecSpec, EncodeOptions
from dicomtx.encoding_profiles import whole_words
from dicomtx.engine.decoding.decoder import DecodedFrames, Decoder, in_working_colours
from dicomtx.engine.decoding.errors import FailedError
from dicomtx.engine.lossy.encoder import LossyEncoder
from dicomtx.engine.lossy.measurement import Errors, Range, asked, summary
from dicomtx.engine.pixels import overlays, stored_values, words
from dicomtx.engine.pixels.frames import Frames
from dicomtx.engine.pixels.palette import Palette
from dicomtx.engine.planning import high_bits
from dicomtx.engine.planning.high_bits import UnfitError
from dicomtx.engine.planning.plan import Code, HighBits
from dicomtx.engine.transcoding.ordered_map import ordered_map
from dicomtx.errors import CodecError, DamagedError, VerificationError
from dicomtx.image_pixel import Frame
from dicomtx.quality_figures import Quality
from dicomtx.settings import Settings

KEPT: Final = 1 << 26  # bytes of native frames that are not decoded twice


class Read(NamedTuple):
    """One frame of the source.

    Attributes:
        frame: as it is to be encoded.
        planes: the overlay planes that were taken out of it, a byte a pixel.
        high_bits: how many words had something above Bits Stored.
    """

    frame: Frame
    planes: tuple[bytes, ...] = ()
    high_bits: int = 0


class Made(NamedTuple):
    """One frame in its new encoding.

    Attributes:
        data: the code stream, or the native frame.
        digest: of its stored values, where it is native and will be compared.
        planes: the overlay planes that were taken out of it, a byte a pixel.
        verifier: the codec that decoded it again to the same values, None if none did.
        errors: what it lost, None if it was to lose nothing.
        note: why it lost less than it might have.
        high_bits: how many words of the source had something above Bits Stored.
    """

    data: bytes | bytearray | memoryview
    digest: bytes
    planes: tuple[bytes, ...] = ()
    verifier: CodecSpec | None = None
    errors: Errors | None = None
    note: str = ""
    high_bits: int = 0


class Pipeline(NamedTuple):
    """All that is needed for any frame of one file; frames may be made by several threads.

    Attributes:
        plan: what is to be done.
        frames: the source's, native or decoded.
        encoder: the codec that encodes, None for a native target.
        codec: the same, opened.
        checks: decoders of the target, the best one first; none: what is encoded is not checked.
        confirming: more decoders of the target, for what loses something.
        second: another decoder of the source, for what a plugin decoded, or where another code base
            must decode the same.
        demanded: a frame that ``second`` cannot decode is an error.
        sampled: the frames whose encoding is checked; None for all.
        lossy: encodes in place of ``codec`` where the plan is to lose something.
        palette: expands each frame, where the plan says so.
        digests: native frames are digested.
        kept: frames that were read before, by number; each is taken when it is made.
    """

    plan: Code
    frames: Frames
    encoder: CodecSpec | None = None
    codec: Codec | None = None
    checks: tuple[Decoder, ...] = ()
    confirming: tuple[Decoder, ...] = ()
    second: Frames | None = None
    demanded: bool = False
    sampled: frozenset[int] | None = None
    lossy: LossyEncoder | None = None
    palette: Palette | None = None
    digests: bool = True
    kept: dict[int, Read] | None = None

    def read(self, index: int) -> Read:
        """Returns one frame of the source as it is to be encoded.

        Raises:
            FailedError: the decoder cannot do it.
            VerificationError: two decoders differ.
            UnsupportedError: it has bits above Bits Stored that are refused.
        """
        frame = self.frames.read(index)
        if self.palette and frame.image.samples_per_pixel == 1:  # a blank frame has colours
            frame = self.palette.expanded(frame)
        frame = in_working_colours(self.plan, frame)
        if self.second:
            self._check_decoder(frame, index, self.second)
        planes: tuple[bytes, ...] = ()
        if self.plan.overlays:
            frame, planes = overlays.taken_out(frame, self.plan.overlays)
        return self._by_rule(Read(frame, planes), index)

    def _by_rule(self, read: Read, index: int) -> Read:
        """Returns the frame with its bits above Bits Stored kept, cleared or refused."""
        rule, kept = self.plan.high_bits, self.plan.planes_kept
        if rule is HighBits.PASS or words.fits(read.frame):
            return read
        count = words.with_bits_above(read.frame, kept)
        if count and rule is HighBits.REFUSE:
            raise high_bits.refusal(index, count, read.frame.image)
        read = read._replace(high_bits=count)
        if rule is HighBits.MASK or self.plan.lossy:
            return read._replace(frame=words.without_bits_above(read.frame, kept))
        return read

    def make(self, index: int) -> Made:
        """Returns one frame made.

        Raises:
            FailedError: the decoder or the encoder cannot do it.
            MissedError: the quality asked for cannot be had.
            UnfitError: it has words that need code streams as wide as Bits Allocated.
            VerificationError: what was made is not what was read.
        """
        read = self.kept.pop(index) if self.kept and index in self.kept else self.read(index)
        return self._made(read.frame, index)._replace(planes=read.planes, high_bits=read.high_bits)

    def _made(self, frame: Frame, index: int) -> Made:
        if self.lossy:
            lossy = self.lossy.encode(frame, index)
            return Made(lossy.stream, b"", (), lossy.decoder, lossy.errors, lossy.note)
        if self.encoder is None or self.codec is None:
            return Made(frame.data, stored_values.digest(frame) if self.digests else b"")
        try:
            stream = self.codec.encode(self._coded(frame, index), self.plan.target, self._options)
        except CodecError as error:
            raise FailedError(self.encoder, "encode", index, error) from error
        return Made(stream, b"", (), self._checked(stream, frame, index))

    def _coded(self, frame: Frame, index: int) -> Frame:
        """Returns the frame as the encoder gets it: one whose words it can give back."""
        if self.plan.whole_words:
            return frame._replace(image=high_bits.whole(frame.image))
        if not whole_words(self.plan.target) and not words.fits(frame):
            raise UnfitError(index)
        return frame

    def losses(self, errors: list[Errors]) -> tuple[Quality, Range] | None:
        """Returns what was lost in all frames, and the range of their values as they now are."""
        if not self.lossy or not errors:
            return None
        return summary(errors, self.lossy.peak), Range.around(frame.found for frame in errors)

    def _checked(self, stream: bytes, original: Frame, index: int) -> CodecSpec | None:
        """Returns which decoder found the same words in the stream, if it is checked."""
        if self.sampled is not None and index not in self.sampled:
            return None
        reasons = []
        for decoder in self.checks:
            try:
                frame = in_working_colours(self.plan, decoder.decode(stream))
            except (CodecError, DamagedError) as error:
                reasons.append(f"{decoder.spec.name}: {error}")
                continue
            if not stored_values.same(original, frame):
                raise VerificationError(
                    f"frame {index + 1}, encoded by {self._encoder_name}, decodes to other pixels"
                )
            return decoder.spec
        if reasons:
            raise VerificationError(
                f"frame {index + 1}, encoded by {self._encoder_name}, cannot be decoded:"
                f" {'; '.join(reasons)}"
            )
        return None

    @property
    def _options(self) -> EncodeOptions:
        return EncodeOptions(reversible=self.plan.target.lossy)

    @property
    def _encoder_name(self) -> str:
        return self.encoder.name if self.encoder else "nobody"

    def _check_decoder(self, frame: Frame, index: int, second: Frames) -> None:
        """Compares with what a builtin codec makes of the same stream.

        Raises:
            VerificationError: they differ.
        """
        try:
            other = in_working_colours(self.plan, second.read(index))
        except FailedError as error:
            if self.demanded:
                raise VerificationError(f"no other code base confirms it: {error}") from error
            return  # a plugin decoded it because a builtin could not, or should not, do it
        if not stored_values.same(frame, other):
            raise VerificationError(f"two codecs decode frame {index + 1} to different pixels")


def with_lossy_encoder(pipeline: Pipeline, settings: Settings, threads: int) -> Pipeline:
    """Returns a pipeline that encodes with as much loss as the settings ask for.

    PSNR is measured against the range of all values, so all frames are read once for it; one
    frame, or a few small ones, are kept as they are.
    """
    assert pipeline.encoder is not None
    assert pipeline.codec is not None
    frames, reader = pipeline.frames, pipeline
    kept: dict[int, Read] = {}
    keep = frames.count == 1 or frames.count * pipeline.plan.working.frame_bytes <= KEPT
    if isinstance(frames, DecodedFrames) and not keep:  # what is salvaged is told once
        again = DecodedFrames(frames.streams, frames.decoder, frames.blank, frames.most_made_up)
        reader = pipeline._replace(frames=again)

    def range_of(index: int) -> Range:
        found = reader.read(index)
        if keep:
            kept[index] = found
        return Range.of(found.frame)

    ranges = ordered_map(range_of, frames.count, threads)
    lossy = LossyEncoder(
        plan=pipeline.plan,
        spec=pipeline.encoder,
        codec=pipeline.codec,
        decoders=pipeline.checks,
        confirming=pipeline.confirming,
        goal=asked(settings, pipeline.plan.target),
        peak=Range.around(ranges).peak,
        floor=settings.min_psnr,
    )
    return pipeline._replace(lossy=lossy, kept=kept)
