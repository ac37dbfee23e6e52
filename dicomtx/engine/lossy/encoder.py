"""Encodes frames with just as much loss as requested; decodes and measures each result."""

from math import inf, sqrt
from typing import Final, NamedTuple

from dicomtx.codecs.codec import ANY_LAYOUT, Codec, CodecSpec, EncodeOptions, Layout
from dicomtx.codecs.layout import arranged
from dicomtx.engine.decoding.decoder import Decoder, in_working_colours
from dicomtx.engine.decoding.errors import FailedError
from dicomtx.engine.lossy.measurement import Errors, Goal, decibels, measured
from dicomtx.engine.lossy.search import KNOBS, full_scale, search, wanted_error
from dicomtx.engine.planning.plan import Code
from dicomtx.errors import CodecError, DamagedError, VerificationError
from dicomtx.image_pixel import Frame
from dicomtx.transfer_syntaxes import ROOT

# dB above the goal at which the search stops
WINDOWS: Final = {"psnr": 1.0, "max_error": 2.0, "ratio": 0.08, "quality": inf}
# dB above the goal from which the result notes the reason, if there is one
NOTABLE: Final = {"psnr": 3.0, "max_error": 6.0, "ratio": 0.83, "quality": inf}
WHOLE: Final = {"near": "NEAR", "quality": "quality"}  # parameters that are integers


NEAR_LOSSLESS: Final = ROOT + ".4.81"  # all decoders return the same values


class MissedError(VerificationError):
    """This encoder cannot meet the goal with this kind of coding.

    Attributes:
        lossless_meets_it: a lossless frame would meet the goal.
    """

    def __init__(self, message: str, *, lossless_meets_it: bool = False) -> None:
        """Sets the message, which names the missed goal and the closest result."""
        super().__init__(message)
        self.lossless_meets_it = lossless_meets_it


class Lossy(NamedTuple):
    """One lossy frame.

    Attributes:
        stream: its code stream.
        errors: the measured errors.
        decoder: the codec that decoded it for the measurement.
        note: why it is much better than requested, if it is.
    """

    stream: bytes
    errors: Errors
    decoder: CodecSpec
    note: str = ""


class Trial(NamedTuple):
    """A value of the encoder's parameter, its result's dB above the goal, and the figure."""

    value: int
    surplus: float
    figure: str


