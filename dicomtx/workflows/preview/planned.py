"""Fills in the plan of one file, step by step: its header, then the plan or the error."""

from dataclasses import replace

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import FileInfo
from dicomtx.engine.planning.apply_policy import ResolvedPlan
from dicomtx.engine.planning.plan import (
    Passing,
    Plan,
    Refuse,
    alternatives_of,
    codecs_of,
    loses,
    reason_of,
)
from dicomtx.errors import DicomtxError
from dicomtx.settings import FIELDS, Settings
from dicomtx.workflows.convert.failures import error_of
from dicomtx.workflows.preview.plan_record import Planned


def with_header(planned: Planned, header: FileInfo) -> Planned:
    """Adds the facts in the header of the file."""
    return replace(
        planned,
        source_syntax=header.syntax.uid,
        warnings=header.warnings,
        modality=header.modality,
        sop_class_uid=header.sop_class_uid,
        sop_instance_uid=header.sop_instance_uid,
    )


def with_plan(planned: Planned, settled: ResolvedPlan, codecs: Codecs) -> Planned:
    """Adds what dicomtx would do with the file."""
    made = settled.plan
    decoder, encoder = codecs_of(made)
    error = error_of(settled, made) if isinstance(made, Refuse) else None
    return replace(
        planned,
        action=made.action.value,
        target_syntax="" if error else made.target.uid,
        new_sop_instance_uid=changes_uid(made, settled.settings),
        lossy=loses(made),
        decoder=decoder,
        encoder=encoder,
        reason=reason_of(made) or settled.reason,
        rule=settled.rule or planned.rule,
        options=changed_options(settled.settings),
        error=str(error or ""),
        warnings=(*planned.warnings, *made.warnings, *_cautions(settled, codecs)),
        bytes_out=planned.bytes_in if isinstance(made, Passing) else None,
        exit_code=int(error.exit_code) if error else 0,
        otherwise=(*alternatives_of(made), *_unless_smaller(made, settled.settings)),
        modified=made.modified.names if made.modified else (),
    )


def _unless_smaller(made: Plan, settings: Settings) -> tuple[str, ...]:
    """Returns what ``--only-if-smaller`` does instead."""
    wanted = settings.only_if_smaller
    if wanted is False or isinstance(made, Passing | Refuse):
        return ()
    if made.modified:
        return ("modified, but not converted, if the result is not smaller",)
    by = "" if wanted is True else f" by {wanted:g} %"
    return (f"copied unchanged if the result is not smaller{by}",)


def with_error(planned: Planned, error: DicomtxError) -> Planned:
    """Adds why the file cannot be converted."""
    code, told = int(error.exit_code), error.lines
    return replace(planned, error=str(error), exit_code=code, warnings=told)


def changes_uid(made: Plan, settings: Settings) -> bool:
    """Returns whether a plan assigns a new SOP Instance UID, as lossy plans do by default."""
    new = made.modified and made.modified.sop_instance_uid
    return bool(new) or (loses(made) and settings.uid != "keep")


def changed_options(settings: Settings) -> dict[str, object]:
    """Returns the settings that are not the defaults."""
    return {
        name: value for name in FIELDS if (value := getattr(settings, name)) != FIELDS[name].default
    }


def unverified(settled: ResolvedPlan, codecs: Codecs) -> str:
    """Returns why no codec can verify the conversion; empty if one can, or need not."""
    if not settled.settings.verifies.independent:
        return ""
    from dicomtx.engine.decoding.verifiers import foreseen  # noqa: PLC0415 - rarely needed

    return foreseen(settled.plan, codecs, settled.settings)


def _cautions(settled: ResolvedPlan, codecs: Codecs) -> tuple[str, ...]:
    """Returns a warning if the conversion will fail because no codec can verify it."""
    why = unverified(settled, codecs)
    return (f"the conversion will fail (exit code 6): {why}",) if why else ()
