"""Previews one conversion: what ``convert`` would do with a request, and why."""

from dataclasses import replace

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.engine.planning.plan import Action, Refuse
from dicomtx.errors import DicomtxError, LeftOutError, NotDicomError, VerificationError
from dicomtx.storage.source import Source
from dicomtx.transfer_syntaxes import by_uid
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.convert.destination import check_destination
from dicomtx.workflows.convert.failures import decided
from dicomtx.workflows.convert.file_rules import check_kind, check_lossy_in_place, check_wanted
from dicomtx.workflows.convert.request import Outcome, Request
from dicomtx.workflows.convert.source_stamp import stamp_of
from dicomtx.workflows.preview.plan_record import SKIP, Planned
from dicomtx.workflows.preview.planned import unverified, with_error, with_header, with_plan


def preview(request: Request, codecs: Codecs) -> Planned:
    """Returns what a conversion would do. Reads headers only, and writes nothing.

    The checks and their order are those of ``convert``. Errors are part of the plan.
    """
    planned = Planned(request.source.name, destination=request.destination)
    try:
        with boundary(), request.source.open() as file:
            stamp = stamp_of(request)
            changed = stamp.mtime_ns if stamp else 0
            planned = replace(planned, bytes_in=file.size, mtime_ns=changed)
            made = _best(planned, request, file, codecs)
            if not made.exit_code:
                check_destination(request)
            return made
    except LeftOutError as error:
        return replace(planned, action=SKIP, reason=str(error))
    except NotDicomError as error:
        return _not_dicom(planned, request, error)
    except DicomtxError as error:
        return with_error(planned, error)


def known(outcome: Outcome) -> Planned:
    """Returns the plan for a file whose outcome is known without a conversion."""
    planned = Planned(outcome.path, destination=outcome.destination, bytes_in=outcome.bytes_in)
    if outcome.status == "skipped":
        return replace(planned, action=SKIP, reason=outcome.warnings[0])
    planned = replace(planned, error=outcome.error, exit_code=outcome.exit_code)
    if outcome.status == "refused":
        return replace(planned, action=Action.REFUSE.value, reason=outcome.error)
    return planned


def _best(planned: Planned, request: Request, file: Source, codecs: Codecs) -> Planned:
    """Returns the plan for the target, or for those of ``--best-of`` that are possible."""
    targets = request.rules.best_of
    if not targets:
        return _of_target(planned, request, file, codecs)
    tried = [_of_target(planned, request._replace(target=t), file, codecs) for t in targets]
    possible = [made for made in tried if not made.exit_code]
    if not possible:
        return tried[0]
    names = dict.fromkeys(by_uid(made.target_syntax).name for made in possible)
    if len(names) == 1:
        return possible[0]
    return replace(possible[0], reason=f"the smallest of {', '.join(names)}")


def _of_target(planned: Planned, request: Request, file: Source, codecs: Codecs) -> Planned:
    """Returns the plan for one target.

    Raises:
        DicomtxError: the file would be skipped, or would fail.
    """
    with open_part10(file, whole=False, salvage=request.settings.salvage) as part10:
        header = read_file_info(part10)
        planned = with_header(planned, header)
        check_kind(header.syntax, request)
        settled = decided(request, header, part10, codecs)
        if not isinstance(settled.plan, Refuse):
            check_wanted(settled.plan, request)
            check_lossy_in_place(settled.plan, request._replace(settings=settled.settings))
        why = "" if settled.keep_original else unverified(settled, codecs)
        if why:
            return with_error(planned, VerificationError(why))
        return with_plan(planned, settled, codecs)


def _not_dicom(planned: Planned, request: Request, error: NotDicomError) -> Planned:
    """Returns the plan for a file that is not DICOM: skip or copy it, or fail."""
    if request.rules.copy_others:
        try:
            check_destination(request)
        except DicomtxError as failure:
            return with_error(planned, failure)
        copied = Action.COPY.value
        return replace(planned, action=copied, reason=str(error), bytes_out=planned.bytes_in)
    if request.rules.skip_others:
        return replace(planned, action=SKIP, reason=str(error))
    return with_error(planned, error)