class LossyEncoder(NamedTuple):
    """An encoder with its goal.

    Attributes:
        plan: the plan of the conversion.
        spec: the encoder.
        codec: the opened encoder.
        decoders: decoders of the target, the best one first.
        confirming: decoders of other libraries; the first that works confirms the measurement.
        goal: the goal.
        peak: largest minus smallest value of the source.
        floor: the lowest PSNR in dB that a frame may have.
        layout: the arrangement of JPEG 2000 streams.
    """

    plan: Code
    spec: CodecSpec
    codec: Codec
    decoders: tuple[Decoder, ...]
    confirming: tuple[Decoder, ...]
    goal: Goal
    peak: int
    floor: float
    layout: Layout = ANY_LAYOUT

    def encode(self, frame: Frame, index: int) -> Lossy:
        """Returns the frame, encoded so that it just meets the goal.

        Raises:
            FailedError: the encoder cannot encode it.
            MissedError: the goal cannot be met.
            VerificationError: the result cannot be decoded.
        """
        made = self._best(frame, index)
        surplus, figure = self._surplus(made.errors)
        psnr = made.errors.psnr(self.peak)
        if surplus < 0:
            raise MissedError(
                f"frame {index + 1}: {self.goal.text} cannot be reached in"
                f" {self.plan.target.name}: the closest is {figure}",
                lossless_meets_it=self.goal.kind != "ratio",
            )
        if psnr < self.floor:
            raise MissedError(
                f"frame {index + 1} has a PSNR of {psnr:.1f} dB, below --min-psnr {self.floor:g}"
            )
        return self._confirmed(made, frame, index)

    def _confirmed(self, made: Lossy, frame: Frame, index: int) -> Lossy:
        """Returns the frame, confirmed by another library if one is available.

        Raises:
            VerificationError: that library decodes it to something worse.
        """
        uid = self.plan.target.uid
        others = [other for other in self.confirming if other.spec != made.decoder]
        if made.decoder.decodes[uid] != self.spec.encodes[uid]:
            return made
        for other in others:
            try:
                decoded, _ = other.decode_clipped(made.stream)
                again = in_working_colours(self.plan, decoded, decoded_again=True)
            except (CodecError, DamagedError):
                continue
            errors = measured(frame, again, len(made.stream))
            if not self._alike(made.errors, errors):
                raise VerificationError(
                    f"frame {index + 1}: {other.spec.name} decodes it less accurately than"
                    f" {made.decoder.name}: the largest error is {errors.largest}, not"
                    f" {made.errors.largest}"
                )
            return made._replace(decoder=other.spec)
        return made

    def _alike(self, errors: Errors, others: Errors) -> bool:
        """Returns whether another library's result is as close to the source, except for rounding.

        Decoders are free in how they upsample chroma, so then only the mean is compared.
        """
        room = 0 if self.plan.target.uid == NEAR_LOSSLESS else 1
        nearly = sqrt(others.squared) <= sqrt(errors.squared) + room
        return nearly and (self._subsampled or others.largest <= errors.largest + room)

    def _best(self, frame: Frame, index: int) -> Lossy:
        options = self._given()
        if options:
            return self._made(frame, index, options)
        knob = KNOBS[self.plan.target.uid]
        error = wanted_error(self.goal, self.peak)
        tried: list[Trial] = []

        def attempt(place: float) -> tuple[float, Lossy]:
            options = knob.options(place, subsampled=self._subsampled)
            made = self._made(frame, index, options)
            surplus, figure = self._surplus(made.errors)
            tried.append(Trial(getattr(options, knob.option), surplus, figure))
            return surplus, made

        made = search(
            attempt,
            knob,
            knob.start(error, full_scale(self.plan.after)),
            window=WINDOWS[self.goal.kind],
            rising=self.goal.kind != "ratio",
        )
        return made._replace(note=self._why_better(knob.option, tried))

    def _why_better(self, option: str, tried: list[Trial]) -> str:
        """Returns why it is much better than requested: the next integer misses the goal."""
        enough = [step for step in tried if step.surplus >= 0]
        missing = [step for step in tried if step.surplus < 0]
        if option not in WHOLE or not enough or not missing:
            return ""
        taken = min(enough, key=lambda step: step.surplus)
        missed = max(missing, key=lambda step: step.surplus)
        nearest = abs(taken.value - missed.value) == 1
        if not nearest or taken.surplus <= NOTABLE[self.goal.kind]:
            return ""
        return (
            f"{self.goal.text}: {WHOLE[option]} {missed.value} gives {missed.figure},"
            f" {WHOLE[option]} {taken.value} gives {taken.figure}"
        )

    def _given(self) -> EncodeOptions | None:
        """Returns the encoder's options if it can meet the goal without a search."""
        option = KNOBS[self.plan.target.uid].option
        if (self.goal.kind, option) == ("quality", "quality"):
            return EncodeOptions(quality=int(self.goal.value), subsampled=self._subsampled)
        if (self.goal.kind, option) == ("max_error", "near"):
            return EncodeOptions(near=int(self.goal.value))
        return None

    @property
    def _subsampled(self) -> bool:
        return self.plan.after.subsampled

    def _made(self, frame: Frame, index: int, options: EncodeOptions) -> Lossy:
        options = options._replace(layout=self.layout)
        try:
            stream = arranged(self.codec.encode(frame, self.plan.target, options), options)
        except CodecError as error:
            raise FailedError(self.spec, "encode", index, error) from error
        reasons = []
        for decoder in self.decoders:
            try:
                decoded, _ = decoder.decode_clipped(stream)
                again = in_working_colours(self.plan, decoded, decoded_again=True)
            except (CodecError, DamagedError) as error:
                reasons.append(f"{decoder.spec.name}: {error}")
                continue
            return Lossy(stream, measured(frame, again, len(stream)), decoder.spec)
        raise VerificationError(
            f"frame {index + 1}, encoded by {self.spec.name}, cannot be decoded:"
            f" {'; '.join(reasons) or 'no codec is available'}"
        )

    def _surplus(self, errors: Errors) -> tuple[float, str]:
        """Returns by how many dB the errors are better than the goal, and the figure itself."""
        kind, value, _ = self.goal
        if kind == "psnr":
            psnr = errors.psnr(self.peak)
            return psnr - value, "no error" if psnr == inf else f"{psnr:.2f} dB"
        if kind == "max_error":
            room = decibels(value + 0.5, errors.largest) if errors.largest else inf
            return room, f"an error of {errors.largest}"
        if kind == "ratio":
            return decibels(errors.ratio, value), f"{errors.ratio:.2f}"
        return inf, ""
