"""Decides what to do with one file, and what to do if that fails."""

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import FileInfo
from dicomtx.dicom.part10 import Part10
from dicomtx.engine.planning.apply_policy import ResolvedPlan, kept, resolve_plan
from dicomtx.engine.planning.modified_plan import syntax_kept
from dicomtx.engine.planning.plan import Changing, Keep, Refuse
from dicomtx.engine.planning.policy import Subject
from dicomtx.errors import (
    CodecError,
    DamagedError,
    DicomtxError,
    PolicyError,
    UnsupportedError,
    VerificationError,
)
from dicomtx.workflows.convert.request import Request

FAILURES = (CodecError, DamagedError, UnsupportedError, VerificationError)
"""Errors after which ``--on-failure keep-original`` keeps the file unchanged."""


def decided(request: Request, header: FileInfo, part10: Part10, codecs: Codecs) -> ResolvedPlan:
    """Returns the resolved plan for one file."""
    subject = Subject(header, part10.data_set, part10.file.size)
    return resolve_plan(
        subject,
        request.decider,
        codecs,
        request.settings,
        request.on_failure,
        request.modification,
    )


def error_of(settled: ResolvedPlan, made: Refuse) -> PolicyError | UnsupportedError:
    """Returns the error for a refused file: by the policy, or because it is not supported."""
    if settled.by_policy:
        return PolicyError(f"refused by {settled.rule}: {made.reason}")
    if settled.error:
        return UnsupportedError(settled.error)
    return UnsupportedError(f"cannot convert to {made.target.name}: {made.reason}")


def keep_original(settled: ResolvedPlan, header: FileInfo, error: DicomtxError) -> Keep | Changing:
    """Returns the plan that keeps a file, or its syntax, after its transcoding has failed.

    Raises:
        DicomtxError: the error itself, if the file must not be kept.
    """
    if not settled.keep_original or not isinstance(error, FAILURES):
        raise error
    why = f"could not convert to {settled.plan.target.name}: {error}"
    return kept_instead(settled, header, why)


def kept_instead(settled: ResolvedPlan, header: FileInfo, why: str) -> Keep | Changing:
    """Returns the plan that keeps a file unchanged, or the syntax of a file that is modified."""
    if settled.instead:
        return syntax_kept(settled.instead, why)
    return kept(settled.plan, why, header)
