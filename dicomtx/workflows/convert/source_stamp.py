"""Whether a source is still what it was: others may write, replace or remove it meanwhile."""

import os
from typing import NamedTuple

from dicomtx.errors import SourceError
from dicomtx.storage.source import STANDARD_STREAM, reason
from dicomtx.workflows.convert.request import Request


class Stamp(NamedTuple):
    """What tells a file from what it was before."""

    device: int
    inode: int
    mode: int
    size: int
    mtime_ns: int
    ctime_ns: int


def stamp_of(request: Request) -> Stamp | None:
    """Returns the stamp of the source before it is opened; None for standard input.

    Raises:
        SourceError: it is not what it was when its place was chosen by what is in it.
    """
    stamp = None if request.source == STANDARD_STREAM else _stamp(request.source)
    if stamp and request.listed and (stamp.size, stamp.mtime_ns) != request.listed:
        raise SourceError("has changed since it was looked up; run the command again")
    return stamp


def check_unchanged(request: Request, before: Stamp | None) -> None:
    """Returns if what was read is one file, and the one that is replaced if it is in place.

    Raises:
        SourceError: it is not.
    """
    if before is None:
        return
    now = _stamp(request.source)
    if now == before:
        return
    if request.in_place:
        raise SourceError("was changed, replaced or removed meanwhile: it is left as it is now")
    if now and now[:2] == before[:2]:
        raise SourceError("was changed while it was read")


def _stamp(path: str) -> Stamp | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise SourceError(f"cannot be read: {why}") from error
    return Stamp(
        status.st_dev,
        status.st_ino,
        status.st_mode & 0o7777,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,  # nobody can set it back
    )
