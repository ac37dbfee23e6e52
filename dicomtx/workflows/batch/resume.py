"""Decides whether to convert a file, or whether the journal already has its outcome."""

from typing import Final, NamedTuple

from dicomtx.errors import DicomtxError, ExitCode, SourceError
from dicomtx.storage.local_file import Stat
from dicomtx.storage.location import Location
from dicomtx.storage.outputs import LOCAL, Outputs
from dicomtx.workflows.batch.journal import REFERENCES, Journal
from dicomtx.workflows.batch.journal_entry import PLANNED, WRITTEN, JournalEntry, Key
from dicomtx.workflows.convert.outcomes import failed, failure, hash_of, skipped
from dicomtx.workflows.convert.request import Outcome, Request

FAILED_BEFORE: Final = " (failed earlier; use --retry-failed)"
REFUSED_BEFORE: Final = " (refused earlier)"
OTHERWISE: Final = "done in an earlier run with other options"


class Choice(NamedTuple):
    """What to do about existing outputs and earlier failures.

    Attributes:
        overwrite: overwrite files that dicomtx did not write.
        skip_existing: leave them unchanged, without a failure.
        retry_failed: retry files that failed in an earlier run.
        keep_finished: leave files that an earlier run finished with other options.
    """

    overwrite: bool = False
    skip_existing: bool = False
    retry_failed: bool = False
    keep_finished: bool = False


def chosen(
    choice: Choice, book: Journal, request: Request, digest: str
) -> tuple[Request, Key, Outcome | None]:
    """Returns the request, the key of its source, and the outcome if it is already known."""
    try:
        stat = _stat(request.source)
    except SourceError as error:
        return request, Key.of(request.source, Stat(), digest), failed(request, error)
    key = Key.of(request.source, stat, digest)
    entry = book.entry(key.source, key.member)
    outcome = _known(choice, book, request, key, entry) if entry else None
    if outcome:
        return request, key, outcome
    if request.in_place:
        return request._replace(overwrite=True), key, None
    overwrite = choice.overwrite
    if not overwrite and book.place.exists(request.destination):
        stranger = _stranger(book, request, key, entry)
        if stranger:
            return request, key, _taken(choice, request, stranger)
        overwrite = True
    return request._replace(overwrite=overwrite), key, None


def _known(
    choice: Choice, book: Journal, request: Request, key: Key, entry: JournalEntry
) -> Outcome | None:
    """Returns the recorded outcome of a file; None if the file must be converted."""
    if entry.status == PLANNED:
        return None
    same = entry.key.plan == key.plan
    outcome = _as_before(choice, book, request, key._replace(plan=entry.key.plan), entry)
    if same or not outcome or entry.status not in WRITTEN:
        return outcome if same else None
    book.earlier.count(entry.key.plan, kept=choice.keep_finished)
    return skipped(request, OTHERWISE) if choice.keep_finished else None


def _stat(source: Location) -> Stat:
    stat = source.stat()
    if stat is None:
        raise SourceError("cannot be read: no such file")
    return stat


def _stranger(book: Journal, request: Request, key: Key, entry: JournalEntry | None) -> str:
    """Returns why the existing output may not be overwritten; empty if it is from this source.

    The journal must claim the file for this source. The file must also have the recorded content,
    or be a result of this source if a run was killed before recording it.
    """
    place = book.place.absolute(request.destination)
    writer = book.wrote(place)
    if writer is None:
        return "already exists"
    if writer != (key.source, key.member):
        name = "/".join(filter(None, writer))
        return f"already exists: an earlier run wrote it for {name}"
    if entry and entry.output_size and entry.output == place:
        if _has_content(book.place, place, entry):
            return ""
        if entry.status in WRITTEN and not book.is_pending(REFERENCES):
            return "was changed since it was written"
    from dicomtx.workflows.batch.recovery import is_result  # noqa: PLC0415 - seldom needed

    return (
        ""
        if is_result(request, book.place.located(place))
        else "already exists, and is not a result of this source"
    )


def _has_content(outputs: Outputs, output: str, entry: JournalEntry) -> bool:
    """Whether an output has the recorded content; the time of modification is not enough."""
    if not entry.output_hash:  # in a store, whose versions are enough
        return output_is_unchanged(output, entry, outputs)
    try:
        stat = outputs.stat(output, follow=False)
        if not stat or stat.size != entry.output_size:
            return False
        return hash_of(output) == entry.output_hash
    except DicomtxError:
        return False


def _taken(choice: Choice, request: Request, why: str) -> Outcome:
    """Returns the outcome if another file exists at the path of the output."""
    if choice.skip_existing:
        return skipped(request, f"{request.destination} already exists")
    error = f"{request.destination} {why}; use --overwrite to replace it"
    return failure(request, error, ExitCode.DESTINATION, "DestinationError")


def _as_before(
    choice: Choice, book: Journal, request: Request, key: Key, entry: JournalEntry
) -> Outcome | None:
    """Returns the recorded outcome of a file; None if the file must be converted again."""
    if entry.status in WRITTEN:
        done = (
            output_is_unchanged(key.source, entry)
            if request.in_place
            else _is_there(book.place, request, key, entry)
        )
        return skipped(request, f"{entry.status} in an earlier run") if done else None
    rewritten = (
        request.in_place and entry.output_size > 0 and output_is_unchanged(key.source, entry)
    )
    if entry.status == "skipped" and (entry.key == key or rewritten):  # its references, in place
        return skipped(request, entry.error or "skipped in an earlier run")
    if entry.key != key or (entry.status == "failed" and choice.retry_failed):
        return None
    refused = entry.status == "refused"
    error = entry.error + (REFUSED_BEFORE if refused else FAILED_BEFORE)
    outcome = failure(request, error, ExitCode(entry.exit_code), "")
    return outcome._replace(status="refused") if refused else outcome


def _is_there(outputs: Outputs, request: Request, key: Key, entry: JournalEntry) -> bool:
    """Whether the source is unchanged, and its output is still there."""
    if entry.key != key or entry.output != outputs.absolute(request.destination):
        return False
    return output_is_unchanged(entry.output, entry, outputs)


def output_is_unchanged(output: str, entry: JournalEntry, outputs: Outputs = LOCAL) -> bool:
    """Whether the recorded output is there; reads it only if its time of modification changed."""
    try:
        stat = outputs.stat(output)
        if not stat or stat.size != entry.output_size:
            return False
        if stat.mtime_ns == entry.output_mtime_ns:
            return True
        return bool(entry.output_hash) and hash_of(output) == entry.output_hash
    except DicomtxError:
        return False
