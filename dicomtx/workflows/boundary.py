"""The boundary around the work on one file: a fault in it fails that file, and no other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from dicomtx.errors import BugError, DicomtxError

TRACEBACK: Final = "traceback: "
"""What the lines of a traceback begin with among other messages."""


@contextmanager
def boundary() -> Iterator[None]:
    """Turns any other exception into a ``BugError``, which the caller reports for the file.

    Put it around work that reads one file and changes nothing else: an exception that leaves half
    of an archive behind must end the run.

    Raises:
        DicomtxError: what went wrong.
    """
    try:
        yield
    except DicomtxError:
        raise
    except Exception as error:
        raise bug(error) from error


def bug(error: Exception) -> BugError:
    """Returns a fault of dicomtx as an error in one line, with its traceback."""
    import traceback  # noqa: PLC0415 - only bugs need it

    where = traceback.extract_tb(error.__traceback__)[-1]
    told = f"{type(error).__name__}: {error}".strip()
    lines = "".join(traceback.format_exception(error)).splitlines()
    return BugError(
        f"this is a bug in dicomtx: {told} (line {where.lineno} of {where.name})",
        tuple(f"{TRACEBACK}{line}" for line in lines if line.strip()),
    )
