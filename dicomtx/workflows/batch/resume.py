"""Whether a file is to be worked on, or what comes of it is known: by the journal and by stat."""

import os
from typing import Final, NamedTuple

from dicomtx.errors import DicomtxError, ExitCode, SourceError
from dicomtx.storage.local_file import Stat
from dicomtx.storage.location import Location
from dicomtx.workflows.batch.journal import PLANNED, REFERENCES, WRITTEN, Entry, Journal, Key
from dicomtx.workflows.convert.outcomes import failed, failure, hash_of
from dicomtx.workflows.convert.request import Outcome, Request

AGAIN: Final = " (so it was before; not tried again)"


class Choice(NamedTuple):
    """What is done with what is there already.

    Attributes:
        overwrite: files of others at the place of an output are replaced.
        skip_existing: they are left alone, and no failure.
        retry_failed: what failed before is tried again.
    """

    overwrite: bool = False
    skip_existing: bool = False
    retry_failed: bool = False


def chosen(
    choice: Choice, book: Journal, request: Request, digest: str
) -> tuple[Request, Key, Outcome | None]:
    """Returns the request, the key of its source, and the outcome if it is known already."""
    try:
        stat = _stat(request.source)
    except SourceError as error:
        return request, Key.of(request.source, Stat(), digest), failed(request, error)
    key = Key.of(request.source, stat, digest)
    entry = book.entry(key.source, key.member)
    if entry and entry.key.plan == digest and entry.status != PLANNED:
        outcome = _as_before(choice, request, key, entry)
        if outcome:
            return request, key, outcome
    if request.in_place:
        return request._replace(overwrite=True), key, None
    overwrite = choice.overwrite
    if os.path.lexists(request.destination) and not overwrite:
        stranger = _stranger(book, request, key, entry)
        if stranger:
            return request, key, _taken(choice, request, stranger)
        overwrite = True
    return request._replace(overwrite=overwrite), key, None


def _stat(source: Location) -> Stat:
    stat = source.stat()
    if stat is None:
        raise SourceError("cannot be read: no such file")
    return stat


def _stranger(book: Journal, request: Request, key: Key, entry: Entry | None) -> str:
    """Returns what is to be said of the file at the output's place; empty if it is this source's.

    The journal must say so, and the file must bear it out: it has the content that was noted, or,
    if a run did not live to note it, is a result of this source.
    """
    place = os.path.abspath(request.destination)
    writer = book.wrote(place)
    if writer is None:
        return "exists already"
    if writer != (key.source, key.member):
        name = "/".join(filter(None, writer))
        return f"exists already: an earlier run wrote it for {name}"
    if entry and entry.status in WRITTEN and entry.output == place:
        if _has_content(place, entry):
            return ""
        if not book.is_pending(REFERENCES):
            return "was changed since it was written"
    from dicomtx.workflows.batch.recovery import is_result  # noqa: PLC0415 - seldom needed

    return "" if is_result(request, place) else "exists already, and is not a result of this source"


def _has_content(path: str, entry: Entry) -> bool:
    """Whether a file has the content that was noted; its time proves nothing."""
    try:
        return os.lstat(path).st_size == entry.output_size and hash_of(path) == entry.output_hash
    except (OSError, DicomtxError):
        return False


def _taken(choice: Choice, request: Request, why: str) -> Outcome:
    """Returns the outcome where somebody else's file is at the place of the output."""
    if choice.skip_existing:
        return skipped(request, f"{request.destination} is there already")
    error = f"{request.destination} {why}; use --overwrite to replace it"
    return failure(request, error, ExitCode.DESTINATION, "DestinationError")


def _as_before(choice: Choice, request: Request, key: Key, entry: Entry) -> Outcome | None:
    """Returns the outcome of a file that need not be looked at again, None if it must be."""
    if entry.status in WRITTEN:
        done = _stands(key.source, entry) if request.in_place else _is_there(request, key, entry)
        return skipped(request, f"{entry.status} before, by the journal") if done else None
    rewritten = request.in_place and entry.output_size > 0 and _stands(key.source, entry)
    if entry.status == "skipped" and (entry.key == key or rewritten):  # its references, in place
        return skipped(request, "skipped before, by the journal")
    if entry.key != key or (entry.status == "failed" and choice.retry_failed):
        return None
    told = failure(request, entry.error + AGAIN, ExitCode(entry.exit_code), "")
    return told._replace(status="refused") if entry.status == "refused" else told


def _is_there(request: Request, key: Key, entry: Entry) -> bool:
    """Whether the source is as it was, and the output still stands where it belongs."""
    if entry.key != key or entry.output != os.path.abspath(request.destination):
        return False
    return _stands(entry.output, entry)


def _stands(path: str, entry: Entry) -> bool:
    """Whether what was written is there; read only if its time has changed."""
    try:
        status = os.stat(path)
        if status.st_size != entry.output_size:
            return False
        return status.st_mtime_ns == entry.output_mtime_ns or hash_of(path) == entry.output_hash
    except (OSError, DicomtxError):
        return False


def skipped(request: Request, why: str) -> Outcome:
    """Returns the outcome of a file that is left out."""
    return Outcome(
        path=request.source.name, destination=request.destination, status="skipped", warnings=(why,)
    )
