"""The outcome of a file that failed or was skipped, and the hash of a file that was written."""

import hashlib

from dicomtx.errors import DestinationError, DicomtxError, ExitCode, SourceError
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.outputs import outputs_at
from dicomtx.storage.source import Source
from dicomtx.workflows.convert.request import Outcome, Request


def failure(request: Request, error: str, code: ExitCode, error_class: str = "") -> Outcome:
    """Returns the outcome of a file that failed, with the error on one line."""
    words = " ".join(error.split())
    return Outcome(
        path=request.source.name,
        destination=request.destination,
        status="failed",
        error=words,
        error_class=error_class,
        exit_code=int(code),
    )


def failed(request: Request, error: DicomtxError) -> Outcome:
    """Returns the outcome of a file that failed with this error; a bug has its traceback."""
    outcome = failure(request, str(error), error.exit_code, type(error).__name__)
    return outcome._replace(messages=error.lines)


def skipped(request: Request, why: str) -> Outcome:
    """Returns the outcome of a skipped file."""
    return Outcome(
        path=request.source.name, destination=request.destination, status="skipped", warnings=(why,)
    )


def recognizable(outcome: Outcome) -> Outcome:
    """Returns the outcome of a file that was written, with what the next run recognizes it by.

    Raises:
        DestinationError: the output cannot be read.
    """
    output = outcome.destination
    version = outputs_at(output).version(output)
    if version:
        return outcome._replace(stored=(version.size, version.mtime_ns))
    return outcome._replace(output_hash=hash_of(output))


def hash_of(path: str) -> str:
    """Returns the BLAKE2b of a file, 32 bytes in hexadecimal.

    Raises:
        DestinationError: the file cannot be read.
    """
    try:
        with LocalFile(path).open() as source:
            return content_hash(source)
    except SourceError as error:
        raise DestinationError(f"{path} {error}") from error


def content_hash(source: Source) -> str:
    """Returns the BLAKE2b of an open file, 32 bytes in hexadecimal."""
    found = hashlib.blake2b(digest_size=32)
    for data in source.chunks(0, source.size):
        found.update(data)
    return found.hexdigest()
