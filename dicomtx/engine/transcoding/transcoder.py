"""Decodes and encodes the frames of one data set, and tries the codecs in order."""

from collections.abc import Callable, Iterator, Sequence

from dicomtx.code_stream.unmarked import unmarked
from dicomtx.codecs.checksum import crc32
from dicomtx.codecs.codec import CodecSpec, Direction
from dicomtx.codecs.layout import layout_of
from dicomtx.codecs.registry import Codecs
from dicomtx.dicom import attributes, tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.pixel_data.frame_writers import EncapsulatedWriter, NativeWriter
from dicomtx.dicom.pixel_data.frames import (
    EncapsulatedFrames,
    NativeFrames,
    encapsulated_frames,
    native_frames,
)
from dicomtx.dicom.pixel_data.palette import read_palette
from dicomtx.engine.decoding.decoder import DecodedFrames, Decoder, opened
from dicomtx.engine.decoding.errors import CodecsInTurn, FailedError
from dicomtx.engine.decoding.verifiers import Verifiers
from dicomtx.engine.lossy import record
from dicomtx.engine.lossy.encoder import MissedError
from dicomtx.engine.lossy.measurement import Range
from dicomtx.engine.pixels import overlays, palette
from dicomtx.engine.pixels.frames import Frames
from dicomtx.engine.planning import high_bits
from dicomtx.engine.planning.high_bits import UnfitError
from dicomtx.engine.planning.plan import Code, Refuse
from dicomtx.engine.transcoding import icc
from dicomtx.engine.transcoding.frame_results import FrameResults
from dicomtx.engine.transcoding.ordered_map import TOGETHER, ordered_map
from dicomtx.engine.transcoding.pipeline import Pipeline, with_lossy_encoder
from dicomtx.engine.transcoding.place import Before, Place
from dicomtx.engine.transcoding.salvage import Salvage
from dicomtx.engine.transcoding.transcoded import Transcoded
from dicomtx.errors import DamagedError, UnsupportedError
from dicomtx.quality_figures import Quality
from dicomtx.settings import Settings
from dicomtx.storage.source import IN_MEMORY, Spool
from dicomtx.verification import sample


