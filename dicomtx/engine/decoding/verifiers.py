"""Selects the codecs that verify a result, and rates how independent they are."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from dicomtx.codecs.codec import CodecSpec
from dicomtx.codecs.registry import AUDITORS, Codecs
from dicomtx.codecs.shipped import FFMPEG, LJ92
from dicomtx.dicom.pixel_data.frames import EncapsulatedFrames
from dicomtx.engine.decoding.decoder import DecodedFrames, Decoder, opened
from dicomtx.engine.pixels.frames import Frames
from dicomtx.engine.planning.plan import Code, Plan, Recompress
from dicomtx.errors import VerificationError
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import TransferSyntax
from dicomtx.verification import Verify, weakest

WORTH_A_PROCESS: Final = 1 << 20  # least native bytes for which a subprocess confirms a lossy step


def foreseen(plan: Plan, codecs: Codecs, settings: Settings) -> str:
    """Returns why --verify independent will fail; empty if no reason is known yet."""
    if not settings.verifies.independent or not isinstance(plan, Code | Recompress):
        return ""
    verifiers = Verifiers(plan, codecs, settings, 1)
    try:
        verifiers.require(
            _named(plan.decoder, codecs.able(plan.source, "decode")),
            _named(plan.encoder, codecs.able(plan.target, "encode")),
        )
    except VerificationError as error:
        return str(error)
    return ""


def _named(name: str, able: Iterable[CodecSpec]) -> CodecSpec | None:
    return next((spec for spec in able if spec.name == name), None) if name else None


class Verifiers(NamedTuple):
    """The codecs that verify one file.

    Attributes:
        plan: the plan of the conversion.
        codecs: the allowed codecs.
        settings: the settings, including the verification mode.
        frames: the number of frames.
    """

    plan: Code | Recompress
    codecs: Codecs
    settings: Settings
    frames: int

    def checks(self, encoder: CodecSpec) -> Iterator[Decoder]:
        """Yields decoders for the encoded frames: other code bases first, fastest first.

        GDCM and other plugins are used only if no builtin can decode the syntax, or if they
        encoded it. A lossy search decodes many times, so it uses only builtins.

        Raises:
            VerificationError: another code base is required, and there is none.
        """
        if self._asked.share or self.plan.lossy:
            yield from self._decoders(self._chosen(encoder), encoder)

    def _chosen(self, encoder: CodecSpec) -> list[CodecSpec]:
        """Returns the codecs for ``checks``.

        Raises:
            VerificationError: another code base is required, and there is none.
        """
        target, lossy = self.plan.target, self.plan.lossy
        chosen = [
            *(self.codecs.builtins(target, "decode") if lossy else self.codecs.verifiers(target))
        ]
        if encoder not in chosen and target.uid in encoder.decodes:
            chosen.append(encoder)
        chosen = chosen or [*self.codecs.able(target, "decode")]
        if not self._asked.independent or lossy:
            return chosen
        chosen = [spec for spec in chosen if _word(spec, encoder, target) == "independent"]
        if not chosen:
            raise VerificationError(_lacking(target, encoder.encodes[target.uid]))
        return chosen

    def confirming(self, encoder: CodecSpec) -> Iterator[Decoder]:
        """Yields decoders that confirm the measured loss, those of other libraries first.

        GDCM runs in a subprocess, which takes too long to start for small images.
        """
        if not self.plan.lossy or not self._asked.share:
            return
        able = [*self.codecs.auditors(self.plan.target)]
        if self.plan.after.frame_bytes * self.frames >= WORTH_A_PROCESS:
            able += self.codecs.shipped(self.plan.target)
        yield from self._decoders(able, encoder)

    def second(self, found: EncapsulatedFrames, decoder: CodecSpec) -> Frames | None:
        """Returns the source's frames with another decoder, if its result must be confirmed.

        A builtin confirms what a plugin decodes. If verification must be independent, another
        code base also confirms native results.

        Raises:
            VerificationError: another code base is required, and there is none.
        """
        syntax = self.plan.source
        if self._asked.independent:
            return self._independent(found, decoder)
        if decoder.builtin or syntax.lossy or not self._asked.share:
            return None
        builtin = next(self.codecs.builtins(syntax, "decode"), None)
        return self._decoded(found, builtin) if builtin else None

    def require(self, decoder: CodecSpec | None, encoder: CodecSpec | None) -> None:
        """Checks that the codecs for ``checks`` and ``second`` exist.

        Raises:
            VerificationError: another code base is required, and there is none.
        """
        if decoder:
            self._other(decoder)
        if encoder and self._chosen(encoder) == [FFMPEG] and self._by_sample:
            raise VerificationError(
                "--verify independent needs FFmpeg for JPEG-LS, but FFmpeg does not reliably decode"
                " colour interleaved by sample. Try --verify all."
            )

    def demanded(self, encoder: CodecSpec | None) -> bool:
        """Returns whether ``second`` must confirm each frame."""
        return encoder is None and self._asked.independent

    def word(self, encoder: CodecSpec | None, verifiers: Iterable[CodecSpec]) -> str:
        """Returns how the frames were verified, a word of ``verification.WORDS``."""
        if encoder is None:
            return "independent" if self.demanded(encoder) else "none"
        return weakest([_word(spec, encoder, self.plan.target) for spec in verifiers])

    def _independent(self, found: EncapsulatedFrames, decoder: CodecSpec) -> Frames | None:
        other = self._other(decoder)
        return self._decoded(found, other) if other else None

    def _other(self, decoder: CodecSpec) -> CodecSpec | None:
        """Returns another code base that decodes the source; None if the target needs none.

        Raises:
            VerificationError: the target needs one, and there is none.
        """
        syntax = self.plan.source
        base = decoder.decodes[syntax.uid]
        exact = not syntax.lossy or syntax.family == "JPEG-LS"
        able = self.codecs.verifiers(syntax)
        others = (spec for spec in able if spec.name != decoder.name and spec is not LJ92)
        other = next((spec for spec in others if exact and spec.decodes[syntax.uid] != base), None)
        if other or self.plan.target.encapsulated:
            return other
        raise VerificationError(_lacking(syntax, base))

    def _decoded(self, found: EncapsulatedFrames, spec: CodecSpec) -> DecodedFrames:
        """Returns frames of the source, whose streams are untrusted."""
        source = self.plan.source
        apart = spec in AUDITORS
        codec = opened(self.codecs, spec, "decode", self.frames, apart=apart)
        return DecodedFrames(found, Decoder(spec, codec, source, self.plan.before))

    def _decoders(self, chosen: Iterable[CodecSpec], encoder: CodecSpec) -> Iterator[Decoder]:
        target = self.plan.target
        image = self.plan.after._replace(number_of_frames=self.frames)
        for spec in sorted(chosen, key=lambda spec: _same_base(spec, encoder, target)):
            codec = opened(self.codecs, spec, "decode", self.frames)
            yield Decoder(spec, codec, target, image)

    @property
    def _by_sample(self) -> bool:
        colour = self.plan.after.samples_per_pixel > 1
        return colour and self.plan.target.family == "JPEG-LS"

    @property
    def _asked(self) -> Verify:
        return self.settings.verifies


def _same_base(verifier: CodecSpec, encoder: CodecSpec, target: TransferSyntax) -> bool:
    return verifier.decodes[target.uid] == encoder.encodes[target.uid]


def _word(verifier: CodecSpec, encoder: CodecSpec, target: TransferSyntax) -> str:
    """Returns how independent a verifier is; a plugin's code bases are unknown."""
    if verifier.name == encoder.name and not encoder.builtin:
        return "same-codec"
    return "same-code-base" if _same_base(verifier, encoder, target) else "independent"


def _lacking(syntax: TransferSyntax, base: str) -> str:
    """Returns the error if no other code base is available, and what to try."""
    extra = "pip install 'dicomtx[audit]', or " if syntax.uid in FFMPEG.decodes else ""
    return (
        f"--verify independent needs a second code base that decodes {syntax.name} exactly,"
        f" but only {base} is available. Try {extra}--verify all."
    )
