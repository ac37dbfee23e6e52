"""Contains unexpected errors, so that a bug fails one file and not the whole run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from dicomtx.errors import BugError, DicomtxError

TRACEBACK: Final = "traceback: "
"""Prefix that marks lines of a traceback among other messages."""


@contextmanager
def boundary() -> Iterator[None]:
    """Turns unexpected exceptions into a ``BugError``, which the caller reports for the file.

    Use it only around work that reads one file and changes nothing else. An exception that leaves
    half an archive behind must end the run.

    Raises:
        DicomtxError: the error of the block, or a ``BugError``.
    """
    try:
        yield
    except DicomtxError:
        raise
    except Exception as error:
        raise bug(error) from error


def bug(error: Exception) -> BugError:
    """Returns the error for a bug in dicomtx: one line, with the traceback attached."""
    import traceback  # noqa: PLC0415 - only bugs need it

    where = traceback.extract_tb(error.__traceback__)[-1]
    told = f"{type(error).__name__}: {error}".strip()
    lines = "".join(traceback.format_exception(error)).splitlines()
    return BugError(
        f"this is a bug in dicomtx: {told} (line {where.lineno} of {where.name})",
        tuple(f"{TRACEBACK}{line}" for line in lines if line.strip()),
    )
