"""What Orthanc's own codecs can transcode (its rules 2 to 6 and 8 to 12)."""

from typing import Final, NamedTuple

from dicomtx.dicom.inspection import FileInfo
from dicomtx.engine.orthanc.policy import OrthancPolicy
from dicomtx.engine.planning.plan import Action, Refuse
from dicomtx.engine.planning.policy import Decision, Subject, Verdict
from dicomtx.frozen import Frozen
from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import ROOT, TransferSyntax, by_uid

ENGINES: Final = ("dicomtx", "orthanc-builtin", "orthanc-gdcm")
BUILTIN: Final = "orthanc-builtin"
GDCM: Final = "orthanc-gdcm"
# the targets of the built-in transcoder, in the order in which it tries them (rule 3)
TARGETS: Final = tuple(
    ROOT + suffix
    for suffix in (
        *("", ".1", ".2", ".1.99"),
        *(".4.50", ".4.51", ".4.57", ".4.70", ".4.80", ".4.81"),
    )
)
DECODED: Final = frozenset((*TARGETS, ROOT + ".5", *(f"{ROOT}.4.{n}" for n in (53, 55))))  # rule 6
GDCM_TARGETS: Final = frozenset((*TARGETS, ROOT + ".5", ROOT + ".4.90", ROOT + ".4.91"))
GDCM_DECODED: Final = frozenset((*GDCM_TARGETS, *(f"{ROOT}.4.{n}" for n in (53, 55))))
# targets that change the SOP Instance UID (rules 8 and 12); the others must not (rule 9)
LOSSY: Final = frozenset(f"{ROOT}.4.{n}" for n in (50, 51, 81, 91, 93))
LOSSY_BITS: Final = {ROOT + ".4.50": 8, ROOT + ".4.51": 12}  # rule 4
EXTENDED, NEAR, LOSSY_2000 = (f"{ROOT}.4.{n}" for n in (51, 81, 91))
JPEG: Final = frozenset(f"{ROOT}.4.{n}" for n in (50, 51, 57, 70))
JPEG_LS: Final = frozenset(f"{ROOT}.4.{n}" for n in (80, 81))


class Done(NamedTuple):
    """The result of one transcoder.

    Attributes:
        target: the resulting syntax; None if it fails.
        engine: the name of the transcoder.
        reason: why it fails.
    """

    target: TransferSyntax | None
    engine: str
    reason: str = ""


class Prediction(Frozen):
    """What the server would do with one instance.

    Attributes:
        action: the public word for it.
        target: the transfer syntax of the result.
        decoder: the transcoder that decodes; empty if none does.
        encoder: the transcoder that encodes; empty if none does.
        reason: why the instance is kept or refused.
        warnings: what a user should know.
        new_uid: whether the SOP Instance UID changes.
    """

    action: Action
    target: TransferSyntax
    decoder: str = ""
    encoder: str = ""
    reason: str = ""
    warnings: tuple[str, ...] = ()
    new_uid: bool = False


def predicted(
    subject: Subject, decision: Decision, policy: OrthancPolicy, engine: str
) -> Prediction:
    """Returns what the server would do.

    Args:
        subject: the instance.
        decision: the decision of the server's configuration.
        policy: the server's configuration.
        engine: ``orthanc-builtin``, or ``orthanc-gdcm`` for a server with that plugin.
    """
    header = subject.header
    source = header.label
    if decision.verdict is Verdict.REFUSE:
        return Prediction(action=Action.REFUSE, target=source, reason=decision.reason)
    if decision.target == source:  # rule 2
        return Prediction(action=Action.COPY, target=source, reason=decision.reason)
    if decision.verdict is Verdict.KEEP or decision.target is None:
        return Prediction(action=Action.KEEP, target=source, reason=decision.reason)
    done = transcoded(header, (decision.target,), policy, engine, new_uid=True)
    if done.target is None:
        reason = f"stored unchanged: {done.reason}"
        return Prediction(action=Action.KEEP, target=source, reason=reason)
    made = _prediction(header, done.target, done)
    return made._replace(warnings=(*decision.warnings, *made.warnings))


