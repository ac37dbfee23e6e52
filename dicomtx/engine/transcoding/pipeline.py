"""Processes one frame: decode, convert colours, move overlays, encode, and verify."""

from typing import Final, NamedTuple

from dicomtx.codecs.codec import ANY_LAYOUT, Codec, CodecSpec, EncodeOptions, Layout
from dicomtx.codecs.frame_threads import frame_threads
from dicomtx.codecs.layout import arranged
from dicomtx.dicom.pixel_data.palette import Palette
from dicomtx.encoding_profiles import whole_words
from dicomtx.engine.decoding.decoder import DecodedFrames, Decoder, in_working_colours
from dicomtx.engine.decoding.errors import FailedError
from dicomtx.engine.lossy.encoder import LossyEncoder
from dicomtx.engine.lossy.measurement import Errors, Range, asked, summary
from dicomtx.engine.pixels import overlays, stored_values, words
from dicomtx.engine.pixels.frames import Frames
from dicomtx.engine.pixels.palette import to_rgb
from dicomtx.engine.planning import high_bits
from dicomtx.engine.planning.high_bits import UnfitError
from dicomtx.engine.planning.plan import Code, HighBits
from dicomtx.engine.transcoding.ordered_map import ordered_map
from dicomtx.errors import CodecError, DamagedError, VerificationError
from dicomtx.image_pixel import Frame
from dicomtx.quality_figures import Quality
from dicomtx.settings import Settings

KEPT: Final = 1 << 26  # bytes of native frames to keep instead of decoding them twice


class Read(NamedTuple):
    """One frame of the source, ready to encode.

    Attributes:
        frame: the frame to encode.
        planes: the overlay planes that were moved out of the frame, one byte for each pixel.
        high_bits: the number of words with bits set above Bits Stored.
    """

    frame: Frame
    planes: tuple[bytes, ...] = ()
    high_bits: int = 0


class Made(NamedTuple):
    """One frame in its new encoding.

    Attributes:
        data: the code stream, or the native frame.
        digest: the digest of the stored values if the frame is native and will be compared.
        planes: the overlay planes that were moved out of the frame, one byte for each pixel.
        verifier: the codec that decoded the stream to the same values; None if none did.
        errors: the error figures of a lossy frame; None if the plan is lossless.
        note: why the frame lost less than the goal allows.
        high_bits: the number of source words with bits set above Bits Stored.
    """

    data: bytes | bytearray | memoryview
    digest: bytes
    planes: tuple[bytes, ...] = ()
    verifier: CodecSpec | None = None
    errors: Errors | None = None
    note: str = ""
    high_bits: int = 0


