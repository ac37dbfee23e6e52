"""Turns a policy's decision into a plan. A dry run prints the same plan that a run carries out."""

from typing import NamedTuple

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import FileInfo
from dicomtx.dicom.modification.modification import Modification
from dicomtx.engine.planning.modified_plan import ModifiedPlan, modified_plan
from dicomtx.engine.planning.plan import Changing, Copy, Keep, Passing, Plan, Refuse
from dicomtx.engine.planning.planner import plan, refusal
from dicomtx.engine.planning.policy import Decision, OnFailure, Policy, Subject, Verdict
from dicomtx.settings import Settings, overridden


class ResolvedPlan(NamedTuple):
    """The plan for one file, with the rule and settings that led to it.

    Attributes:
        plan: what to do with the file.
        settings: the settings for this file.
        rule: the rule that decided; empty for ``--to``.
        reason: the reason that the policy gives.
        by_policy: whether the policy refused the file.
        keep_original: whether to keep the file unchanged if the conversion fails.
        instead: the plan for a modified file if its conversion fails: its syntax stays as it is,
            its elements are modified. None keeps the file unchanged.
        error: why the file cannot be modified; empty if it can.
    """

    plan: Plan
    settings: Settings
    rule: str = ""
    reason: str = ""
    by_policy: bool = False
    keep_original: bool = False
    instead: Changing | None = None
    error: str = ""


def resolve_plan(
    subject: Subject,
    policy: Policy,
    codecs: Codecs,
    settings: Settings,
    on_failure: OnFailure = "error",
    modification: Modification | None = None,
) -> ResolvedPlan:
    """Returns the plan for one file.

    Args:
        subject: the file.
        policy: the policy to apply.
        codecs: the enabled codecs.
        settings: the settings; the policy may override them.
        on_failure: what to do with a file that cannot be transcoded. The policy may override it.
        modification: what to change in the data set, after what the policy changes.
    """
    decision = policy.decide(subject)
    settled = carried(decision, subject.header, codecs, settings, on_failure)
    first = decision.modification
    wanted = modification.after(first) if modification else first
    if wanted is None:
        return settled
    made = modified_plan(settled.plan, subject, codecs, settled.settings, wanted)
    if decision.verdict is Verdict.KEEP and made.instead:  # as asked, so nothing to warn of
        made = made._replace(plan=made.instead)
    return _with_modified(settled, made)


def _with_modified(settled: ResolvedPlan, made: ModifiedPlan) -> ResolvedPlan:
    """Returns a resolved plan with the plan that also modifies the file."""
    settings = settled.settings
    new = made.plan.modified.sop_instance_uid if made.plan.modified else ""
    if new and settings.uid == "keep":  # a lossy step references its source, which has another UID
        settings = settings._replace(uid="new")
    return settled._replace(
        plan=made.plan, settings=settings, instead=made.instead, error=made.error
    )


def carried(
    decision: Decision,
    header: FileInfo,
    codecs: Codecs,
    settings: Settings,
    on_failure: OnFailure = "error",
) -> ResolvedPlan:
    """Returns the plan that carries out a policy's decision for one file."""
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
        why = f"cannot convert to {target.name}: {made.reason}"
        made = kept(made, why, header) if keep else made._replace(target=target)
    return ResolvedPlan(made, settings, rule, decision.reason, keep_original=keep)


def kept(made: Plan, why: str, header: FileInfo) -> Keep:
    """Returns the plan that keeps a file unchanged because ``made`` cannot be carried out."""
    return Keep(source=made.source, target=header.label, reason=why)
