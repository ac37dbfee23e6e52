"""A worker process, which a ``ForkServer`` starts.

It converts the files requested on a pipe until its parent is gone. Messages are those of
``processes.framing``: a pickled head and no body. It asks before it uses much memory.
"""

import os
import pickle
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Final, NoReturn

from dicomtx.codecs.registry import Codecs
from dicomtx.deferred_signals import after_imports
from dicomtx.errors import DicomtxError, ExitCode
from dicomtx.limits import enforce
from dicomtx.processes.framing import receive, send
from dicomtx.resources import keep_freed_memory, return_freed_memory
from dicomtx.storage.local_file import LocalFile
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.convert.best_of import smallest
from dicomtx.workflows.convert.conversion_record import Allow
from dicomtx.workflows.convert.outcomes import failed, recognizable
from dicomtx.workflows.convert.request import Outcome, Request

EMPTY: Final = memoryview(b"")


def run(questions: int, answers: int) -> None:
    """Converts files until the parent closes the pipe.

    Args:
        questions: the descriptor of the requests.
        answers: the descriptor of the outcomes.
    """
    signal.signal(signal.SIGTERM, after_imports(_terminate))
    keep_freed_memory()
    granted = False

    def allow(memory: int) -> None:
        nonlocal granted
        send(answers, pickle.dumps(memory), EMPTY)
        receive(questions)
        granted = True

    codecs: dict[tuple[object, ...], Codecs] = {}
    try:
        while True:
            head, _ = receive(questions)
            request, allowance = pickle.loads(head)  # noqa: S301 - our parent's own
            enforce(request.settings.limits)
            outcome = outcome_of(request, codecs, allow, allowance)
            if granted:  # the next file has only its share again
                return_freed_memory()
                granted = False
            send(answers, pickle.dumps(outcome, 5), EMPTY)
    except (EOFError, BrokenPipeError):
        pass
    finally:
        for kept in codecs.values():
            kept.close()


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(ExitCode.TERMINATED)


def outcome_of(
    request: Request, codecs: dict[tuple[object, ...], Codecs], allow: Allow, allowance: int
) -> Outcome:
    """Converts one file and returns its outcome, even after a bug."""

    def ask(memory: int) -> None:
        if allowance and memory > allowance:
            allow(memory)

    try:
        with boundary():
            times = _times(request)
            outcome = smallest(request, _open(request, codecs), ask)
            outcome = _finished(request, outcome, times)
            if request.rules.icon and outcome.status in ("done", "kept"):
                outcome = _with_icon(request, outcome, _open(request, codecs), ask)
    except DicomtxError as error:
        outcome = failed(request, error)
    return outcome


def _with_icon(request: Request, outcome: Outcome, codecs: Codecs, ask: Allow) -> Outcome:
    """Writes the icon; returns the outcome, with a warning if that failed."""
    from dicomtx.workflows.convert.icon import write_icon  # noqa: PLC0415 - seldom needed

    missing = write_icon(request.destination, codecs, ask)
    return outcome._replace(warnings=(*outcome.warnings, missing)) if missing else outcome


def _open(request: Request, codecs: dict[tuple[object, ...], Codecs]) -> Codecs:
    """Returns the open codecs, shared by all files with the same settings."""
    settings = request.settings
    shared = (settings.threads, settings.max_memory)
    key = (settings.codecs, settings.order, settings.frame_timeout, *shared)
    if key not in codecs:
        codecs[key] = Codecs(settings)
    return codecs[key]


def _times(request: Request) -> tuple[int, int] | None:
    """Returns the times of the source if the output should keep them."""
    if request.rules.preserve and isinstance(request.source, LocalFile):
        with suppress(OSError):
            status = os.stat(request.source.path)  # before --in-place overwrites it
            return status.st_atime_ns, status.st_mtime_ns
    return None


def _finished(request: Request, outcome: Outcome, times: tuple[int, int] | None) -> Outcome:
    """Sets the times of the output, and returns the outcome with what a journal needs."""
    if outcome.status not in ("done", "kept"):
        return outcome
    if times:
        with suppress(OSError):
            os.utime(request.destination, ns=times)
    if not request.rules.hashed:
        return outcome
    return recognizable(outcome)
