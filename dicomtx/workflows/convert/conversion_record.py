"""Collects the facts about a conversion while it runs, and builds the outcome from them."""

import time
from collections.abc import Callable

from dicomtx.codecs.codec import Attempt
from dicomtx.codecs.registry import Codecs
from dicomtx.engine.planning.plan import Keep, Plan
from dicomtx.errors import DicomtxError, LeftOutError, PolicyError, UnsupportedError
from dicomtx.limits import in_force
from dicomtx.quality_figures import Quality
from dicomtx.workflows.convert.request import Outcome, Request, Status

Progress = Callable[[int, int], None]
Allow = Callable[[int], None]


class Run:
    """The facts about one conversion so far, for the outcome."""

    plan: Plan | None = None
    rule: str = ""
    reason: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    source_syntax: str = ""
    sop_instance_uid: str = ""
    modality: str = ""
    decoder: str = ""
    encoder: str = ""
    verification: str = "none"
    frames: int = 0
    frames_verified: int = 0
    quality: Quality | None = None
    new_uid: str = ""
    attempts: tuple[Attempt, ...] = ()
    told: int = (
        0  # number of warnings about the source and the plan; later ones are about the result
    )

    def __init__(
        self,
        request: Request,
        codecs: Codecs,
        progress: Progress | None = None,
        allow: Allow | None = None,
    ) -> None:
        """Starts with the request only; see ``convert`` for the arguments."""
        self.request = request
        self.codecs = codecs
        self.progress = progress
        self.allow = allow
        self.warnings: list[str] = []


def outcome(run: Run, started: float, error: DicomtxError | None) -> Outcome:
    """Returns the outcome of a run; ``started`` is its start by ``time.perf_counter``."""
    request, made = run.request, run.plan
    modified = made.modified if made else None
    left_out = isinstance(error, LeftOutError)
    status, reason = _status(run, error)
    error = None if left_out else error
    written = not error and not left_out
    return Outcome(
        path=request.source.name,
        destination=request.destination,
        status=status,
        action=made.action.value if made else "",
        source_syntax=run.source_syntax,
        target_syntax=made.target.uid if made and written else "",
        sop_instance_uid=run.sop_instance_uid,
        new_sop_instance_uid=run.new_uid or None if written else None,
        decoder=run.decoder,
        encoder=run.encoder,
        attempts=run.attempts,
        bytes_in=run.bytes_in,
        bytes_out=run.bytes_out if written else 0,
        seconds=round(time.perf_counter() - started, 6),
        verification=run.verification if written and not _salvaged(run) else "none",
        frames=run.frames if written else 0,
        frames_verified=run.frames_verified if written and not _salvaged(run) else 0,
        quality=run.quality if written else None,
        warnings=in_force().shown((reason, *run.warnings) if reason else run.warnings),
        messages=tuple(run.codecs.printed()),
        error=str(error) if error else "",
        error_class=type(error).__name__ if error else "",
        exit_code=int(error.exit_code) if error else 0,
        modality=run.modality,
        rule=run.rule,
        modified=modified.names if modified and written else (),
        new_uids=modified.uids if modified and written else (),
    )


def _status(run: Run, error: DicomtxError | None) -> tuple[Status, str]:
    """Returns the status, and the reason if the file is kept or skipped."""
    if isinstance(error, LeftOutError):
        return "skipped", str(error)
    if error:
        return "refused" if isinstance(error, UnsupportedError | PolicyError) else "failed", ""
    if isinstance(run.plan, Keep):
        return "kept", run.plan.reason
    return "kept" if run.reason else "done", run.reason


def _salvaged(run: Run) -> bool:
    """Whether data is missing in the output; then it is never reported as verified."""
    return any(warning.startswith("salvaged") for warning in run.warnings)
