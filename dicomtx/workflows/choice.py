"""Whether a file is to be worked on, or what comes of it is known: by the journal and by stat."""

import os
from typing import Final, NamedTuple

from dicomtx.errors import ExitCode
from dicomtx.sources import reason
from dicomtx.workflows.journal import WRITTEN, Entry, Journal, Key
from dicomtx.workflows.request import Outcome, Request
from dicomtx.workflows.worker import failure, hash_of

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
    member = request.member.name if request.member else ""
    try:
        status = os.stat(request.source)
    except OSError as error:
        key = Key(request.source, member, 0, 0, digest)
        told = failure(request, f"cannot be read: {reason(error)}", ExitCode.SOURCE, "SourceError")
        return request, key, told
    key = Key(request.source, member, status.st_size, status.st_mtime_ns, digest)
    entry = book.entry(key.source, key.member)
    if entry and entry.key.plan == digest and entry.status != "planned":
        outcome = _as_before(choice, request, key, entry)
        if outcome:
            return request, key, outcome
    if request.in_place:
        return request._replace(overwrite=True), key, None
    overwrite = choice.overwrite
    if os.path.lexists(request.destination) and not overwrite:
        overwrite = book.wrote(request.destination)
        if not overwrite:
            return request, key, _taken(choice, request)
    return request._replace(overwrite=overwrite), key, None


def _taken(choice: Choice, request: Request) -> Outcome:
    """Returns the outcome where somebody else's file is at the place of the output."""
    if choice.skip_existing:
        return skipped(request, f"{request.destination} is there already")
    error = f"{request.destination} exists already; use --overwrite to replace it"
    return failure(request, error, ExitCode.DESTINATION, "DestinationError")


def _as_before(choice: Choice, request: Request, key: Key, entry: Entry) -> Outcome | None:
    """Returns the outcome of a file that need not be looked at again, None if it must be."""
    if entry.status in WRITTEN:
        done = _is_replaced(key, entry) if request.in_place else _is_there(request, key, entry)
        return skipped(request, f"{entry.status} before, by the journal") if done else None
    if entry.key != key or (entry.status == "failed" and choice.retry_failed):
        return None
    if entry.status == "skipped":
        return skipped(request, "skipped before, by the journal")
    told = failure(request, entry.error + AGAIN, ExitCode(entry.exit_code), "")
    return told._replace(status="refused") if entry.status == "refused" else told


def _is_there(request: Request, key: Key, entry: Entry) -> bool:
    """Whether the source is as it was, and the output still stands where it belongs."""
    if entry.key != key or entry.output != request.destination:
        return False
    try:
        return os.stat(request.destination).st_size == entry.output_size
    except OSError:
        return False


def _is_replaced(key: Key, entry: Entry) -> bool:
    """Whether what stands there is what was written; read only if its time has changed."""
    if key.size != entry.output_size:
        return False
    return key.mtime_ns == entry.output_mtime_ns or hash_of(key.source) == entry.output_hash


def skipped(request: Request, why: str) -> Outcome:
    """Returns the outcome of a file that is left out."""
    return Outcome(request.name, request.destination, "skipped", warnings=(why,))