class Pipeline(NamedTuple):
    """Everything needed to process the frames of one file. Several threads can share it.

    Attributes:
        plan: the plan to carry out.
        frames: the frames of the source, native or decoded.
        encoder: the codec that encodes; None for a native target.
        codec: the opened encoder.
        checks: the decoders that verify encoded frames, the best one first; empty to verify none.
        confirming: more decoders of the target, to confirm lossy frames.
        second: a second decoder of the source, to check a plugin or to confirm with another code
            base.
        demanded: whether it is an error if ``second`` cannot decode a frame.
        sampled: the frames to verify; None for all.
        lossy: the encoder that replaces ``codec`` if the plan is lossy.
        palette: the palette to expand frames with, if the plan requires it.
        digests: whether to compute digests of native frames.
        kept: frames that were read before, by index; ``make`` removes them.
        layout: the arrangement of JPEG 2000 streams.
        threads: how many threads can encode and check one frame.
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
    layout: Layout = ANY_LAYOUT
    threads: int = 1

    def read(self, index: int) -> Read:
        """Returns one frame of the source, ready to encode.

        Raises:
            FailedError: the decoder failed.
            VerificationError: two decoders give different pixels, or the second one failed.
            UnsupportedError: the frame has bits set above Bits Stored, and the plan refuses them.
        """
        frame = self.frames.read(index)
        if self.palette and frame.image.samples_per_pixel == 1:  # blank frames are RGB already
            frame = to_rgb(frame, self.palette)
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
        """Returns one frame in its new encoding.

        Raises:
            FailedError: the decoder or the encoder failed.
            MissedError: the frame cannot reach the quality goal.
            UnfitError: its words need code streams as wide as Bits Allocated.
            VerificationError: the result does not decode to the pixels of the source.
        """
        read = self.kept.pop(index) if self.kept and index in self.kept else self.read(index)
        with frame_threads(self.threads):
            made = self._made(read.frame, index)
        return made._replace(planes=read.planes, high_bits=read.high_bits)

    def _made(self, frame: Frame, index: int) -> Made:
        if self.lossy:
            lossy = self.lossy.encode(frame, index)
            return Made(lossy.stream, b"", (), lossy.decoder, lossy.errors, lossy.note)
        if self.encoder is None or self.codec is None:
            return Made(frame.data, stored_values.digest(frame) if self.digests else b"")
        try:
            coded, options = self._coded(frame, index), self._options
            stream = arranged(self.codec.encode(coded, self.plan.target, options), options)
        except CodecError as error:
            raise FailedError(self.encoder, "encode", index, error) from error
        return Made(stream, b"", (), self._checked(stream, frame, index))

    def _coded(self, frame: Frame, index: int) -> Frame:
        """Returns the frame for the encoder, as wide as the plan requires.

        Raises:
            UnfitError: its words do not fit in Bits Stored bits.
        """
        if self.plan.whole_words:
            return frame._replace(image=high_bits.whole(frame.image))
        if not whole_words(self.plan.target) and not words.fits(frame):
            raise UnfitError(index)
        return frame

    def losses(self, errors: list[Errors]) -> tuple[Quality, Range] | None:
        """Returns the loss over all frames and the new range of their values; None if lossless."""
        if not self.lossy or not errors:
            return None
        return summary(errors, self.lossy.peak), Range.around(frame.found for frame in errors)

    def _checked(self, stream: bytes, original: Frame, index: int) -> CodecSpec | None:
        """Returns the decoder that verified the stream; None if the frame is not verified.

        Raises:
            VerificationError: the stream decodes to other pixels, or no decoder can read it.
        """
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
        return EncodeOptions(reversible=self.plan.target.lossy, layout=self.layout)

    @property
    def _encoder_name(self) -> str:
        return self.encoder.name if self.encoder else "no codec"

    def _check_decoder(self, frame: Frame, index: int, second: Frames) -> None:
        """Compares the frame with the result of a second decoder.

        Raises:
            VerificationError: they differ, or a demanded second decoder failed.
        """
        try:
            other = in_working_colours(self.plan, second.read(index))
        except FailedError as error:
            if self.demanded:
                raise VerificationError(
                    f"no second code base could confirm the pixels: {error}"
                ) from error
            return  # plugins often decode streams that the built-in codecs cannot
        if not stored_values.same(frame, other):
            raise VerificationError(f"two codecs decode frame {index + 1} to different pixels")


def with_lossy_encoder(pipeline: Pipeline, settings: Settings, threads: int) -> Pipeline:
    """Returns a pipeline that encodes lossily to reach the goal in the settings.

    PSNR depends on the range of all values, so this reads all frames once. If they are small, it
    keeps them in memory for the encoder.
    """
    assert pipeline.encoder is not None
    assert pipeline.codec is not None
    frames, reader = pipeline.frames, pipeline
    kept: dict[int, Read] = {}
    keep = frames.count == 1 or frames.count * pipeline.plan.working.frame_bytes <= KEPT
    if (
        isinstance(frames, DecodedFrames) and not keep
    ):  # a separate reader, so that salvage warnings appear once
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
        layout=pipeline.layout,
    )
    return pipeline._replace(lossy=lossy, kept=kept)
