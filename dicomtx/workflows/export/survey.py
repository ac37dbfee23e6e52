"""Surveys the files to export: reads only headers and writes nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.file_set import directory_records
from dicomtx.dicom.inspection import FileInfo, read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.dicom.values import text
from dicomtx.engine.planning.apply_policy import ResolvedPlan, resolve_plan
from dicomtx.engine.planning.plan import Refuse
from dicomtx.engine.planning.policy import OneTarget, OnFailure, Policy, Subject
from dicomtx.errors import (
    DamagedError,
    DicomtxError,
    ExitCode,
    LeftOutError,
    NotDicomError,
)
from dicomtx.settings import Settings
from dicomtx.storage.zip.writer import EARLIEST, Time
from dicomtx.transfer_syntaxes import DEFAULT_TARGET, TransferSyntax
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.convert.failures import error_of
from dicomtx.workflows.convert.request import Outcome, Status
from dicomtx.workflows.export.catalogue import Catalogue, CatalogueEntry
from dicomtx.workflows.export.media_profiles import MediaProfile
from dicomtx.workflows.export.member_names import Place
from dicomtx.workflows.inputs.arguments import Found
from dicomtx.workflows.inputs.layout import Layout

TEXTS: Final = {
    "patient_name": tags.PATIENT_NAME,
    "accession_number": tags.ACCESSION_NUMBER,
    "study_description": tags.STUDY_DESCRIPTION,
    "modality": tags.MODALITY,
    "series_number": tags.SERIES_NUMBER,
    "series_description": tags.SERIES_DESCRIPTION,
    "instance_number": tags.INSTANCE_NUMBER,
    "sop_instance_uid": tags.SOP_INSTANCE_UID,
}
IDENTIFIERS: Final = {
    "patient_id": tags.PATIENT_ID,
    "study_uid": tags.STUDY_INSTANCE_UID,
    "series_uid": tags.SERIES_INSTANCE_UID,
}
"""The identifiers of patient, study and series, read as Orthanc reads them."""
KNOWN: Final = "its SOP Instance UID is already in the File-set"
DATES: Final = (
    (tags.STUDY_DATE, tags.STUDY_TIME),
    (tags.SERIES_DATE, tags.SERIES_TIME),
    (tags.CONTENT_DATE, tags.CONTENT_TIME),
)
"""Dates and times of study, series and content."""


@dataclass(frozen=True, slots=True)
class SurveyRules:
    """The rules that decide about each file before anything is written.

    Attributes:
        target: the target transfer syntax. None keeps each file in its own.
        settings: the settings, unless the policy overrides them.
        layout: the user's layout, or None.
        profile: the application profile to conform to, or None.
        policy: the policy that decides in place of ``target``, or None.
        on_failure: what to do with a file that cannot be transcoded.
        directory: whether to write a DICOMDIR. With ``strict``, no values are generated for it.
    """

    target: TransferSyntax | None
    settings: Settings
    layout: Layout | None = None
    profile: MediaProfile | None = None
    policy: Policy | None = None
    on_failure: OnFailure = "error"
    directory: bool = False

    def target_of(self, header: FileInfo) -> TransferSyntax | None:
        """Returns the target syntax of a file, or its own if nothing else is needed.

        None leaves the decision to the policy.
        """
        profile = self.profile
        if profile and header.pixel_data == "none":
            return DEFAULT_TARGET
        if self.policy:
            return None
        if profile and not self.target:
            return profile.lossless if profile.violation(header.syntax) else header.syntax
        return self.target or header.syntax


def survey(found: Iterable[Found], catalogue: Catalogue, rules: SurveyRules) -> Iterator[Outcome]:
    """Adds files to the catalogue. Yields an outcome for each file that cannot be exported."""
    with Codecs(rules.settings) as codecs:
        for one in found:
            said = one.error or one.skipped
            if said:
                yield _left_out(one, said, ExitCode.SOURCE if one.error else ExitCode.DONE)
                continue
            try:
                with boundary():
                    wrong = _look(one, catalogue, rules, codecs)
            except DamagedError as error:
                yield from _damaged(one, catalogue, rules, error)
            except DicomtxError as error:
                named = one.named or not isinstance(error, NotDicomError)
                outcome = _left_out(one, str(error), error.exit_code if named else ExitCode.DONE)
                yield outcome._replace(messages=error.lines)
            else:
                if wrong:
                    yield _left_out(one, wrong, ExitCode.UNSUPPORTED)


def _damaged(
    found: Found, catalogue: Catalogue, rules: SurveyRules, error: DamagedError
) -> Iterator[Outcome]:
    """Adds a file with an unreadable header, to be exported unchanged if the rules allow it."""
    if rules.policy:  # the policy could refuse it
        wrong = f"the policy cannot check it: {error}"
        yield _left_out(found, wrong, ExitCode.SOURCE)
        return
    catalogue.add(CatalogueEntry(found, Place(), target=(rules.target or DEFAULT_TARGET).uid))
    if rules.profile:
        wrong = f"violates {rules.profile.name}: the file is damaged"
        yield _left_out(found, wrong, ExitCode.UNSUPPORTED)


def _look(found: Found, catalogue: Catalogue, rules: SurveyRules, codecs: Codecs) -> str:
    """Adds one file to the catalogue. Returns why it cannot be exported, or empty."""
    with found.source.open() as file, open_part10(file, whole=False, salvage=True) as part10:
        data_set = part10.data_set
        header = read_file_info(part10)
        if header.file_set:
            raise NotDicomError(
                "a DICOMDIR: its offsets would be wrong; export media writes a new one"
            )
        if catalogue.knows(header.sop_instance_uid):
            raise LeftOutError(KNOWN)
        subject = Subject(header, data_set, file.size)
        settled = _settled(subject, rules, codecs)
        kind = directory_records.kind(data_set)
        place = Place(
            **{name: text.value(data_set, tag) for name, tag in TEXTS.items()},
            **{name: text.identifier(data_set, tag) for name, tag in IDENTIFIERS.items()},
            prefix=kind.prefix,
            single=kind.single,
            laid_out=rules.layout.place(data_set) if rules.layout else "",
        )
        target = rules.target_of(header)
        wanted = target.uid if target else ""
        entry = CatalogueEntry(found, place, header.syntax.uid, wanted, _time(data_set))
        twin = catalogue.add(entry).twin
        known = bool(header.sop_class_uid and header.sop_instance_uid)
        if rules.profile and not known:
            return f"violates {rules.profile.name}: no SOP Class UID or SOP Instance UID"
        return _violation(settled, rules, twin) or _incomplete(data_set, kind, rules)


def _settled(subject: Subject, rules: SurveyRules, codecs: Codecs) -> ResolvedPlan | None:
    """Returns the plan for a file if a policy or a profile needs it before the export.

    Raises:
        PolicyError: the policy refuses the file.
    """
    policy, target = rules.policy, rules.target_of(subject.header)
    settled = None
    if policy:
        settled = resolve_plan(subject, policy, codecs, rules.settings, rules.on_failure)
        if isinstance(settled.plan, Refuse) and settled.by_policy:
            raise error_of(settled, settled.plan)
    if rules.profile and target:
        settled = resolve_plan(subject, OneTarget(target), codecs, rules.settings)
    return settled


def _violation(settled: ResolvedPlan | None, rules: SurveyRules, twin: str) -> str:
    """Returns how the file would violate the profile; empty if it would not."""
    if not rules.profile or not settled:
        return ""
    made = settled.plan
    if isinstance(made, Refuse):
        return f"violates {rules.profile.name}: cannot convert to {made.target.name}: {made.reason}"
    wrong = rules.profile.violation(made.target)
    if twin:
        wrong = wrong or f"same SOP Instance UID as {twin}; a DICOMDIR can reference only one"
    return f"violates {rules.profile.name}: {wrong}" if wrong else ""


def _incomplete(data_set: DataSet, kind: directory_records.RecordKind, rules: SurveyRules) -> str:
    """Returns an error if ``strict`` is set and the DICOMDIR needs values that are missing."""
    if not (rules.directory and rules.settings.strict):
        return ""
    types = (kind.record,) if kind.single else ("PATIENT", "STUDY", "SERIES", kind.record)
    missing = list(directory_records.Records(data_set).missing(*types))
    return f"values needed for the DICOMDIR are missing: {', '.join(missing)}" if missing else ""


def _time(data_set: DataSet) -> Time:
    """Returns the date and time of the study, or the earliest possible time if unknown."""
    for date_tag, time_tag in DATES:
        date, time = data_set.text(date_tag).replace(".", ""), data_set.text(time_tag)
        if len(date) == 8 and date.isascii() and date.isdigit():
            clock = time.replace(":", "").partition(".")[0][:6].ljust(6, "0")
            if not (clock.isascii() and clock.isdigit()):
                clock = "000000"
            return _valid(date, clock)
    return EARLIEST


def _valid(date: str, clock: str) -> Time:
    year, month, day = int(date[:4]), int(date[4:6]), int(date[6:])
    hour, minute, second = (int(clock[at : at + 2]) for at in (0, 2, 4))
    right = 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61
    return (year, month, day, hour, minute, second) if right else EARLIEST


def _left_out(found: Found, why: str, code: ExitCode) -> Outcome:
    """Returns the outcome of a file that is not in the archive."""
    if code is ExitCode.DONE:
        return Outcome(path=found.source.name, destination="", status="skipped", warnings=(why,))
    refused = code in (ExitCode.UNSUPPORTED, ExitCode.POLICY)
    status: Status = "refused" if refused else "failed"
    return Outcome(
        path=found.source.name, destination="", status=status, error=why, exit_code=int(code)
    )
