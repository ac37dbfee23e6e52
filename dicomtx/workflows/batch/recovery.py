"""What runs wrote that did not live to note it: in place of a source, or as an output."""

from dicomtx.dicom import tags
from dicomtx.dicom.derivation.references import predecessor
from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.part10 import IMPLEMENTATION_CLASS_UID, open_part10
from dicomtx.errors import DicomtxError
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.source import Source
from dicomtx.transfer_syntaxes import TransferSyntax
from dicomtx.workflows.batch.journal import PLANNED, Journal, Key
from dicomtx.workflows.batch.reviewed_plan import Reviewed
from dicomtx.workflows.convert.request import Outcome, Request
from dicomtx.workflows.workers.worker import hash_of


def noted(book: Journal, request: Request, key: Key) -> bool:
    """Whether a file was replaced so; that is noted now, with the new SOP Instance UID.

    It was planned, it is not what it was then, it was written by dicomtx, in a syntax that could
    come of it: it was put there whole and verified, or not at all.
    """
    entry = book.entry(key.source, key.member)
    if not entry or entry.status != PLANNED or entry.key == key or entry.key.plan != key.plan:
        return False
    try:
        with request.source.open() as file, open_part10(file, whole=False) as part10:
            header, before = read_file_info(part10), predecessor(part10.data_set)
            ours = part10.meta.text(tags.IMPLEMENTATION_CLASS_UID) == IMPLEMENTATION_CLASS_UID
        found = hash_of(request.source.path)
    except DicomtxError:
        return False
    if not (ours and _may_come_of(request, header.syntax)):
        return False
    done = Outcome(
        request.source.name,
        request.destination,
        "done",
        sop_instance_uid=before,
        new_sop_instance_uid=header.sop_instance_uid if before else None,
        output_hash=found,
    )
    book.enter(entry.key, done)
    return True


def is_result(request: Request, path: str) -> bool:
    """Whether a file is a result of the source: the same bytes, or written by dicomtx of it."""
    try:
        with request.source.open() as source, LocalFile(path).open() as file:
            if _same_bytes(source, file):
                return True
            with open_part10(source, whole=False) as before, open_part10(file, whole=False) as now:
                ours = now.meta.text(tags.IMPLEMENTATION_CLASS_UID) == IMPLEMENTATION_CLASS_UID
                was, instance = (
                    before.data_set.text(tags.SOP_INSTANCE_UID),
                    now.data_set.text(tags.SOP_INSTANCE_UID),
                )
                return ours and was in (instance, predecessor(now.data_set) or instance)
    except DicomtxError:
        return False


def _same_bytes(one: Source, other: Source) -> bool:
    if one.size != other.size:
        return False
    both = zip(one.chunks(0, one.size), other.chunks(0, other.size), strict=True)
    return all(a == b for a, b in both)


def _may_come_of(request: Request, syntax: TransferSyntax) -> bool:
    """Whether a file could come to be in this syntax; what a policy wanted is no longer known."""
    targets = (request.target, *request.rules.best_of)
    named = {*(target.name for target in targets), *request.settings.fallback}
    return syntax.name in named or not isinstance(request.policy, Reviewed | None)
