"""Groups small files into tasks of about a second, so that a cluster has few tasks to manage."""

from collections.abc import Callable
from typing import Final

from dicomtx.workflows.convert.request import Outcome, Request

SECONDS: Final = 1.0
MOST: Final = 100  # files in a task, so that little is repeated if a worker dies
OVERHEAD: Final = 50_000  # a file takes as long as if it had this many bytes more
FIRST_GUESS: Final = 1 / 5e6  # seconds for each byte
WEIGHT: Final = 0.05  # of the last file in the moving average


class Grouping:
    """Forms tasks from requests, by the speed of the files that are done.

    Attributes:
        per_byte: seconds for each byte of a source, as a moving average.
    """

    def __init__(self) -> None:
        """Starts with a guess of the speed."""
        self.per_byte = FIRST_GUESS

    def learn(self, outcome: Outcome) -> None:
        """Adds the speed of a file that is done."""
        if outcome.seconds:
            measured = outcome.seconds / (outcome.bytes_in + OVERHEAD)
            self.per_byte += WEIGHT * (measured - self.per_byte)

    def group(self, pull: Callable[[], Request | None]) -> list[Request]:
        """Returns the requests of the next task; empty if there are none at the moment.

        A file that takes a second or more is alone, unless smaller files come before it.
        """
        found: list[Request] = []
        seconds = 0.0
        while seconds < SECONDS and len(found) < MOST and (request := pull()):
            found.append(request)
            seconds += (request.size + OVERHEAD) * self.per_byte
        return found
