"""The syntax in which an instance is sent, as Orthanc decides it (its rules 36 to 38, and 40)."""

from collections.abc import Callable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from dicomtx.dicom.inspection import FileInfo
from dicomtx.engine.planning.plan import Copy, Keep, Refuse
from dicomtx.transfer_syntaxes import BY_UID, ROOT, TransferSyntax

# in the order in which Orthanc's transcoder tries them
NATIVE: Final = tuple(BY_UID[uid] for uid in (ROOT, ROOT + ".1", ROOT + ".2"))
# the order in which Orthanc lists the other syntaxes, which decides rule 40c
OTHERS: Final = tuple(
    BY_UID[ROOT + suffix]
    for suffix in (
        *(".1.99", *(f".4.{n}" for n in range(50, 109)), ".5"),
        *(f".4.{n}" for n in range(110, 204)),
    )
    if ROOT + suffix in BY_UID
)

Made = TypeVar("Made")
"""A plan of dicomtx, or a prediction of what a server would do."""
Transcode = Callable[[TransferSyntax], Made]
"""Returns how to convert the instance to a syntax; Refuse or Keep if that is not possible."""


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

    def accepted(
        self, header: FileInfo, proposed: Sequence[TransferSyntax]
    ) -> list[TransferSyntax]:
        """Returns those of the proposed syntaxes that it accepts for an instance."""
        if self.sop_classes is not None and header.sop_class_uid not in self.sop_classes:
            return []
        return [s for s in proposed if self.accepts is None or s.uid in self.accepts]


class NegotiationResult(NamedTuple, Generic[Made]):
    """How one instance would be sent.

    Attributes:
        plan: the conversion before sending; Refuse if the instance cannot be sent.
        rule: the rule that decides: "37b".
    """

    plan: Made | Copy | Refuse
    rule: str


def proposed(source: TransferSyntax, preferred: TransferSyntax) -> tuple[TransferSyntax, ...]:
    """Returns the proposed syntaxes: the instance's own, the preferred, native ones (rule 36)."""
    return tuple(dict.fromkeys((source, preferred, *NATIVE)))


def negotiated_syntax(
    header: FileInfo, peer: Peer, transcode: Transcode[Made]
) -> NegotiationResult[Made]:
    """Returns the syntax in which C-STORE would send an instance, or why it cannot be sent."""
    source = header.label
    contexts = proposed(source, peer.preferred) if peer.transcoding else (source,)
    accepted = peer.accepted(header, contexts)
    if source in accepted:
        left = Copy(source=source, target=source)
        return NegotiationResult(left, "37b" if peer.transcoding else "38")
    if not peer.transcoding:
        return NegotiationResult(_not_sent(source, _not_allowed(source)), "38")
    if not accepted:
        why = f"none of {', '.join(syntax.name for syntax in contexts)} is accepted"
        return NegotiationResult(_not_sent(source, why), "37a")
    tries = [("37c", peer.preferred)] if peer.preferred in accepted else []
    tries += [("37d", s) for s in NATIVE if s in accepted and s != peer.preferred]
    return _first_possible(source, tries, transcode, "37e")


def retrieved_syntax(
    header: FileInfo, peer: Peer, transcode: Transcode[Made]
) -> NegotiationResult[Made]:
    """Returns the syntax in which C-GET would send an instance, or why it cannot be sent.

    The peer asked for the instance, so it proposed what it accepts. Orthanc chooses one of these
    syntaxes, and does not try another if the transcoding fails.
    """
    source = header.label
    order = [("40a", source)]
    if peer.transcoding:
        order += [("40b", syntax) for syntax in NATIVE]
        order += [("40c", syntax) for syntax in OTHERS]
    accepted = peer.accepted(header, [syntax for _, syntax in order])
    if source in accepted:
        return NegotiationResult(Copy(source=source, target=source), "40a")
    if not accepted:
        none = "no syntax that Orthanc knows is accepted"
        why = none if peer.transcoding else _not_allowed(source)
        return NegotiationResult(_not_sent(source, why), "40")
    chosen = next(one for one in order if one[1] in accepted)
    return _first_possible(source, [chosen], transcode, "40")


def _first_possible(
    source: TransferSyntax,
    tries: Sequence[tuple[str, TransferSyntax]],
    transcode: Transcode[Made],
    failed: str,
) -> NegotiationResult[Made]:
    """Returns the first conversion that is possible, or Refuse with the rule ``failed``."""
    reasons: dict[str, list[str]] = {}
    for rule, syntax in tries:
        made = transcode(syntax)
        if not isinstance(made, Refuse | Keep):
            return NegotiationResult(made, rule)
        reasons.setdefault(made.reason, []).append(syntax.name)
    why = "; ".join(f"{' or '.join(names)}: {reason}" for reason, names in reasons.items())
    return NegotiationResult(_not_sent(source, why), failed)


def _not_allowed(source: TransferSyntax) -> str:
    return f"transcoding is not allowed, and {source.name} is not accepted"


def _not_sent(source: TransferSyntax, why: str) -> Refuse:
    return Refuse(source=source, target=source, reason=f"cannot be sent: {why}")
