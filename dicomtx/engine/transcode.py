"""Carries a plan out on one data set: codecs in their order, frames, what goes with them."""

from collections.abc import Callable, Iterator
from typing import Final

from dicomtx.codecs.codec import Attempt, Codec, CodecSpec, Direction
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
from dicomtx.dicom.rope import PixelData
from dicomtx.engine import history, images, overlays, palette
from dicomtx.engine.collected import Collected
from dicomtx.engine.decoding import (
    DecodedFrames,
    Decoder,
    FailedError,
    Frames,
    salvaged,
    written_image,
)
from dicomtx.engine.in_order import TOGETHER, in_order
from dicomtx.engine.lossy import MissedError
from dicomtx.engine.pipeline import Pipeline, losing
from dicomtx.engine.plan import Plan
from dicomtx.engine.quality import Range
from dicomtx.engine.transcoded import Transcoded
from dicomtx.errors import CodecError
from dicomtx.image_pixel import Frame
from dicomtx.quality import Quality
from dicomtx.settings import Settings
from dicomtx.sources import Spool

LARGEST_BLANK: Final = 1 << 30
WORTH_A_PROCESS: Final = 1 << 20  # native bytes of a lossy step that another library confirms


class CodecsFailedError(CodecError):
    """No codec could do it."""

    def __init__(self, attempts: tuple[Attempt, ...]) -> None:
        """Tells what each said."""
        said = "; ".join(f"{a.codec} could not {a.direction} {a.reason}" for a in attempts)
        super().__init__(said)
        self.attempts = attempts


