"""Plans conversions without writing: reads headers and decides as a conversion would."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.engine.orthanc.policy import OrthancPolicy
from dicomtx.engine.planning.apply_policy import resolve_plan
from dicomtx.engine.planning.plan import Action
from dicomtx.engine.planning.policy import OnFailure, Policy, Subject
from dicomtx.errors import BugError, ExitCode, NotDicomError, SourceError, UsageError
from dicomtx.settings import Settings
from dicomtx.storage.location import locate
from dicomtx.storage.source import Source
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.inputs.arguments import Found, Selection, find
from dicomtx.workflows.preview.plan_record import Planned
from dicomtx.workflows.preview.planned import changed_options, with_error, with_header, with_plan


def ignore(_path: str) -> None:
    """Ignores a file that is left out."""


class Asked(NamedTuple):
    """A request for a dry run.

    Attributes:
        sources: files, folders, archives, DICOMDIRs, or ``-`` for a list.
        policy: the policy to apply.
        settings: the settings, unless the policy overrides them.
        rules: which files to find.
        on_failure: what to do with a file that cannot be transcoded.
        engine: ``dicomtx``, or the Orthanc server to predict.
        left_out: gets the path of each file in a folder that is not DICOM.
    """

    sources: tuple[str, ...]
    policy: Policy
    settings: Settings
    rules: Selection = Selection()
    on_failure: OnFailure = "error"
    engine: str = "dicomtx"
    left_out: Callable[[str], None] = ignore


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
        if found.named:
            return with_error(planned, error)
        asked.left_out(found.source.name)
        return None
    except (SourceError, BugError) as error:
        return with_error(planned, error)


def _of_file(planned: Planned, file: Source, asked: Asked, codecs: Codecs) -> Planned:
    with open_part10(file, whole=False, salvage=asked.settings.salvage) as part10:
        header = read_file_info(part10)
        planned = replace(with_header(planned, header), rule=asked.policy.name)
        subject = Subject(header, part10.data_set, file.size)
        if asked.engine == "dicomtx" or not isinstance(asked.policy, OrthancPolicy):
            settled = resolve_plan(subject, asked.policy, codecs, asked.settings, asked.on_failure)
            return with_plan(planned, settled, codecs)
        return _by_orthanc(planned, subject, asked.policy, asked)


def _by_orthanc(planned: Planned, subject: Subject, policy: OrthancPolicy, asked: Asked) -> Planned:
    """Returns the predicted plan of an Orthanc server."""
    from dicomtx.engine.orthanc.codecs import predicted  # noqa: PLC0415 - rarely needed

    decision = policy.decide(subject)
    made = predicted(subject, decision, policy, asked.engine)
    refused = made.action is Action.REFUSE
    kept = made.action in (Action.COPY, Action.KEEP)
    rule, reason = decision.rule or planned.rule, made.reason or decision.reason
    return replace(
        planned,
        action=made.action.value,
        target_syntax="" if refused else made.target.uid,
        new_sop_instance_uid=made.new_uid,
        decoder=made.decoder,
        encoder=made.encoder,
        reason=reason,
        rule=rule,
        error=f"refused by {rule}: {reason}" if refused else "",
        options=changed_options(asked.settings),
        warnings=(*planned.warnings, *made.warnings),
        bytes_out=planned.bytes_in if kept else None,
        exit_code=int(ExitCode.POLICY if refused else ExitCode.DONE),
    )


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
