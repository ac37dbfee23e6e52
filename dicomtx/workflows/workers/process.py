"""A worker process, seen from its parent."""

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any, Final

from dicomtx.codecs.isolation.child import ending_of
from dicomtx.processes.framing import receive, send

ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
LONGEST: Final = 1e6  # seconds
LAST_LINE: Final = 300  # characters


class Process:
    """A worker (see ``worker``): it takes one request at a time.

    Attributes:
        pid: its process id.
        answers: descriptor that its answers come from.
        deadline: when it will have taken too long, by ``time.monotonic``; 0 is never.
        asks: bytes of memory that it waits for; 0 if it does not wait.
        granted: bytes of memory that it was given, beyond everybody's share.
    """

    def __init__(self) -> None:
        """Starts it.

        Raises:
            OSError: the system has no room for another process.
        """
        self._paper = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with it
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-u",
                "-m",
                "dicomtx.workflows.workers.worker",
                str(os.getpid()),
            ],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._paper,
            # what we can import, it can, and (by -P) nothing else; threads are ours to deal out
            env=os.environ
            | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
            | dict.fromkeys(ONE_THREAD, "1"),
            start_new_session=True,  # an interrupt at the terminal is for the parent
        )
        assert self._process.stdin
        assert self._process.stdout
        self._questions = self._process.stdin.fileno()
        self.answers = self._process.stdout.fileno()
        self.pid = self._process.pid
        self.deadline = 0.0
        self.asks = 0
        self.granted = 0

    def send(self, message: bytes) -> None:
        """Gives it something to do.

        Raises:
            OSError: it is gone.
        """
        self.granted = 0
        send(self._questions, message, memoryview(b""))

    def receive(self) -> Any:
        """Returns what it says: an outcome, or how many bytes of memory it asks for.

        Raises:
            EOFError: it is gone.
        """
        head, _ = receive(self.answers, time.monotonic() + LONGEST)
        return pickle.loads(head)  # noqa: S301 - our own worker's

    def grant(self) -> None:
        """Tells it that there is memory for it."""
        self.granted, self.asks = self.asks, 0
        with suppress(OSError):  # if it is gone that is heard elsewhere
            send(self._questions, b"", memoryview(b""))

    def is_late(self) -> bool:
        """Whether its time is over; waiting for memory does not count."""
        return bool(self.deadline) and not self.asks and time.monotonic() > self.deadline

    def terminate(self) -> None:
        """Asks it to let go of its file and end."""
        self._process.terminate()

    def end(self, grace: float) -> None:
        """Returns when it has ended: by itself within ``grace`` seconds, or killed."""
        self._close()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends it at once; what it started ends with it."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
        self._close()

    def ending(self) -> str:
        """Returns how it ended, with the last line that it printed."""
        try:
            status = self._process.wait(1.0)
        except subprocess.TimeoutExpired:  # it closed its end, but lives
            os.killpg(self.pid, signal.SIGKILL)
            status = self._process.wait()
        size = os.fstat(self._paper.fileno()).st_size
        text = os.pread(self._paper.fileno(), 4096, max(0, size - 4096)).decode(errors="replace")
        last = text.strip().rpartition("\n")[2][:LAST_LINE]
        self._close()
        return f"{ending_of(status)} ({last})" if last else ending_of(status)

    def _close(self) -> None:
        """Closes our ends of the pipes."""
        for file in (self._process.stdin, self._process.stdout, self._paper):
            if file:
                file.close()