class Transcoder:
    """Carries one plan out.

    Attributes:
        plan: what is to be done.
        data_set: the source.
        codecs: those in force.
        spool: where the frames are collected; thrown away and begun again when a codec fails.
        settings: verification, salvage.
        progress: is told how many frames are made, of how many.
    """

    def __init__(
        self,
        plan: Plan,
        data_set: DataSet,
        codecs: Codecs,
        spool: Spool,
        settings: Settings,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Does nothing yet."""
        self.plan = plan
        self.data_set = data_set
        self.codecs = codecs
        self.spool = spool
        self.settings = settings
        self.progress = progress

    def run(self) -> Transcoded:
        """Returns the frames in the plan's target.

        Raises:
            CodecsFailedError: every codec failed.
            VerificationError: what was encoded does not decode to what was read.
            DamagedError: the frames cannot be found, or contradict each other.
        """
        warnings: list[str] = []
        found = self._find(warnings)
        choices = {d: self._choices(d) for d in ("decode", "encode")}
        chosen = {direction: next(codecs) for direction, codecs in choices.items()}
        attempts: list[Attempt] = []
        blanks = False
        while True:
            try:
                pipeline = self._pipeline(found, chosen["decode"], chosen["encode"])
                pipeline = self._with_blanks(pipeline) if blanks else pipeline
                if self.plan.lossy:
                    pipeline = losing(pipeline, self.settings, self._at_once(pipeline))
                pixel_data, edits, made = self._collect(pipeline)
                break
            except MissedError as missed:
                self.plan = images.with_whole_chroma(self.plan, missed)
                warnings.append(f"{missed}; RGB components can, and are written")
            except FailedError as failed:
                attempts.append(failed.attempt)
                direction = failed.attempt.direction
                following = next(choices[direction], _NO_MORE)
                if following is not _NO_MORE:
                    chosen[direction] = following
                elif direction == "decode" and self._may_salvage(blanks=blanks):
                    blanks = True
                else:
                    raise CodecsFailedError(tuple(attempts)) from failed
        if isinstance(pipeline.frames, DecodedFrames) and len(pipeline.frames.lost) == made.count:
            raise CodecsFailedError(tuple(attempts))  # nothing at all could be salvaged
        losses = pipeline.losses(made.errors)
        told, uid = self._history(found, losses)
        return Transcoded(
            pixel_data=pixel_data,
            edits=(*edits, *told),
            digests=bytes(made.digests),
            decoder=chosen["decode"],
            encoder=pipeline.encoder,
            verification=self._verification(pipeline, made),
            attempts=tuple(attempts),
            warnings=(*warnings, *salvaged(pipeline.frames), *made.notes()),
            quality=losses[0] if losses else None,
            new_uid=uid,
        )

    def _history(
        self, found: EncapsulatedFrames | NativeFrames, losses: tuple[Quality, Range] | None
    ) -> tuple[list[Edit], str]:
        """Returns the edits that tell of losses, now or before, and the new UID."""
        if losses:
            return history.step_edits(self.plan, self.data_set, self.settings, found, losses)
        return history.past_edits(self.plan, self.data_set, found), ""

    def _find(self, warnings: list[str]) -> EncapsulatedFrames | NativeFrames:
        assert self.plan.before is not None
        salvaged = warnings if self.settings.salvage else None
        if not self.plan.source.encapsulated:
            return native_frames(self.data_set, self.plan.before, salvaged)
        wanted = attributes.number_of_frames(self.data_set)
        pixels = fragments.read(self.data_set, salvaged)
        found = fragments.frames(self.data_set.source, pixels, wanted, warnings)
        return EncapsulatedFrames(self.data_set.source, found)

    def _may_salvage(self, *, blanks: bool) -> bool:
        """Whether frames of zeros may stand for those that cannot be decoded; sizes are forged."""
        image = self.plan.working
        large = image is None or image.frame_bytes > LARGEST_BLANK
        return self.settings.salvage and not blanks and not large

    def _with_blanks(self, pipeline: Pipeline) -> Pipeline:
        """Returns a pipeline that has a frame of zeros for what cannot be decoded."""
        image = self.plan.working
        assert image is not None
        assert isinstance(pipeline.frames, DecodedFrames)
        blank = Frame(bytes(image.frame_bytes), image._replace(number_of_frames=1))
        frames = DecodedFrames(pipeline.frames.streams, pipeline.frames.decoder, blank)
        return pipeline._replace(frames=frames, second=None)

    def _choices(self, direction: Direction) -> Iterator[CodecSpec | None]:
        """Yields the codecs to try; None, once, where none is needed."""
        syntax = self.plan.source if direction == "decode" else self.plan.target
        return self.codecs.able(syntax, direction) if syntax.encapsulated else iter((None,))

    def _pipeline(
        self,
        found: EncapsulatedFrames | NativeFrames,
        decoder: CodecSpec | None,
        encoder: CodecSpec | None,
    ) -> Pipeline:
        frames: Frames
        second = None
        if isinstance(found, NativeFrames):
            frames = found
        else:
            assert decoder is not None
            frames = self._decoded(found, decoder)
            second = self._second(found, decoder)
        return Pipeline(
            plan=self.plan,
            frames=frames,
            encoder=encoder,
            codec=self._open(encoder, "encode", found.count) if encoder else None,
            checks=tuple(self._checks(encoder, found.count)) if encoder else (),
            confirming=tuple(self._confirming(encoder, found.count)) if encoder else (),
            second=second,
            palette=palette.read(self.data_set) if self.plan.expand else None,
            digests=self.settings.verify,
        )

    def _open(self, spec: CodecSpec, direction: Direction, frames: int) -> Codec:
        try:
            return self.codecs.open(spec, frames)
        except CodecError as error:
            raise FailedError(spec, direction, 0, error) from error

    def _decoded(self, found: EncapsulatedFrames, spec: CodecSpec) -> DecodedFrames:
        assert self.plan.before is not None
        codec = self._open(spec, "decode", found.count)
        return DecodedFrames(found, Decoder(spec, codec, self.plan.source, self.plan.before))

    def _second(self, found: EncapsulatedFrames, decoder: CodecSpec) -> Frames | None:
        """Returns the frames as a builtin decodes them, if a plugin's are to be compared."""
        if decoder.builtin or self.plan.source.lossy or not self.settings.verify:
            return None
        builtin = next(self.codecs.builtins(self.plan.source, "decode"), None)
        return self._decoded(found, builtin) if builtin else None

    def _checks(self, encoder: CodecSpec, count: int) -> Iterator[Decoder]:
        """Yields decoders for what is encoded: those of another code base first, the fastest first.

        GDCM and other plugins are asked only where no builtin can do it, or they encoded it. A
        loss is measured again and again, so only builtins do that.
        """
        if not self.settings.verify and not self.plan.lossy:
            return
        target, image = self.plan.target, written_image(self.plan, count)
        lossy = self.plan.lossy
        chosen = [
            *(self.codecs.builtins(target, "decode") if lossy else self.codecs.verifiers(target))
        ]
        if encoder not in chosen and target.uid in encoder.decodes:
            chosen.append(encoder)
        chosen = chosen or [*self.codecs.able(target, "decode")]
        for spec in sorted(chosen, key=lambda spec: _same_base(spec, encoder, target.uid)):
            yield Decoder(spec, self._open(spec, "decode", count), target, image)

    def _confirming(self, encoder: CodecSpec, count: int) -> Iterator[Decoder]:
        """Yields the decoders that confirm what a loss was measured to be, other libraries' first.

        GDCM works in a process of its own, whose start small images are not worth.
        """
        target, image = self.plan.target, written_image(self.plan, count)
        if not self.plan.lossy or not self.settings.verify:
            return
        able = [*self.codecs.auditors(target)]
        if image.frame_bytes * count >= WORTH_A_PROCESS:
            able += self.codecs.shipped(target)
        for spec in sorted(able, key=lambda spec: _same_base(spec, encoder, target.uid)):
            yield Decoder(spec, self._open(spec, "decode", count), target, image)

    def _collect(self, pipeline: Pipeline) -> tuple[PixelData, list[Edit], Collected]:
        """Returns all frames made, one after the other in the spool."""
        plan = self.plan
        assert plan.working is not None
        self.spool.reset()
        encoded = pipeline.encoder is not None
        writer = (
            EncapsulatedWriter(self.spool) if encoded else NativeWriter(self.spool, plan.working)
        )
        made = Collected()
        count = pipeline.frames.count
        together = max(TOGETHER // plan.working.frame_bytes, 1)
        for frame in in_order(pipeline.make, count, self._at_once(pipeline), together):
            writer.add(frame.data)
            made.add(frame)
            if self.progress:
                self.progress(made.count, count)
        pixel_data = writer.pixel_data(big_endian=plan.target.big_endian)
        edits = writer.edits() + self._overlay_edits(made)
        edits += attributes.label_edits(self.data_set, written_image(plan, made.count))
        if plan.expand:
            edits += palette.edits(self.data_set)
        return pixel_data, edits, made

    def _at_once(self, pipeline: Pipeline) -> int:
        """Returns how many frames are worked on at once: as many as there is memory for."""
        assert self.plan.working is not None
        frames = pipeline.frames
        decoder = frames.decoder.spec if isinstance(frames, DecodedFrames) else None
        chosen = ((decoder, self.plan.source), (pipeline.encoder, self.plan.target))
        needs = [s.memory_for(syntax, self.plan.working) for s, syntax in chosen if s]
        return max(self.codecs.budget.frames(max(needs, default=0)), 1)

    def _overlay_edits(self, made: Collected) -> list[Edit]:
        planes = self.plan.overlays
        if self.plan.drop_overlays:
            return overlays.removal(planes, self.data_set)
        return overlays.edits(planes, made.planes)

    def _verification(self, pipeline: Pipeline, made: Collected) -> str:
        encoder, verifiers = pipeline.encoder, made.verifiers.values()
        if encoder is None or None in verifiers:
            return "none"
        uid = self.plan.target.uid
        same = any(spec and _same_base(spec, encoder, uid) for spec in verifiers)
        return "same-code-base" if same else "independent"


_NO_MORE = CodecSpec("", "")


def _same_base(verifier: CodecSpec, encoder: CodecSpec, uid: str) -> bool:
    return verifier.decodes[uid] == encoder.encodes[uid]
