"""Starts a Python subprocess with two pipes; both kinds of workers use it.

The parent starts a module with ``ChildProcess``, and the module calls ``take_descriptors`` first.
Both sides exchange the messages of ``framing``.
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from dicomtx.processes.framing import Data, receive, send

DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG of prctl(2)
TAIL: Final = 1 << 16  # bytes at the end of the output that are read
LINE_LENGTH: Final = 300


class ChildProcess:
    """A process that reads messages on its standard input and answers on its standard output.

    Its output goes to a file. The process leads its own session. So an interrupt at the terminal
    reaches only the parent, and the child's own children end with it.

    Attributes:
        pid: its process ID.
        answers: the descriptor to read its answers from.
    """

    def __init__(
        self, module: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        """Starts ``python -m module``. It can import what this process can, and nothing else.

        Raises:
            OSError: the system cannot start another process.
        """
        paths = os.pathsep.join(map(os.path.abspath, sys.path))
        self._last_lines: list[str] = []
        self._text = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with the process
        try:
            flags = fcntl.fcntl(self._text, fcntl.F_GETFL)
            fcntl.fcntl(self._text, fcntl.F_SETFL, flags | os.O_APPEND)  # the parent truncates it
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-u", "-m", module, *arguments],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._text,
                env={**os.environ, "PYTHONPATH": paths, **(environment or {})},
                start_new_session=True,
            )
        except BaseException:
            self._text.close()
            raise
        assert self._process.stdin
        assert self._process.stdout
        self._questions = self._process.stdin.fileno()
        os.set_blocking(self._questions, False)  # a deadline needs a non-blocking pipe
        self.answers = self._process.stdout.fileno()
        self.pid = self._process.pid

    def send(self, head: bytes, body: Data = b"", deadline: float | None = None) -> None:
        """Sends a message; see ``framing.send``."""
        send(self._questions, head, memoryview(body).cast("B"), deadline)

    def receive(self, deadline: float | None = None) -> tuple[bytearray, bytearray]:
        """Returns the head and body of the next message; see ``framing.receive``."""
        return receive(self.answers, deadline)

    def terminate(self) -> None:
        """Sends SIGTERM."""
        self._process.terminate()

    def end(self, grace: float = 0.0) -> int:
        """Closes the pipes and returns the exit status.

        Args:
            grace: seconds for the process to end on its own, before SIGKILL.
        """
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        try:
            status = self._process.wait(grace)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            status = self._process.wait()
        if not self._text.closed:
            self._last_lines = self.take_printed()
            self._text.close()
        return status

    def take_printed(self) -> list[str]:
        """Returns the lines printed since the last call, as shortened printable text."""
        if self._text.closed:
            lines, self._last_lines = self._last_lines, []
            return lines
        descriptor = self._text.fileno()
        size = os.fstat(descriptor).st_size
        if not size:
            return []
        text = os.pread(descriptor, TAIL, max(0, size - TAIL)).decode(errors="replace")
        os.ftruncate(descriptor, 0)
        return [line for line in map(one_line, text.splitlines()) if line]


def take_descriptors() -> tuple[int, int]:
    """Returns descriptors for messages that the child's own input and output cannot reach.

    Descriptor 0 then reads nothing, and descriptor 1 writes to the file of descriptor 2.
    """
    questions, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return questions, answers


def die_with(parent: int, number: int = signal.SIGKILL) -> None:
    """Makes the system send this process a signal when the parent's thread that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, number)
    if os.getppid() != parent:
        sys.exit()


def ending_of(status: int) -> str:
    """Returns how a process with this exit status ended."""
    if status == -signal.SIGKILL:
        return "was killed (SIGKILL), possibly out of memory"
    if status < 0:
        name = next((known.name for known in signal.Signals if known == -status), str(-status))
        return f"crashed ({name})"
    return f"ended unexpectedly (exit code {status})"


def one_line(text: str) -> str:
    """Returns the text as one line that is safe to print on a terminal."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= LINE_LENGTH else words[: LINE_LENGTH - 3] + "..."
