"""The syntax in which Orthanc would send an instance by C-STORE (its rules 36 to 38)."""

from collections.abc import Callable
from typing import Final, NamedTuple

from dicomtx.dicom.inspection import FileInfo
from dicomtx.engine.planning.plan import Copy, Keep, Plan, Refuse
from dicomtx.transfer_syntaxes import BY_UID, ROOT, TransferSyntax

# in the order in which Orthanc's transcoder tries them
NATIVE: Final = tuple(BY_UID[uid] for uid in (ROOT, ROOT + ".1", ROOT + ".2"))

Transcode = Callable[[TransferSyntax], Plan]
"""Returns the plan to convert the instance to a syntax; Refuse or Keep if that is not possible."""


class Peer(NamedTuple):
    """The receiver, and Orthanc's settings for it.

    Attributes:
        accepts: UIDs of the transfer syntaxes that it accepts; None for all that are proposed.
        transcoding: TranscodeDicomProtocol and the modality's AllowTranscoding.
        preferred: DicomScuPreferredTransferSyntax.
        sop_classes: UIDs of the SOP classes that it accepts; None for all.
    """

    accepts: frozenset[str] | None = None
    transcoding: bool = True
    preferred: TransferSyntax = NATIVE[1]
    sop_classes: frozenset[str] | None = None


class NegotiationResult(NamedTuple):
    """How Orthanc would send one instance.

    Attributes:
        plan: the conversion before sending; Refuse if the instance cannot be sent.
        rule: the rule that decides: "37b".
    """

    plan: Plan
    rule: str


def proposed(source: TransferSyntax, preferred: TransferSyntax) -> tuple[TransferSyntax, ...]:
    """Returns the proposed syntaxes: the instance's own, the preferred, native ones (rule 36)."""
    return tuple(dict.fromkeys((source, preferred, *NATIVE)))


def negotiated_syntax(header: FileInfo, peer: Peer, transcode: Transcode) -> NegotiationResult:
    """Returns the syntax in which an instance would be sent, or why it cannot be sent."""
    source = header.label
    contexts = proposed(source, peer.preferred)
    if not peer.transcoding:
        contexts = (source,)
    accepted = [s for s in contexts if peer.accepts is None or s.uid in peer.accepts]
    if peer.sop_classes is not None and header.sop_class_uid not in peer.sop_classes:
        accepted = []
    if source in accepted:
        left = Copy(source=source, target=source)
        return NegotiationResult(left, "37b" if peer.transcoding else "38")
    if not peer.transcoding:
        why = f"transcoding is not allowed, and {source.name} is not accepted"
        return NegotiationResult(_not_sent(source, why), "38")
    if not accepted:
        offered = ", ".join(syntax.name for syntax in contexts)
        return NegotiationResult(_not_sent(source, f"none of {offered} is accepted"), "37a")
    return _transcoded(source, accepted, peer.preferred, transcode)


def _transcoded(
    source: TransferSyntax,
    accepted: list[TransferSyntax],
    preferred: TransferSyntax,
    transcode: Transcode,
) -> NegotiationResult:
    """Returns the first possible conversion: to the preferred syntax, or to a native one."""
    reasons = []
    tries = [("37c", preferred)] if preferred in accepted else []
    tries += [("37d", syntax) for syntax in NATIVE if syntax in accepted]
    for rule, syntax in tries:
        made = transcode(syntax)
        if not isinstance(made, Refuse | Keep):
            return NegotiationResult(made, rule)
        reasons.append(f"{syntax.name}: {made.reason}")
    return NegotiationResult(_not_sent(source, "; ".join(dict.fromkeys(reasons))), "37e")


def _not_sent(source: TransferSyntax, why: str) -> Refuse:
    return Refuse(source=source, target=source, reason=f"cannot be sent: {why}")
