"""Decodes what was written, and compares every frame with what the source decoded to."""

from dataclasses import dataclass, replace

from dicomtx.codecs.codec import CodecSpec
from dicomtx.codecs.registry import Codecs
from dicomtx.dicom import fragments
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.pixel_data import EncapsulatedFrames, native_frames
from dicomtx.engine import stored
from dicomtx.engine.plan import Plan
from dicomtx.engine.transcode import DecodedFrames, Frames, Transcoded, working
from dicomtx.errors import CodecError, DamagedError, VerificationError
from dicomtx.transfer_syntaxes import TransferSyntax


@dataclass(frozen=True, slots=True)
class Verification:
    """How the frames were compared.

    Attributes:
        how: independent, same-code-base, bytes-only or none.
        warnings: what stood in the way of a better one.
    """

    how: str = "none"
    warnings: tuple[str, ...] = ()


def compare(output: DataSet, plan: Plan, done: Transcoded, codecs: Codecs) -> Verification:
    """Decodes what was written and compares every frame.

    Raises:
        VerificationError: a frame differs, or nothing can decode it.
    """
    image = plan.after
    if image is None:
        return Verification()
    count = len(done.digests)
    written = replace(image, number_of_frames=count)
    if not plan.target.encapsulated:
        _compare(native_frames(output, written), plan, done.digests)
        return Verification("bytes-only")
    found = fragments.frames(output.source, fragments.read(output), count, [])
    if len(found) != count:
        raise VerificationError(f"{len(found)} frames were written, not {count}")
    streams = EncapsulatedFrames(output.source, found)
    reasons = []
    for spec in _verifiers(codecs, plan.target, done.encoder):
        try:
            decoded = DecodedFrames(streams, spec, codecs.open(spec), plan.target, written)
            _compare(decoded, plan, done.digests)
        except CodecError as error:
            reasons.append(str(error))
            continue
        return Verification(_how(plan.target, spec, done.encoder), tuple(reasons))
    raise VerificationError(f"what was written cannot be decoded: {'; '.join(reasons)}")


def _verifiers(
    codecs: Codecs, syntax: TransferSyntax, encoder: CodecSpec | None
) -> list[CodecSpec]:
    """Returns the codecs that can read it, those of another code base first."""
    able = [spec for spec in codecs.able(syntax, "decode") if spec.builtin or spec == encoder]
    able = able or list(codecs.able(syntax, "decode"))
    return sorted(able, key=lambda spec: _how(syntax, spec, encoder))


def _how(syntax: TransferSyntax, verifier: CodecSpec, encoder: CodecSpec | None) -> str:
    same = encoder and verifier.decodes[syntax.uid] == encoder.encodes[syntax.uid]
    return "same-code-base" if same else "independent"


def _compare(frames: Frames, plan: Plan, digests: tuple[bytes, ...]) -> None:
    plan = replace(plan, expand=False)
    for index, expected in enumerate(digests):
        try:
            frame = working(plan, frames.read(index))
        except DamagedError as error:
            raise VerificationError(f"frame {index + 1} as written: {error}") from error
        if stored.digest(frame) != expected:
            raise VerificationError(f"frame {index + 1} was written with other pixels")
