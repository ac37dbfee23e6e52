"""Processes with two pipes, of which the codecs' ones are started from a module.

The parent starts a module with ``ChildProcess``, and the module calls ``take_descriptors`` first.
Both sides exchange the messages of ``framing``. ``fork_server`` starts the others.
"""

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, Final, NamedTuple

from dicomtx.processes.framing import Data, receive, send

TAIL: Final = 1 << 16  # bytes at the end of the output that are read
LINE_LENGTH: Final = 300
GRACE: Final = 1.0  # seconds between two tries to kill


class PipedProcess:
    """A process that reads messages from one pipe and answers on another.

    Its output goes to a file. The process leads its own session. So an interrupt at the terminal
    reaches only the parent, and the child's own children end with it.

    Attributes:
        pid: its process ID.
        answers: the descriptor to read its answers from.
    """

    def __init__(self, pid: int, pipes: tuple[int, int], text: IO[bytes]) -> None:
        """Takes over the descriptors.

        Args:
            pid: its process ID.
            pipes: the descriptors of its questions and its answers.
            text: the file of its output.
        """
        self.pid = pid
        self._questions, self.answers = pipes
        self._text = text
        self._last_lines: list[str] = []
        os.set_blocking(self._questions, False)  # a deadline needs a non-blocking pipe

    def send(self, head: bytes, body: Data = b"", deadline: float | None = None) -> None:
        """Sends a message; see ``framing.send``."""
        send(self._questions, head, memoryview(body).cast("B"), deadline)

    def receive(self, deadline: float | None = None) -> tuple[bytearray, bytearray]:
        """Returns the head and body of the next message; see ``framing.receive``."""
        return receive(self.answers, deadline)

    def terminate(self) -> None:
        """Sends SIGTERM."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def hang_up(self) -> None:
        """Closes the pipes, after which the process ends on its own."""
        if self._questions >= 0:
            os.close(self._questions)
            os.close(self.answers)
            self._questions = -1

    def end(self, grace: float = 0.0) -> int:
        """Closes the pipes and returns the exit status.

        Args:
            grace: seconds for the process to end on its own, before SIGKILL.
        """
        self.hang_up()
        status = self._status(grace)
        while status is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            status = self._status(GRACE)
        if not self._text.closed:
            self._last_lines = self.take_printed()
            self._text.close()
        return status

    def _status(self, grace: float) -> int | None:
        """Returns the exit status; None if the process still runs after ``grace`` seconds."""
        raise NotImplementedError

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


class ChildProcess(PipedProcess):
    """A child of this process, started from a module."""

    def __init__(
        self, module: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        """Starts ``python -m module``. It can import what this process can, and nothing else.

        Raises:
            OSError: the system cannot start another process.
        """
        with opened_pipes() as ends:
            self._process = subprocess.Popen(
                command(module, *arguments),
                stdin=ends.theirs[0],
                stdout=ends.theirs[1],
                stderr=ends.text,
                env={**inheriting(), **(environment or {})},
                start_new_session=True,
            )
            super().__init__(self._process.pid, ends.own, ends.text)

    def _status(self, grace: float) -> int | None:
        try:
            return self._process.wait(grace)
        except subprocess.TimeoutExpired:
            return None


class Ends(NamedTuple):
    """Two new pipes and a file for the output of a process.

    Attributes:
        own: the descriptors of the parent, for questions and answers.
        theirs: the descriptors of the process, for the same.
        text: the file.
    """

    own: tuple[int, int]
    theirs: tuple[int, int]
    text: IO[bytes]


@contextmanager
def opened_pipes() -> Iterator[Ends]:
    """Yields new pipes. The ends of the process are closed at the end of the block.

    After an error in the block, all of them are closed.

    Raises:
        OSError: the system has no descriptors left.
    """
    with ExitStack() as all_of_them, ExitStack() as theirs:
        text = all_of_them.enter_context(tempfile.TemporaryFile(buffering=0))
        flags = fcntl.fcntl(text, fcntl.F_GETFL)
        fcntl.fcntl(text, fcntl.F_SETFL, flags | os.O_APPEND)  # the parent truncates it
        questions, asking = os.pipe()
        theirs.callback(os.close, questions)
        all_of_them.callback(os.close, asking)
        answers, answering = os.pipe()
        theirs.callback(os.close, answering)
        all_of_them.callback(os.close, answers)
        yield Ends((asking, answers), (questions, answering), text)
        all_of_them.pop_all()  # they belong to the process now


def command(module: str, *arguments: str) -> list[str]:
    """Returns the command that runs a module, with unbuffered output."""
    return [sys.executable, "-P", "-u", "-m", module, *arguments]


def inheriting() -> dict[str, str]:
    """Returns an environment in which a process can import what this one can."""
    paths = os.pathsep.join(map(os.path.abspath, sys.path))
    return {**os.environ, "PYTHONPATH": paths}


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
