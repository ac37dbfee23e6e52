"""What a policy says of one file, and the plan that follows: what the dry run prints is done."""

from typing import Literal, NamedTuple

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import FileInfo
from dicomtx.engine.planning.plan import Copy, Keep, Passing, Plan, Refuse
from dicomtx.engine.planning.planner import plan, refusal
from dicomtx.engine.planning.policy import Decision, Policy, Subject, Verdict
from dicomtx.settings import Settings, overridden


class ResolvedPlan(NamedTuple):
    """What is to be done with one file, by which rule, with which settings.

    Attributes:
        plan: what is to be done.
        settings: those in force for this file.
        rule: the rule that decided; empty for ``--to``.
        reason: why, in the policy's words.
        by_policy: a refusal is the policy's, not for want of a way to do it.
        keep_original: if it fails on the way, the file is kept as it is.
    """

    plan: Plan
    settings: Settings
    rule: str = ""
    reason: str = ""
    by_policy: bool = False
    keep_original: bool = False


OnFailure = Literal["error", "keep-original"]


def resolve_plan(
    subject: Subject,
    policy: Policy,
    codecs: Codecs,
    settings: Settings,
    on_failure: OnFailure = "error",
) -> ResolvedPlan:
    """Returns what is to be done with one file.

    Args:
        subject: the file.
        policy: what decides.
        codecs: those in force.
        settings: those in force where the policy says nothing else.
        on_failure: what becomes of a file that cannot be transcoded, where the policy says nothing.
    """
    return carried(policy.decide(subject), subject.header, codecs, settings, on_failure)


def carried(
    decision: Decision,
    header: FileInfo,
    codecs: Codecs,
    settings: Settings,
    on_failure: OnFailure = "error",
) -> ResolvedPlan:
    """Returns what a decision means for a file with this header."""
    rule, target = decision.rule, decision.target
    if decision.verdict is Verdict.REFUSE:
        reason = decision.reason or "the policy refuses it"
        return ResolvedPlan(
            refusal(header, header.label, reason), settings, rule, reason, by_policy=True
        )
    if decision.verdict is Verdict.KEEP or target is None:
        reason = decision.reason or "the policy keeps it"
        left = (
            Copy(source=header.syntax, target=header.label)
            if target == header.label
            else Keep(source=header.syntax, target=header.label, reason=reason)
        )
        return ResolvedPlan(left, settings, rule, reason)
    settings = overridden(settings, decision.options)
    keep = "keep-original" in (decision.on_failure, on_failure)
    made = plan(header, target, codecs, settings)
    if decision.warnings and not isinstance(made, Passing):
        made = made._replace(warnings=(*decision.warnings, *made.warnings))
    if isinstance(made, Refuse):
        why = f"cannot be {target.name}: {made.reason}"
        made = kept(made, why, header) if keep else made._replace(target=target)
    return ResolvedPlan(made, settings, rule, decision.reason, keep_original=keep)


def kept(made: Plan, why: str, header: FileInfo) -> Keep:
    """Returns the plan that leaves a file as it is, since what was planned cannot be."""
    return Keep(source=made.source, target=header.label, reason=why)
