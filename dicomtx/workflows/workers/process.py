"""A process of the pool, seen from its parent."""

import os
import pickle
import time
from contextlib import suppress
from typing import Any, Final

from dicomtx.processes.child_process import ChildProcess, ending_of
from dicomtx.workflows.convert.request import Outcome

# the CPUs are ours to deal out
ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
GRACE: Final = 1.0  # seconds to end after its pipe is closed


class Process(ChildProcess):
    """A worker (see ``worker``): it takes one request at a time.

    Attributes:
        deadline: when it will have taken too long, by ``time.monotonic``; 0 is never.
        asks: bytes of memory that it waits for; 0 if it does not wait.
        granted: bytes of memory that it was given, beyond everybody's share.
    """

    def __init__(self) -> None:
        """Starts it; see ``ChildProcess``."""
        module = "dicomtx.workflows.workers.worker"
        super().__init__(module, str(os.getpid()), environment=ONE_THREAD)
        self.deadline = 0.0
        self.asks = 0
        self.granted = 0

    def give(self, message: bytes) -> None:
        """Gives it something to do.

        Raises:
            OSError: it is gone.
        """
        self.granted = 0
        self.send(message)

    def hear(self) -> Any:
        """Returns an outcome, with what was printed meanwhile, or how much memory it asks for.

        Raises:
            EOFError: it is gone.
        """
        head, _ = self.receive()
        said = pickle.loads(head)  # noqa: S301 - our own worker's
        if isinstance(said, Outcome):
            return said._replace(messages=(*said.messages, *self.take_printed()))
        return said

    def grant(self) -> None:
        """Tells it that there is memory for it."""
        self.granted, self.asks = self.asks, 0
        with suppress(OSError):  # if it is gone that is heard elsewhere
            self.send(b"")

    def is_late(self) -> bool:
        """Whether its time is over; waiting for memory does not count."""
        return bool(self.deadline) and not self.asks and time.monotonic() > self.deadline

    def ending(self) -> str:
        """Returns how it ended, with the last line that it printed."""
        ending, lines = ending_of(self.end(GRACE)), self.take_printed()
        return f"{ending} ({lines[-1]})" if lines else ending
