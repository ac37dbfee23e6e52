"""Decides in which syntax a file leaves. The dry run and the run use the same decision."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from dicomtx.codecs.registry import Codecs
from dicomtx.engine.orthanc.negotiation import Peer, negotiated_syntax, proposed
from dicomtx.engine.planning.apply_policy import ResolvedPlan, resolve_plan
from dicomtx.engine.planning.plan import Code, Copy, Keep, Plan, Recompress, Refuse
from dicomtx.engine.planning.planner import plan, refusal
from dicomtx.engine.planning.policy import Subject
from dicomtx.errors import DicomtxError, PolicyError, UnsupportedError
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import TransferSyntax
from dicomtx.workflows.send.options import SendOptions

Accepts = Callable[[str], bool]
"""Returns whether the peer takes the file's SOP class in the syntax with this UID."""


class Leaving(NamedTuple):
    """How a file leaves.

    Attributes:
        plan: the conversion before it is sent. Copy and Keep send the file as it is, and Refuse
            does not send it.
        rule: the rule that decides: one of the policy, or one of Orthanc such as "37b".
        settings: the settings of the conversion.
        by_policy: whether a policy refuses the file.
        keeps: whether the file leaves as without a policy if the conversion fails.
        kept: why the file does not leave as the policy asks; empty if it does.
    """

    plan: Plan
    rule: str
    settings: Settings
    by_policy: bool = False
    keeps: bool = False
    kept: str = ""


def wanted(subject: Subject, options: SendOptions, codecs: Codecs) -> tuple[str, ...]:
    """Returns the UIDs of the syntaxes to propose for a file, the first choice first."""
    syntaxes = proposed(subject.header.label, options.preferred)
    asked = _by_policy(subject, options, codecs)
    if asked and not isinstance(asked.plan, Refuse | Keep):
        syntaxes = (asked.plan.target, *syntaxes)
    return tuple(dict.fromkeys(syntax.uid for syntax in syntaxes))


def leaving(
    subject: Subject,
    accepts: Accepts,
    options: SendOptions,
    codecs: Codecs,
    failed: Mapping[str, str],
) -> Leaving:
    """Returns how a file leaves.

    Args:
        subject: the file, as ``Examined.subject`` returns it.
        accepts: what the peer takes.
        options: what the user allows.
        codecs: the enabled codecs.
        failed: why conversions to these syntaxes, by UID, have failed.
    """
    asked = _by_policy(subject, options, codecs)
    if not asked:
        return _negotiated(subject, accepts, options, codecs, failed)
    target = asked.plan.target
    if isinstance(asked.plan, Refuse):
        return _as_asked(asked)
    if isinstance(asked.plan, Keep):
        why = asked.plan.reason
    elif target.uid in failed:
        why = failed[target.uid]
    elif accepts(target.uid):
        return _as_asked(asked)
    else:
        why = f"the peer does not accept {target.name} for this SOP class"
        if not asked.keep_original:
            refused = refusal(subject.header, target, f"cannot be sent: {why}")
            return _as_asked(asked._replace(plan=refused))
    left = _negotiated(subject, accepts, options, codecs, failed)
    return left._replace(kept=why)


def _by_policy(subject: Subject, options: SendOptions, codecs: Codecs) -> ResolvedPlan | None:
    if not options.policy:
        return None
    return resolve_plan(subject, options.policy, codecs, options.settings, options.on_failure)


def _as_asked(asked: ResolvedPlan) -> Leaving:
    settings = asked.settings._replace(only_if_smaller=False)  # the peer may not take the source
    return Leaving(
        plan=asked.plan,
        rule=asked.rule or "--to",
        settings=settings,
        by_policy=asked.by_policy,
        keeps=asked.keep_original,
    )


def _negotiated(
    subject: Subject,
    accepts: Accepts,
    options: SendOptions,
    codecs: Codecs,
    failed: Mapping[str, str],
) -> Leaving:
    """Returns how a file leaves by the rules 36 to 38 of Orthanc."""
    header, settings = subject.header, options.settings._replace(only_if_smaller=False)

    def transcode(target: TransferSyntax) -> Plan:
        if target.uid in failed:
            return refusal(header, target, failed[target.uid])
        made = plan(header, target, codecs, settings)
        why = _not_decoded(made, options)
        return refusal(header, target, why) if why else made

    syntaxes = proposed(header.label, options.preferred)
    accepted = frozenset(s.uid for s in syntaxes if accepts(s.uid))
    left = negotiated_syntax(header, Peer(accepted, preferred=options.preferred), transcode)
    return Leaving(left.plan, left.rule, settings)


def _not_decoded(made: Plan, options: SendOptions) -> str:
    """Returns why ``--decompress`` does not allow a plan; empty if it does."""
    if not isinstance(made, Code | Recompress) or not made.decoder:
        return ""
    if options.decompress == "never":
        return "--decompress never does not allow to decode it"
    if options.decompress == "lossless" and made.source.lossy:
        return f"--decompress lossless does not allow to decode {made.source.name}"
    return ""


def is_as_it_is(left: Leaving) -> bool:
    """Returns whether the bytes of the data set leave as they are in the file."""
    return isinstance(left.plan, Copy | Keep)


def refusal_of(left: Leaving, made: Refuse) -> DicomtxError:
    """Returns the error for a file that is not sent."""
    if left.by_policy:
        return PolicyError(f"refused by {left.rule}: {made.reason}")
    if made.reason.startswith("cannot be sent"):
        return UnsupportedError(made.reason)
    return UnsupportedError(f"cannot be sent as {made.target.name}: {made.reason}")
