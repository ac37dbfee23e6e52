"""Which codecs look at a result a second time, and what their agreement is worth."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from dicomtx.codecs.codec import CodecSpec
from dicomtx.codecs.registry import AUDITORS, Codecs
from dicomtx.codecs.shipped import FFMPEG
from dicomtx.dicom.pixel_data.frames import EncapsulatedFrames
from dicomtx.engine.decoding.decoder import DecodedFrames, Decoder, opened, written_image
from dicomtx.engine.pixels.frames import Frames
from dicomtx.engine.planning.plan import Plan
from dicomtx.errors import VerificationError
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import TransferSyntax
from dicomtx.verification import Verify, weakest

WORTH_A_PROCESS: Final = 1 << 20  # native bytes of a lossy step that another library confirms


def foreseen(plan: Plan, codecs: Codecs, settings: Settings) -> str:
    """Returns why --verify independent will fail, empty if nothing tells yet that it will."""
    if not settings.verifies.independent or not (plan.decoder or plan.encoder):
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
    """The second look at one file.

    Attributes:
        plan: what is done to it.
        codecs: those in force.
        settings: how it is to be verified.
        frames: their number.
    """

    plan: Plan
    codecs: Codecs
    settings: Settings
    frames: int

    def checks(self, encoder: CodecSpec) -> Iterator[Decoder]:
        """Yields decoders for what is encoded: other code bases first, the fastest of them first.

        GDCM and other plugins are asked only where no builtin can do it, or they encoded it. A
        loss is measured again and again, so only builtins do that.

        Raises:
            VerificationError: only another code base may do it, and there is none.
        """
        if self._asked.share or self.plan.lossy:
            yield from self._decoders(self._chosen(encoder), encoder)

    def _chosen(self, encoder: CodecSpec) -> list[CodecSpec]:
        """Returns the codecs for ``checks``.

        Raises:
            VerificationError: only another code base may do it, and there is none.
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
        """Yields the decoders that confirm what a loss was measured to be, other libraries' first.

        GDCM works in a process of its own, whose start small images are not worth.
        """
        if not self.plan.lossy or not self._asked.share:
            return
        able = [*self.codecs.auditors(self.plan.target)]
        if written_image(self.plan, self.frames).frame_bytes * self.frames >= WORTH_A_PROCESS:
            able += self.codecs.shipped(self.plan.target)
        yield from self._decoders(able, encoder)

    def second(self, found: EncapsulatedFrames, decoder: CodecSpec) -> Frames | None:
        """Returns the source's frames as another codec decodes them, if they are to be compared.

        A builtin looks at what a plugin decodes. Where another code base must look at the result,
        it looks at native frames, too.

        Raises:
            VerificationError: it must, and there is none.
        """
        syntax = self.plan.source
        if self._asked.independent:
            return self._independent(found, decoder)
        if decoder.builtin or syntax.lossy or not self._asked.share:
            return None
        builtin = next(self.codecs.builtins(syntax, "decode"), None)
        return self._decoded(found, builtin) if builtin else None

    def require(self, decoder: CodecSpec | None, encoder: CodecSpec | None) -> None:
        """Looks for what ``checks`` and ``second`` need.

        Raises:
            VerificationError: only another code base may verify, and there is none.
        """
        if decoder:
            self._other(decoder)
        if encoder and self._chosen(encoder) == [FFMPEG] and self._by_sample:
            raise VerificationError(
                "--verify independent needs FFmpeg for JPEG-LS, which is not trusted with colour by"
                " sample, as it is encoded. Try --verify all."
            )

    def demanded(self, encoder: CodecSpec | None) -> bool:
        """Returns whether ``second`` has to confirm each frame."""
        return encoder is None and self._asked.independent

    def word(self, encoder: CodecSpec | None, verifiers: Iterable[CodecSpec]) -> str:
        """Returns how the frames were verified: a word of ``verification.WORDS``."""
        if encoder is None:
            return "independent" if self.demanded(encoder) else "none"
        return weakest([_word(spec, encoder, self.plan.target) for spec in verifiers])

    def _independent(self, found: EncapsulatedFrames, decoder: CodecSpec) -> Frames | None:
        other = self._other(decoder)
        return self._decoded(found, other) if other else None

    def _other(self, decoder: CodecSpec) -> CodecSpec | None:
        """Returns another code base that decodes the source, None if the target needs none.

        Raises:
            VerificationError: it does, and there is none.
        """
        syntax = self.plan.source
        base = decoder.decodes[syntax.uid]
        exact = not syntax.lossy or syntax.family == "JPEG-LS"
        others = (spec for spec in self.codecs.verifiers(syntax) if spec.name != decoder.name)
        other = next((spec for spec in others if exact and spec.decodes[syntax.uid] != base), None)
        if other or self.plan.target.encapsulated:
            return other
        raise VerificationError(_lacking(syntax, base))

    def _decoded(self, found: EncapsulatedFrames, spec: CodecSpec) -> DecodedFrames:
        """Returns frames of the source; its streams may be of anyone's making."""
        assert self.plan.before is not None
        source = self.plan.source
        apart = spec in AUDITORS
        codec = opened(self.codecs, spec, "decode", self.frames, apart=apart)
        return DecodedFrames(found, Decoder(spec, codec, source, self.plan.before))

    def _decoders(self, chosen: Iterable[CodecSpec], encoder: CodecSpec) -> Iterator[Decoder]:
        target, image = self.plan.target, written_image(self.plan, self.frames)
        for spec in sorted(chosen, key=lambda spec: _same_base(spec, encoder, target)):
            codec = opened(self.codecs, spec, "decode", self.frames)
            yield Decoder(spec, codec, target, image)

    @property
    def _by_sample(self) -> bool:
        image = self.plan.after
        colour = image is not None and image.samples_per_pixel > 1
        return colour and self.plan.target.family == "JPEG-LS"

    @property
    def _asked(self) -> Verify:
        return self.settings.verifies


def _same_base(verifier: CodecSpec, encoder: CodecSpec, target: TransferSyntax) -> bool:
    return verifier.decodes[target.uid] == encoder.encodes[target.uid]


def _word(verifier: CodecSpec, encoder: CodecSpec, target: TransferSyntax) -> str:
    """Returns what it is worth that this codec decoded the same; nobody knows a plugin's parts."""
    if verifier.name == encoder.name and not encoder.builtin:
        return "same-codec"
    return "same-code-base" if _same_base(verifier, encoder, target) else "independent"


def _lacking(syntax: TransferSyntax, base: str) -> str:
    """Returns why no other code base can look at it, and what to do."""
    extra = "pip install 'dicomtx[audit]', or " if syntax.uid in FFMPEG.decodes else ""
    return (
        f"--verify independent needs a second code base that decodes {syntax.name} to exact values,"
        f" and there is only {base} here. Try {extra}--verify all."
    )
