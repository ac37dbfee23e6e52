"""Adds a modification to a plan: a file that would be copied is then rewritten."""

from typing import NamedTuple

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import FileInfo
from dicomtx.dicom.modification.modification import Modification
from dicomtx.dicom.modification.modified import Modified
from dicomtx.engine.planning.plan import Changing, Copy, Keep, Passing, Plan, Refuse, Rewrite
from dicomtx.engine.planning.planner import plan, refusal
from dicomtx.engine.planning.policy import Subject
from dicomtx.errors import UnsupportedError
from dicomtx.settings import FIELDS, GOALS, Settings

DIRECTORY = "a DICOMDIR holds byte offsets into itself, so it is not modified"


class ModifiedPlan(NamedTuple):
    """A plan with a modification.

    Attributes:
        plan: the plan.
        instead: the plan if the conversion fails: the syntax stays, the elements are modified.
            None if nothing is modified.
        error: why the file cannot be modified; empty if it can.
    """

    plan: Plan
    instead: Changing | None = None
    error: str = ""


def modified_plan(
    made: Plan, subject: Subject, codecs: Codecs, settings: Settings, wanted: Modification
) -> ModifiedPlan:
    """Returns the plan that also makes the changes of a modification.

    A DICOMDIR is kept unchanged. So is a file that has all the values already.
    """
    header = subject.header
    if isinstance(made, Refuse):
        return ModifiedPlan(made)
    if header.file_set:
        return ModifiedPlan(Keep(source=header.syntax, target=header.label, reason=DIRECTORY))
    from dicomtx.dicom.modification.edits import modified  # noqa: PLC0415 - seldom needed

    try:
        changed = modified(subject.data_set, wanted)
    except UnsupportedError as error:
        return ModifiedPlan(refusal(header, made.target, str(error)), error=str(error))
    instead = _in_own_syntax(header, codecs, settings, changed) if changed else None
    if changed is None or not isinstance(instead, Changing):
        return ModifiedPlan(instead or made)
    return ModifiedPlan(_changing(made, changed, instead), instead)


def _changing(made: Passing | Changing, changed: Modified, instead: Changing) -> Changing:
    if isinstance(made, Keep):
        return syntax_kept(instead, made.reason)
    return _edited(made, changed) if isinstance(made, Copy) else _with(made, changed)


def syntax_kept(instead: Changing, why: str) -> Changing:
    """Returns the plan that modifies a file in its own syntax, and says why it is not converted."""
    said = f"modified, but the transfer syntax is kept: {why}"
    return instead._replace(warnings=(said, *instead.warnings))


def _in_own_syntax(
    header: FileInfo, codecs: Codecs, settings: Settings, changed: Modified
) -> Changing | Refuse:
    """Returns the plan that changes elements only, and mends what a copy could not keep."""
    goals = {name: FIELDS[name].default for name in GOALS}
    made = plan(header, header.syntax, codecs, settings._replace(**goals))
    if isinstance(made, Refuse):
        return made
    return _edited(made, changed) if isinstance(made, Passing) else _with(made, changed)


def _edited(made: Passing, changed: Modified) -> Changing:
    """Returns the plan that copies everything except what is modified."""
    copied = Rewrite(source=made.source, target=made.target, after=None, warnings=made.warnings)
    return _with(copied, changed)


def _with(made: Changing, changed: Modified) -> Changing:
    return made._replace(modified=changed, warnings=(*made.warnings, *changed.warnings))
