"""In which syntax Orthanc would send an instance by C-STORE (its rules 36 to 38)."""

from collections.abc import Callable
from typing import Final, NamedTuple

from dicomtx.dicom.inspection import FileInfo
from dicomtx.engine.planning.plan import Action, Plan
from dicomtx.transfer_syntaxes import BY_UID, ROOT, TransferSyntax

# in the order in which Orthanc's transcoder tries them
NATIVE: Final = tuple(BY_UID[uid] for uid in (ROOT, ROOT + ".1", ROOT + ".2"))

Transcode = Callable[[TransferSyntax], Plan]
"""Returns the plan to have the instance in a syntax; REFUSE or KEEP if that cannot be."""


class Peer(NamedTuple):
    """Who it is sent to, and how.

    Attributes:
        accepts: UIDs of what it accepts; None: all that is proposed.
        transcoding: TranscodeDicomProtocol and the modality's AllowTranscoding.
        preferred: DicomScuPreferredTransferSyntax.
        sop_classes: UIDs that it accepts; None: all.
    """

    accepts: frozenset[str] | None = None
    transcoding: bool = True
    preferred: TransferSyntax = NATIVE[1]
    sop_classes: frozenset[str] | None = None


class NegotiationResult(NamedTuple):
    """How one instance would leave.

    Attributes:
        plan: what is done to it first; REFUSE if it could not be sent.
        rule: the rule that decides: "37b".
    """

    plan: Plan
    rule: str


def proposed(source: TransferSyntax, preferred: TransferSyntax) -> tuple[TransferSyntax, ...]:
    """Returns what is proposed for an instance: its own syntax, the preferred, native (rule 36)."""
    return tuple(dict.fromkeys((source, preferred, *NATIVE)))


def negotiated_syntax(header: FileInfo, peer: Peer, transcode: Transcode) -> NegotiationResult:
    """Returns in which syntax an instance would be sent, or why it could not be."""
    source = header.label
    contexts = proposed(source, peer.preferred)
    if not peer.transcoding:
        contexts = (source,)
    accepted = [s for s in contexts if peer.accepts is None or s.uid in peer.accepts]
    if peer.sop_classes is not None and header.sop_class_uid not in peer.sop_classes:
        accepted = []
    if source in accepted:
        return NegotiationResult(
            Plan(Action.COPY, source, source), "37b" if peer.transcoding else "38"
        )
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
    """Returns the first step that can be done: to the preferred syntax, or to a native one."""
    reasons = []
    tries = [("37c", preferred)] if preferred in accepted else []
    tries += [("37d", syntax) for syntax in NATIVE if syntax in accepted]
    for rule, syntax in tries:
        made = transcode(syntax)
        if made.action not in (Action.REFUSE, Action.KEEP):
            return NegotiationResult(made, rule)
        reasons.append(f"{syntax.name}: {made.reason}")
    return NegotiationResult(_not_sent(source, "; ".join(dict.fromkeys(reasons))), "37e")


def _not_sent(source: TransferSyntax, why: str) -> Plan:
    return Plan(Action.REFUSE, source, source, f"cannot be sent: {why}")
