"""Whether a source is still what it was: others may write, replace or remove it meanwhile."""

from dicomtx.errors import SourceError
from dicomtx.storage.local_file import Stat
from dicomtx.workflows.convert.request import Request


def stamp_of(request: Request) -> Stat | None:
    """Returns what is known of the source before it is opened; None if it is missing.

    Raises:
        SourceError: it is not what it was when its place was chosen by what is in it.
    """
    stamp = request.source.stat()
    if stamp and request.listed and (stamp.size, stamp.mtime_ns) != request.listed:
        raise SourceError("has changed since it was looked up; run the command again")
    return stamp


def check_unchanged(request: Request, before: Stat | None) -> None:
    """Returns if what was read is one file, and the one that is replaced if it is in place.

    Raises:
        SourceError: it is not.
    """
    if before is None:
        return
    now = request.source.stat()
    if now == before:
        return
    if request.in_place:
        raise SourceError("was changed, replaced or removed meanwhile: it is left as it is now")
    if now and now.file == before.file:
        raise SourceError("was changed while it was read")