class Transcoder:
    """Carries out a plan that decodes or encodes frames.

    Attributes:
        plan: the plan, with its alternatives.
        data_set: the source.
        codecs: the enabled codecs.
        spool: collects the frames; emptied for the next try if a codec fails.
        settings: the settings for this file.
        progress: called after each frame with the number of finished frames and of all frames.
    """

    def __init__(
        self,
        plan: Code,
        data_set: DataSet,
        codecs: Codecs,
        spool: Spool,
        settings: Settings,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Stores the arguments; ``run`` does the work."""
        self.plan = plan
        self.data_set = data_set
        self.codecs = codecs
        self.spool = spool
        self.settings = settings
        self.progress = progress

    def run(self, place: Place | None = None, icons: Sequence[Edit] = ()) -> Transcoded:
        """Returns the frames in the plan's target.

        Args:
            place: returns where frames begin in the output; None to write them elsewhere first.
            icons: more edits of the data set.

        Raises:
            CodecsFailedError: every codec failed.
            MissedError: a frame cannot reach the quality goal.
            UnsupportedError: bits above Bits Stored are refused, or a later frame is lossy already.
            VerificationError: an encoded frame does not decode to the pixels of the source.
            DamagedError: the frames cannot be found, or contradict each other.
        """
        warnings: list[str] = []
        found = self._find(warnings)
        codecs = CodecsInTurn(self._choices("decode"), self._choices("encode"))
        plan = self.plan
        salvage = Salvage(found, plan.working, allowed=self.settings.salvage)
        while True:
            try:
                pipeline = salvage.applied(self._pipeline(plan, found, codecs))
                if plan.lossy:
                    pipeline = with_lossy_encoder(pipeline, self.settings, self._at_once(pipeline))
                writer = self._writer(pipeline)
                before = self._prepared(plan, found, writer, place, icons)
                made = self._collect(pipeline, writer)
                break
            except (MissedError, UnfitError) as error:
                plan, told = _instead(plan, error)
                warnings += told
            except DamagedError as damaged:
                salvage.after(damaged)
            except FailedError as failed:
                if none_left := codecs.after(failed):
                    salvage.after(none_left)
        salvage.check(pipeline.frames, made.count)
        losses = pipeline.losses(made.errors)
        verifiers = Verifiers(plan, self.codecs, self.settings, made.count)
        history, uid = self._history(plan, found, losses, warnings)
        history += icc.edits(plan, self.data_set, found, warnings)
        pixel_data = writer.pixel_data(big_endian=plan.target.big_endian)
        edits = (*writer.edits(), *self._image_edits(plan, made), *history, *icons)
        if self.spool.in_output and Before.of(edits, pixel_data) != before:
            self.spool.leave_output()
            pixel_data = writer.pixel_data(big_endian=plan.target.big_endian)
        above = high_bits.warnings(plan, made.high_bits, made.count)
        return Transcoded(
            pixel_data=pixel_data,
            edits=edits,
            digests=bytes(made.digests),
            decoder=codecs.decoder,
            encoder=pipeline.encoder,
            verification=verifiers.word(pipeline.encoder, made.verifiers.values()),
            frames=made.count,
            frames_verified=made.checked,
            attempts=tuple(codecs.attempts),
            warnings=(*warnings, *_remarks(pipeline.frames), *above, *made.notes()),
            quality=losses[0] if losses else None,
            new_uid=uid,
        )

    def _history(
        self,
        plan: Code,
        found: EncapsulatedFrames | NativeFrames,
        losses: tuple[Quality, Range] | None,
        warnings: list[str],
    ) -> tuple[list[Edit], str]:
        """Returns the edits that record lossy compression, now or before, and the new UID."""
        if losses:
            return record.step_edits(plan, self.data_set, self.settings, found, losses)
        return record.past_edits(plan, self.data_set, found, warnings), ""

    def _find(self, warnings: list[str]) -> EncapsulatedFrames | NativeFrames:
        salvaged = warnings if self.settings.salvage else None
        if not self.plan.source.encapsulated:
            return native_frames(self.data_set, self.plan.before, salvaged)
        sizes = unmarked(self.plan.source, self.plan.before)
        streams = encapsulated_frames(
            self.data_set, warnings, unmarked=sizes, salvage=self.settings.salvage
        )
        if self.plan.lossy:
            record.check_generation(self.plan, self.data_set, self.settings, streams)
        return streams

    def _choices(self, direction: Direction) -> Iterator[CodecSpec | None]:
        """Yields the codecs to try; yields None once if no codec is needed."""
        syntax = self.plan.source if direction == "decode" else self.plan.target
        return self.codecs.able(syntax, direction) if syntax.encapsulated else iter((None,))

    def _pipeline(
        self, plan: Code, found: EncapsulatedFrames | NativeFrames, codecs: CodecsInTurn
    ) -> Pipeline:
        decoder, encoder = codecs.decoder, codecs.encoder
        frames: Frames
        second = None
        verifiers = Verifiers(plan, self.codecs, self.settings, found.count)
        if isinstance(found, NativeFrames):
            frames = found
        else:
            assert decoder is not None
            frames = self._decoded(found, decoder)
            second = verifiers.second(found, decoder)
        return Pipeline(
            plan=plan,
            frames=frames,
            encoder=encoder,
            codec=opened(self.codecs, encoder, "encode", found.count) if encoder else None,
            checks=tuple(verifiers.checks(encoder)) if encoder else (),
            confirming=tuple(verifiers.confirming(encoder)) if encoder else (),
            second=second,
            demanded=verifiers.demanded(encoder),
            sampled=self._sampled(found.count),
            palette=read_palette(self.data_set) if plan.expand else None,
            digests=self.settings.verifies.share > 0,
            layout=layout_of(self.settings, plan.target),
            threads=self.codecs.budget.cpus if found.count == 1 else 1,
        )

    def _decoded(self, found: EncapsulatedFrames, spec: CodecSpec) -> DecodedFrames:
        codec = opened(self.codecs, spec, "decode", found.count)
        return DecodedFrames(found, Decoder(spec, codec, self.plan.source, self.plan.before))

    def _sampled(self, count: int) -> frozenset[int] | None:
        """Returns the indices of the frames to verify; None for all."""
        share = self.settings.verifies.share
        if share in (0, 1):
            return None
        return sample(self.data_set.text(tags.SOP_INSTANCE_UID), count, share)

    def _writer(self, pipeline: Pipeline) -> EncapsulatedWriter | NativeWriter:
        """Returns the writer of the frames."""
        if pipeline.encoder:
            return EncapsulatedWriter(self.spool, self.settings.offset_table, crc32)
        return NativeWriter(self.spool, pipeline.plan.working)

    def _prepared(
        self,
        plan: Code,
        found: EncapsulatedFrames | NativeFrames,
        writer: EncapsulatedWriter | NativeWriter,
        place: Place | None,
        icons: Sequence[Edit],
    ) -> Before | None:
        """Empties the spool, and gives large frames their place in the output if it is known.

        Returns what will precede them. Measured losses and overlays are known only later.
        """
        large = found.count * plan.working.frame_bytes > IN_MEMORY
        if not (place and large) or plan.lossy or plan.overlays:
            self.spool.reset()
            return None
        expected = writer.expecting(found.count)
        pixel_data = expected.pixel_data(big_endian=plan.target.big_endian)
        history, _ = self._history(plan, found, None, [])
        history += icc.edits(plan, self.data_set, found, [])
        frames = FrameResults()
        frames.count = found.count
        edits = (*expected.edits(), *self._image_edits(plan, frames), *history, *icons)
        self.spool.reset(place(edits, pixel_data))
        return Before.of(edits, pixel_data)

    def _collect(
        self, pipeline: Pipeline, writer: EncapsulatedWriter | NativeWriter
    ) -> FrameResults:
        """Writes all frames, and returns their results."""
        made = FrameResults()
        count = pipeline.frames.count
        together = max(TOGETHER // pipeline.plan.working.frame_bytes, 1)
        for frame in ordered_map(pipeline.make, count, self._at_once(pipeline), together):
            writer.add(frame.data)
            made.add(frame)
            if self.progress:
                self.progress(made.count, count)
        return made

    def _image_edits(self, plan: Code, made: FrameResults) -> list[Edit]:
        """Returns the edits of overlays, of the Image Pixel module and of the palette."""
        edits = self._overlay_edits(plan, made)
        edits += attributes.label_edits(
            self.data_set, plan.after._replace(number_of_frames=made.count)
        )
        if plan.expand:
            edits += palette.edits(self.data_set)
        return edits

    def _at_once(self, pipeline: Pipeline) -> int:
        """Returns how many frames to process at once: as many as the memory limit allows."""
        frames = pipeline.frames
        decoder = frames.decoder.spec if isinstance(frames, DecodedFrames) else None
        chosen = ((decoder, self.plan.source), (pipeline.encoder, self.plan.target))
        needs = [s.memory_for(syntax, self.plan.working) for s, syntax in chosen if s]
        return max(self.codecs.budget.frames(max(needs, default=0)), 1)

    def _overlay_edits(self, plan: Code, made: FrameResults) -> list[Edit]:
        planes = plan.overlays
        if plan.drop_overlays:
            return overlays.removal(planes, self.data_set)
        return overlays.edits(planes, made.planes)


def _remarks(frames: Frames) -> list[str]:
    return frames.remarks.texts() if isinstance(frames, DecodedFrames) else []


def _instead(plan: Code, error: MissedError | UnfitError) -> tuple[Code, list[str]]:
    """Returns the alternative of the plan, and the warnings for the user.

    Raises:
        MissedError: the plan has no alternative for a missed goal.
        UnsupportedError: the target cannot hold words that use all of their bits.
    """
    if isinstance(error, UnfitError):
        if isinstance(plan.if_unfit, Refuse):
            raise UnsupportedError(f"{error}: {plan.if_unfit.reason}") from error
        other, told = plan.if_unfit, []
    elif plan.if_missed and plan.if_missed.lossy:
        other, told = plan.if_missed, [f"{error}; RGB components are used instead"]
    else:
        other = plan.if_missed if error.lossless_meets_it else None
        name = plan.target.name
        told = [f"{error}. The frames are coded without loss, which {name} allows"]
    if other is None:
        raise error
    return other, told