def converted(
    header: FileInfo, target: TransferSyntax, policy: OrthancPolicy, engine: str
) -> Prediction | Refuse:
    """Returns how the server would convert an instance to a syntax, or why it cannot.

    A lossy target gives a new SOP Instance UID.
    """
    done = transcoded(header, (target,), policy, engine, new_uid=True)
    if done.target is None:
        return Refuse(source=header.label, target=target, reason=done.reason)
    return _prediction(header, target, done)


def _prediction(header: FileInfo, target: TransferSyntax, done: Done) -> Prediction:
    action = _action(header, target)
    decodes, encodes = action in (Action.DECODE, Action.RECODE), target.encapsulated
    return Prediction(
        action=action,
        target=target,
        decoder=done.engine if decodes else "",
        encoder=done.engine if encodes and action is not Action.REWRITE else "",
        warnings=_defects(header, done),
        new_uid=changes_uid(header, target),
    )


def changes_uid(header: FileInfo, target: TransferSyntax) -> bool:
    """Returns whether a conversion to this target gives a new SOP Instance UID (rule 9)."""
    return header.pixel_data != "none" and target != header.label and target.uid in LOSSY


def transcoded(
    header: FileInfo,
    allowed: tuple[TransferSyntax, ...],
    policy: OrthancPolicy,
    engine: str,
    *,
    new_uid: bool,
) -> Done:
    """Returns the result of the server's transcoders, tried in its order (rule 11)."""
    plugins = engine == GDCM and policy.gdcm
    order = policy.order or "plugins-first"
    tried = {"plugins-first": (GDCM, BUILTIN), "builtin-first": (BUILTIN, GDCM)}.get(order, (GDCM,))
    reasons = []
    for name in tried:
        if name == GDCM and not plugins:
            continue
        done = (
            _by_gdcm(header, allowed, policy, new_uid=new_uid)
            if name == GDCM
            else _by_builtin(header, allowed, new_uid=new_uid)
        )
        if done.target:
            return done
        reasons.append(f"{name}: {done.reason}")
    return Done(None, "", "; ".join(reasons) or "built-in transcoder disabled, no plugin loaded")


def _by_builtin(header: FileInfo, allowed: tuple[TransferSyntax, ...], *, new_uid: bool) -> Done:
    if header.label.uid not in DECODED:
        return Done(None, BUILTIN, f"no decoder for {header.label.name}")
    reason = f"no encoder for {' or '.join(syntax.name for syntax in allowed)}"
    for uid in TARGETS:
        if by_uid(uid) not in allowed:
            continue
        reason = _builtin_fault(header, uid) or _uid_fault(uid, new_uid=new_uid)
        if not reason:
            return Done(by_uid(uid), BUILTIN)
    return Done(None, BUILTIN, reason)


def _uid_fault(uid: str, *, new_uid: bool) -> str:
    needs = uid in LOSSY and not new_uid
    return f"{by_uid(uid).name} requires a new SOP Instance UID" if needs else ""


def _builtin_fault(header: FileInfo, uid: str) -> str:
    """Returns why DCMTK cannot encode the image (rule 4, and its encoders); empty if it can."""
    image, name = header.image, by_uid(uid).name
    if image is None or not by_uid(uid).encapsulated:
        return ""
    return _bits_fault(image, uid) or _sample_fault(header, image, uid, name)


def _bits_fault(image: ImagePixel, uid: str) -> str:
    most = LOSSY_BITS.get(uid)
    name = by_uid(uid).name
    if uid == ROOT + ".4.50" and image.bits_stored != 8:
        return f"{name} requires 8 bits stored, not {image.bits_stored}"
    if most and image.bits_stored > most:
        return f"{name} supports at most {most} bits stored, not {image.bits_stored}"
    if image.bits_allocated not in (8, 16):
        return f"{name} requires 8 or 16 bits allocated, not {image.bits_allocated}"
    return ""


