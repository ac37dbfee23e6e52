"""The parent's side of a worker process."""

import pickle
import time
from contextlib import suppress
from typing import Any, Final

from dicomtx.processes.child_process import ending_of
from dicomtx.processes.fork_server import ForkedProcess, ForkServer
from dicomtx.workflows.convert.request import Outcome

GRACE: Final = 1.0  # seconds to end after its pipe is closed


class Process(ForkedProcess):
    """A worker process (see ``worker``), which takes one request at a time.

    Attributes:
        deadline: when its time is up, by ``time.monotonic``; 0 is never.
        asks: bytes of memory that it waits for; 0 if it does not wait.
        granted: bytes of memory that it was granted on request.
    """

    def __init__(self, server: ForkServer) -> None:
        """Starts the process; see ``ForkedProcess``."""
        super().__init__(server)
        self.deadline = 0.0
        self.asks = 0
        self.granted = 0

    def give(self, message: bytes) -> None:
        """Sends a request.

        Raises:
            OSError: the process is gone.
        """
        self.granted = 0
        self.send(message)

    def hear(self) -> Any:
        """Returns an outcome with the printed lines, or the bytes of memory it asks for.

        Raises:
            EOFError: the process is gone.
        """
        head, _ = self.receive()
        said = pickle.loads(head)  # noqa: S301 - our own worker's
        if isinstance(said, Outcome):
            return said._replace(messages=(*said.messages, *self.take_printed()))
        return said

    def grant(self) -> None:
        """Grants the memory that the process asked for."""
        self.granted, self.asks = self.asks, 0
        with suppress(OSError):  # if the process is gone, ``hear`` reports it
            self.send(b"")

    def is_late(self) -> bool:
        """Whether its time is up; waiting for memory does not count."""
        return bool(self.deadline) and not self.asks and time.monotonic() > self.deadline

    def ending(self) -> str:
        """Returns how the process ended, with the last line that it printed."""
        ending, lines = ending_of(self.end(GRACE)), self.take_printed()
        return f"{ending} ({lines[-1]})" if lines else ending
