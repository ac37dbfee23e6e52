"""Plans conversions without writing: reads headers and decides as a conversion would."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.engine.orthanc.policy import OrthancPolicy
from dicomtx.engine.planning.apply_policy import OnFailure, ResolvedPlan, resolve_plan
from dicomtx.engine.planning.plan import (
    Action,
    Passing,
    Plan,
    Refuse,
    alternatives_of,
    codecs_of,
    loses,
    reason_of,
)
from dicomtx.engine.planning.policy import Policy, Subject
from dicomtx.errors import (
    BugError,
    DicomtxError,
    ExitCode,
    NotDicomError,
    SourceError,
    UsageError,
)
from dicomtx.settings import FIELDS, Settings
from dicomtx.storage.location import locate
from dicomtx.storage.source import Source
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.convert.failures import error_of
from dicomtx.workflows.inputs.arguments import Found, Rules, find
from dicomtx.workflows.preview.plan_record import Planned


class Asked(NamedTuple):
    """A request for a dry run.

    Attributes:
        sources: files, folders, archives, DICOMDIRs, or ``-`` for a list.
        policy: the policy to apply.
        settings: the settings, unless the policy overrides them.
        rules: which files to find.
        on_failure: what to do with a file that cannot be transcoded.
        engine: ``dicomtx``, or the Orthanc server to predict.
    """

    sources: tuple[str, ...]
    policy: Policy
    settings: Settings
    rules: Rules = Rules()
    on_failure: OnFailure = "error"
    engine: str = "dicomtx"


def dry_run(asked: Asked) -> Iterator[Planned]:
    """Yields the plan for each file. Files in folders that are not DICOM are left out.

    Raises:
        UsageError: predicting an Orthanc server needs its configuration.
    """
    yield from planned_of(find(asked.sources, asked.rules), asked)


def planned_of(files: Iterator[Found], asked: Asked) -> Iterator[Planned]:
    """Yields the plan for each of these files."""
    if asked.engine != "dicomtx" and not isinstance(asked.policy, OrthancPolicy):
        raise UsageError(f"--engine {asked.engine} needs the configuration: add --orthanc FILE")
    with Codecs(asked.settings) as codecs:
        for found in files:
            if not found.skipped:
                planned = _of_one(found, asked, codecs)
                if planned:
                    yield planned


def _of_one(found: Found, asked: Asked, codecs: Codecs) -> Planned | None:
    """Returns the plan for one file; None if it is not DICOM and was found in a folder."""
    planned = Planned(found.source.name, found.relative)
    if found.error:
        return replace(planned, error=found.error, exit_code=int(ExitCode.SOURCE))
    try:
        with boundary(), found.source.open() as file:
            stat = found.source.stat()
            changed = stat.mtime_ns if stat else 0
            planned = replace(planned, bytes_in=file.size, mtime_ns=changed)
            return _of_file(planned, file, asked, codecs)
    except NotDicomError as error:
        return _unreadable(planned, error) if found.named else None
    except (SourceError, BugError) as error:
        return _unreadable(planned, error)


def _unreadable(planned: Planned, error: DicomtxError) -> Planned:
    code, told = int(error.exit_code), error.lines
    return replace(planned, error=str(error), exit_code=code, warnings=told)


def _of_file(planned: Planned, file: Source, asked: Asked, codecs: Codecs) -> Planned:
    with open_part10(file, whole=False, salvage=asked.settings.salvage) as part10:
        header = read_file_info(part10)
        planned = replace(
            planned,
            source_syntax=header.syntax.uid,
            rule=asked.policy.name,
            warnings=header.warnings,
            modality=header.modality,
            sop_class_uid=header.sop_class_uid,
            sop_instance_uid=header.sop_instance_uid,
        )
        subject = Subject(header, part10.data_set, file.size)
        if asked.engine == "dicomtx" or not isinstance(asked.policy, OrthancPolicy):
            settled = resolve_plan(subject, asked.policy, codecs, asked.settings, asked.on_failure)
            return _by_us(planned, settled, _unverified(settled, asked, codecs))
        return _by_orthanc(planned, subject, asked.policy, asked)


def _by_us(planned: Planned, settled: ResolvedPlan, unverified: tuple[str, ...]) -> Planned:
    """Returns the plan of dicomtx for a file."""
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
        options=_options(settled.settings),
        warnings=(*planned.warnings, *made.warnings, *unverified),
        bytes_out=planned.bytes_in if isinstance(made, Passing) else None,
        exit_code=int(error.exit_code) if error else 0,
        otherwise=alternatives_of(made),
    )


def _by_orthanc(planned: Planned, subject: Subject, policy: OrthancPolicy, asked: Asked) -> Planned:
    """Returns the predicted plan of an Orthanc server."""
    from dicomtx.engine.orthanc.codecs import predicted  # noqa: PLC0415 - rarely needed

    decision = policy.decide(subject)
    made = predicted(subject, decision, policy, asked.engine)
    refused = made.action is Action.REFUSE
    kept = made.action in (Action.COPY, Action.KEEP)
    return replace(
        planned,
        action=made.action.value,
        target_syntax="" if refused else made.target.uid,
        new_sop_instance_uid=made.new_uid,
        decoder=made.decoder,
        encoder=made.encoder,
        reason=made.reason or decision.reason,
        rule=decision.rule or planned.rule,
        options=_options(asked.settings),
        warnings=(*planned.warnings, *made.warnings),
        bytes_out=planned.bytes_in if kept else None,
        exit_code=int(ExitCode.POLICY if refused else ExitCode.DONE),
    )


def _unverified(settled: ResolvedPlan, asked: Asked, codecs: Codecs) -> tuple[str, ...]:
    """Returns a warning if the conversion will fail because no codec can verify it."""
    if asked.engine != "dicomtx" or not settled.settings.verifies.independent:
        return ()
    from dicomtx.engine.decoding.verifiers import foreseen  # noqa: PLC0415 - rarely needed

    why = foreseen(settled.plan, codecs, settled.settings)
    return (f"the conversion will fail (exit code 6): {why}",) if why else ()


def changes_uid(made: Plan, settings: Settings) -> bool:
    """Returns whether a plan assigns a new SOP Instance UID, as lossy plans do by default."""
    return loses(made) and settings.uid != "keep"


def _options(settings: Settings) -> dict[str, object]:
    return {
        name: value for name in FIELDS if (value := getattr(settings, name)) != FIELDS[name].default
    }


def explained(path: str, policy: Policy) -> list[tuple[str, str]]:
    """Returns for each rule why it does or does not match a file.

    Raises:
        SourceError: the file cannot be read, or is not DICOM.
    """
    try:
        with locate(path).open() as file, open_part10(file, whole=False) as part10:
            return policy.explain(Subject(read_file_info(part10), part10.data_set, file.size))
    except SourceError as error:
        raise type(error)(f"{path}: {error}") from error