def _sample_fault(header: FileInfo, image: ImagePixel, uid: str, name: str) -> str:
    halved = image.subsampled and not header.label.encapsulated
    if halved and uid not in (ROOT + ".4.50", EXTENDED):
        return f"native YBR_FULL_422 cannot be encoded as {name}"
    if uid == NEAR and image.signed:
        return f"signed samples cannot be encoded as {name}"
    if uid == NEAR and image.photometric_interpretation == "PALETTE COLOR":
        return f"PALETTE COLOR cannot be encoded as {name}"
    return ""


def _by_gdcm(
    header: FileInfo, allowed: tuple[TransferSyntax, ...], policy: OrthancPolicy, *, new_uid: bool
) -> Done:
    """Returns the result of the plugin (rule 12)."""
    restricted, label = policy.gdcm_syntaxes, header.label
    eligible = not restricted or {label.uid, *(s.uid for s in allowed)} & restricted
    image = header.image
    if not eligible:
        return Done(None, GDCM, "neither source nor target is in RestrictTransferSyntaxes")
    if image is None:
        return Done(None, GDCM, "it has no image")
    if image.bits_allocated == 1:
        return Done(None, GDCM, "1 bit allocated is not supported")
    if label.uid not in GDCM_DECODED:
        return Done(None, GDCM, f"no decoder for {label.name}")
    reason = ""
    for syntax in allowed:
        reason = _gdcm_fault(image, syntax) or _uid_fault(syntax.uid, new_uid=new_uid)
        if not reason:
            return Done(syntax, GDCM)
    return Done(None, GDCM, reason)


def _gdcm_fault(image: ImagePixel, target: TransferSyntax) -> str:
    """Returns why GDCM cannot encode the image, as observed with 3.0; empty if it can."""
    uid, name = target.uid, target.name
    if uid not in GDCM_TARGETS:
        return f"no encoder for {name}"
    if uid == ROOT + ".4.50" or (uid in JPEG | JPEG_LS and image.bits_allocated > 16):
        return _bits_fault(image, uid)
    if uid == LOSSY_2000 and image.photometric_interpretation == "PALETTE COLOR":
        return f"PALETTE COLOR cannot be encoded as {name}"
    several = target.encapsulated and image.number_of_frames > 1
    wide = several and image.samples_per_pixel > 1 and image.bits_allocated > 8
    if wide and uid not in JPEG:  # for example pydicom's SC_rgb_16bit_2frame.dcm
        return f"several frames of {image.bits_allocated}-bit colour cannot be encoded as {name}"
    return ""


def _defects(header: FileInfo, done: Done) -> tuple[str, ...]:
    """Returns warnings about faults of the server; dicomtx does not copy them (rules 10, 45)."""
    image, told = header.image, []
    target = done.target.uid if done.target else ""
    if done.engine == GDCM and target in LOSSY:
        told.append("the plugin generates a new UID, but does not mark the image as lossy")
    if done.engine == GDCM and target == EXTENDED and image and image.bits_stored > 12:
        told.append("the plugin also encodes more than 12 bits stored if the values fit")
    if done.engine == GDCM and image and image.photometric_interpretation == "YBR_FULL":
        told.append("the plugin converts native YBR_FULL to RGB")
    if done.engine == BUILTIN and target == ROOT + ".4.80" and image and image.signed:
        told.append("Orthanc 1.10.1 crashes on signed samples that need 13 to 15 bits")
    if target in JPEG_LS and done.engine == GDCM:
        told.append("Debian's Orthanc 1.10.1 crashes when the plugin encodes JPEG-LS")
    return tuple(told)


def _action(header: FileInfo, target: TransferSyntax) -> Action:
    decodes = header.pixel_data == "encapsulated"
    if target.encapsulated and header.pixel_data != "none":
        return Action.RECODE if decodes else Action.ENCODE
    return Action.DECODE if decodes else Action.REWRITE
