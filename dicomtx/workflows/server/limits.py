"""The limits of the warm server."""

from typing import NamedTuple


class ServerLimits(NamedTuple):
    """The limits of the server.

    Attributes:
        jobs: the number of commands that run at once and share the memory.
        idle_timeout: the server ends after this many seconds without a command; 0: never.
        request_timeout: the most seconds for one command; 0: no limit.
    """

    jobs: int
    idle_timeout: float
    request_timeout: float
