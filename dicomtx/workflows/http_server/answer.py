"""The HTTP answer to a conversion."""

import json
import signal
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from dicomtx.errors import ExitCode

MOST_HEADER: Final = 4096
"""Bytes of the Outcome in a header; clients and proxies often allow 8 KiB for all headers."""
STOPPED: Final = (ExitCode.TERMINATED, -signal.SIGTERM, -signal.SIGKILL)
STATUSES: Final[Mapping[int, int]] = {ExitCode.DONE: 204, ExitCode.DESTINATION: 503}


class Answer(NamedTuple):
    """An answer without the converted file.

    Attributes:
        status: the HTTP status; 200 if the converted file follows.
        result: the result for the metrics.
        outcome: the Outcome as ``--json`` prints it; empty if there is none.
        error: why there is no Outcome.
    """

    status: int
    result: str
    outcome: Mapping[str, Any]
    error: str = ""

    @property
    def body(self) -> bytes:
        """The JSON of an error; empty for other answers."""
        if self.status < 400:
            return b""
        return json.dumps(self.outcome or {"error": self.error}).encode() + b"\n"

    @property
    def header(self) -> bytes:
        """The Outcome as one line of ASCII. If it is too long, its longest values are left out."""
        left = dict(self.outcome)
        while len(text := json.dumps(left)) > MOST_HEADER:
            del left[max(left, key=lambda name: len(json.dumps(left[name])))]
        return text.encode("ascii")


def failed(status: int, error: str) -> Answer:
    """Returns the answer to a request for which no conversion ran, or none that ended."""
    return Answer(status, str(status), {}, error)


def answer_of(code: int, printed: str, *, late: bool) -> Answer:
    """Returns the answer for a command that ended.

    Args:
        code: its exit code; negative if a signal ended it.
        printed: its standard error. With ``--json``, the Outcome is the last line.
        late: whether it ran as long as the time-out allows.
    """
    outcome = _outcome(printed)
    if outcome:
        status = 200 if outcome["status"] == "done" else STATUSES.get(code, 422)
        return Answer(status, outcome["status"], outcome)
    if late and code in STOPPED:
        return failed(504, "the conversion took too long (--request-timeout)")
    if code < 0:
        return failed(500, f"the conversion crashed ({signal.Signals(-code).name})")
    error = printed.strip().rpartition("\n")[2].removeprefix("dicomtx: ")
    if code == ExitCode.USAGE:
        return failed(400, error.partition(" (see '")[0])
    return failed(500, error or f"the conversion ended with exit code {code}")


def _outcome(printed: str) -> Mapping[str, Any]:
    """Returns the Outcome in the last line; empty if that is something else."""
    line = printed.strip().rpartition("\n")[2]
    try:
        found = json.loads(line) if line.startswith("{") else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) and "status" in found else {}
