"""What a policy says of one file, and the plan that follows: what the dry run prints is done."""

from typing import Literal, NamedTuple

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import FileInfo
from dicomtx.engine.planning.plan import Action, Plan
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
        action = Action.COPY if target == header.label else Action.KEEP
        return ResolvedPlan(
            Plan(action, header.syntax, header.label, reason), settings, rule, reason
        )
    settings = overridden(settings, decision.options)
    keep = "keep-original" in (decision.on_failure, on_failure)
    made = plan(header, target, codecs, settings)
    if decision.warnings and made.action not in (Action.KEEP, Action.COPY):
        made = made._replace(warnings=(*decision.warnings, *made.warnings))
    if made.action is Action.REFUSE and keep:
        made = kept(made, f"cannot be {target.name}: {made.reason}", header)
    elif made.action is Action.REFUSE:
        made = made._replace(target=target)
    return ResolvedPlan(made, settings, rule, decision.reason, keep_original=keep)


def kept(made: Plan, why: str, header: FileInfo) -> Plan:
    """Returns the plan that leaves a file as it is, since what was planned cannot be."""
    return Plan(Action.KEEP, made.source, header.label, why)
