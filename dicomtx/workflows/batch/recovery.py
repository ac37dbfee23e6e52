"""Recognizes results of a run that was killed before it recorded them."""

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.derivation.references import predecessor
from dicomtx.dicom.derivation.uids import new_uid
from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.modification.original_attributes import old_uids
from dicomtx.dicom.part10 import open_part10
from dicomtx.engine.planning.policy import RuleBook
from dicomtx.errors import DicomtxError
from dicomtx.storage.location import Location
from dicomtx.storage.outputs import outputs_at
from dicomtx.storage.source import Source
from dicomtx.transfer_syntaxes import TransferSyntax
from dicomtx.version import IMPLEMENTATION_CLASS_UID
from dicomtx.workflows.batch.journal import REFERENCES, Journal
from dicomtx.workflows.batch.journal_entry import PLANNED, WRITTEN, Key
from dicomtx.workflows.batch.reviewed_plan import Reviewed
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.convert.outcomes import hash_of
from dicomtx.workflows.convert.request import Outcome, Request


def noted(book: Journal, request: Request, key: Key) -> bool:
    """Whether an earlier run overwrote a file and was killed before it recorded that.

    If so, records it now. The file was planned, and has changed since. A run with other options
    records the new SOP Instance UID only. While references are updated, the journal can be ahead:
    it has the content that a file was about to get.
    """
    entry = book.entry(key.source, key.member)
    if not entry or entry.key == key._replace(plan=entry.key.plan):
        return False
    ahead = entry.status in WRITTEN and book.is_pending(REFERENCES)
    if entry.status != PLANNED and not ahead:
        return False
    done = _replaced(request)
    if done and entry.key.plan == key.plan:
        book.enter(entry.key, done)
        return True
    if done:
        book.uids.add(done)
    return False


def after_death(request: Request, key: Key) -> Request | Outcome:
    """Returns what to do about a file whose process died after it may have written the result.

    Returns an outcome if the source was overwritten with a result, otherwise a request to retry.
    """
    try:
        with boundary():
            if not request.in_place:
                outputs, there = outputs_at(request.destination), request.destination
                again = bool(outputs.stat(there)) and is_result(request, outputs.located(there))
                return request._replace(overwrite=request.overwrite or again)
            now = request.source.stat()
            changed = now and (now.size, now.mtime_ns) != (key.size, key.mtime_ns)
            return (changed and _replaced(request)) or request
    except DicomtxError:
        return request


def _replaced(request: Request) -> Outcome | None:
    """Returns the outcome of a source that was overwritten with its result; otherwise None.

    dicomtx wrote the file, in a syntax that the request can lead to. Such a file is complete and
    verified, because dicomtx writes it completely or not at all.
    """
    try:
        with request.source.open() as file, open_part10(file, whole=False) as part10:
            header, uids = read_file_info(part10), _replaced_uids(request, part10.data_set)
            older = next((old for old, new in uids if new == header.sop_instance_uid), "")
            before = older or predecessor(part10.data_set)
            ours = part10.meta.text(tags.IMPLEMENTATION_CLASS_UID) == IMPLEMENTATION_CLASS_UID
        found = hash_of(request.source.path)
    except DicomtxError:
        return None
    if not (ours and _may_come_of(request, header.syntax)):
        return None
    if not uids and request.modification and request.modification.level:
        return None
    return Outcome(
        path=request.source.name,
        destination=request.destination,
        status="done",
        target_syntax=header.syntax.uid,
        sop_instance_uid=before or header.sop_instance_uid,
        new_sop_instance_uid=header.sop_instance_uid if before else None,
        new_uids=uids,
        output_hash=found,
        warnings=("done by a process that was killed",),
    )


def is_result(request: Request, output: Location) -> bool:
    """Whether an output is a result of the source: a copy, or written by dicomtx from it."""
    try:
        with request.source.open() as source, output.open() as file:
            if _same_bytes(source, file):
                return True
            with open_part10(source, whole=False) as before, open_part10(file, whole=False) as now:
                ours = now.meta.text(tags.IMPLEMENTATION_CLASS_UID) == IMPLEMENTATION_CLASS_UID
                was, instance = (
                    before.data_set.text(tags.SOP_INSTANCE_UID),
                    now.data_set.text(tags.SOP_INSTANCE_UID),
                )
                older = old_uids(now.data_set).get(tags.SOP_INSTANCE_UID, instance)
                return ours and was in (instance, older, predecessor(now.data_set) or instance)
    except DicomtxError:
        return False


def _seeds(request: Request) -> tuple[str, ...]:
    """Returns what new UIDs of the result may depend on; empty if it keeps its UIDs."""
    asked = request.modification
    own = (asked.seed,) if asked and asked.level else ()
    return (*own, *(request.policy.seeds if isinstance(request.policy, RuleBook) else ()))


def _replaced_uids(request: Request, data_set: DataSet) -> tuple[tuple[str, str], ...]:
    """Returns the old and new UIDs of a file that this request has modified; otherwise none.

    The new UIDs of ``modify`` depend on a secret of the journal, so no other run made them.
    """
    seeds = _seeds(request)
    old = old_uids(data_set) if seeds else {}
    pairs = tuple((uid, data_set.text(tag)) for tag, uid in old.items())
    made = (new_uid("derived", uid, seed.encode()) == new for seed in seeds for uid, new in pairs)
    return pairs if any(made) else ()


def _same_bytes(one: Source, other: Source) -> bool:
    if one.size != other.size:
        return False
    both = zip(one.chunks(0, one.size), other.chunks(0, other.size), strict=True)
    return all(a == b for a, b in both)


def _may_come_of(request: Request, syntax: TransferSyntax) -> bool:
    """Whether the request can lead to this syntax; a policy can lead to any."""
    targets = (request.target, *request.rules.best_of)
    named = {*(target.name for target in targets), *request.settings.fallback}
    return syntax.name in named or not isinstance(request.policy, Reviewed | None)
