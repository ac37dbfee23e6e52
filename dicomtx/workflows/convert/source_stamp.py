"""Detects sources that another program changes, replaces or removes during a conversion."""

from dicomtx.errors import SourceError
from dicomtx.storage.local_file import Stat
from dicomtx.workflows.convert.request import Request


def stamp_of(request: Request) -> Stat | None:
    """Returns the stamp of the source before it is opened; None if it is missing.

    Raises:
        SourceError: it has changed since its destination was chosen.
    """
    stamp = request.source.stat()
    if stamp and request.listed and (stamp.size, stamp.mtime_ns) != request.listed:
        raise SourceError("has changed since it was looked up; run the command again")
    return stamp


def check_unchanged(request: Request, before: Stat | None) -> None:
    """Checks that the source has not changed since ``before``.

    Raises:
        SourceError: it has changed, or in place was replaced or removed.
    """
    if before is None:
        return
    now = request.source.stat()
    if now == before:
        return
    if request.in_place:
        raise SourceError("changed, replaced or removed during the conversion; left unchanged")
    if now and now.file == before.file:
        raise SourceError("changed while it was read")
