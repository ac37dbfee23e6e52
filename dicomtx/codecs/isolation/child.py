"""The parent's side of an isolated codec: a crash or a hang becomes a CodecError."""

import fcntl
import io
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import IO, Any, Final

from dicomtx.codecs.codec import CodecSpec
from dicomtx.errors import CodecError
from dicomtx.image_pixel import ImagePixel
from dicomtx.processes.framing import Data, receive, send

LINES_KEPT: Final = 100
LINE_LENGTH: Final = 300
TAIL: Final = 1 << 16  # bytes at the end of the output that are read
GRACE: Final = 1.0  # seconds to exit on its own
LONGEST: Final = 1e6  # seconds, as poll counts milliseconds in 32 bits
ALLOWED: Final = {(kind.__module__, kind.__name__): kind for kind in (CodecSpec, ImagePixel)}


class Child:
    """A subprocess that answers questions (see ``worker``) and may crash or hang.

    It starts when first needed, is reused, and restarts after a crash. Threads that share one
    take turns; to process frames in parallel, each thread needs its own. It does not survive a
    fork.

    Attributes:
        name: the name of the codec in errors.
    """

    def __init__(self, name: str, timeout: float) -> None:
        """Sets up the description; the process starts later.

        Args:
            name: the name of the codec in errors.
            timeout: seconds for one answer, including the first import.
        """
        self.name = name
        self._timeout = min(timeout, LONGEST)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._paper: IO[bytes] | None = None
        self._printed: dict[str, None] = {}

    def ask(self, question: tuple[Any, ...], body: Data = b"") -> tuple[Any, bytearray]:
        """Returns the child's answer: a value and bytes.

        Raises:
            CodecError: the codec failed, crashed, or took too long.
        """
        message = pickle.dumps(question, 5), memoryview(body).cast("B")
        with self._lock:
            try:
                reply, data = self._exchange(self._process or self._start(), *message)
                reason, value = _Answer(io.BytesIO(reply)).load()
            except CodecError:
                raise
            except Exception as error:
                self._stop()
                raise CodecError(f"{self.name} gave an unreadable answer: {error}") from error
            except BaseException:  # an interrupt: a later question must not get this answer
                self._stop()
                raise
            self._read_paper()
        if reason:
            raise CodecError(_one_line(str(reason)))
        return value, data

    def printed(self) -> list[str]:
        """Returns the distinct lines that the codec printed since the last call."""
        with self._lock:
            lines, self._printed = list(self._printed), {}
            return lines

    def close(self) -> None:
        """Ends the process, if there is one; the next question starts another."""
        with self._lock:
            self._stop()
            if self._paper:
                self._paper.close()
                self._paper = None

    def _exchange(
        self, process: "subprocess.Popen[bytes]", head: bytes, body: memoryview
    ) -> tuple[bytearray, bytearray]:
        """Returns the child's raw answer.

        The child reads the whole question before it acts, and prints to a file. So neither side
        can block because the other does not read.
        """
        assert process.stdin
        assert process.stdout
        deadline = time.monotonic() + self._timeout
        try:
            send(process.stdin.fileno(), head, body, deadline)
            return receive(process.stdout.fileno(), deadline)
        except TimeoutError:
            self._stop(0)
            what = f"took more than {self._timeout:g} s for a frame"
        except (OSError, EOFError):
            what = ending_of(self._stop())
        last = self._read_paper()
        raise CodecError(f"{self.name} {what}: {last}" if last else f"{self.name} {what}")

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-P", "-u", "-m", "dicomtx.codecs.isolation.worker"]
        try:
            if not self._paper:
                self._paper = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - close() does
                flags = fcntl.fcntl(self._paper, fcntl.F_GETFL)
                fcntl.fcntl(self._paper, fcntl.F_SETFL, flags | os.O_APPEND)
            self._process = subprocess.Popen(
                [*command, self.name, str(self._timeout)],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._paper,
                # it can import what we can, and (by -P) nothing else
                env=os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
                start_new_session=True,  # so that its own children end with it
            )
            assert self._process.stdin
            os.set_blocking(self._process.stdin.fileno(), False)
        except OSError as error:
            raise CodecError(f"{self.name} could not be started: {error}") from error
        return self._process

    def _stop(self, grace: float = GRACE) -> int:
        """Ends the process and returns its exit status."""
        process, self._process = self._process, None
        if not process:
            return 0
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
        try:
            return process.wait(grace)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait()

    def _read_paper(self) -> str:
        """Returns the last printed line, after storing all lines and truncating the file."""
        if not self._paper:
            return ""
        descriptor = self._paper.fileno()
        size = os.fstat(descriptor).st_size
        text = os.pread(descriptor, TAIL, max(0, size - TAIL)).decode(errors="replace")
        os.ftruncate(descriptor, 0)
        lines = [line for line in map(_one_line, text.splitlines()) if line]
        for line in lines[-LINES_KEPT:]:
            if len(self._printed) < LINES_KEPT:
                self._printed[line] = None
        return lines[-1] if lines else ""


class _Answer(pickle.Unpickler):
    """Unpickles a child's answer without importing foreign code."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        kind = ALLOWED.get((module_name, global_name))
        if not kind:
            raise pickle.UnpicklingError(f"{module_name}.{global_name} is not allowed in an answer")
        return kind


def ending_of(status: int) -> str:
    """Returns how a process with this exit status ended."""
    if status == -signal.SIGKILL:
        return "was killed (SIGKILL), possibly out of memory"
    if status < 0:
        name = next((known.name for known in signal.Signals if known == -status), str(-status))
        return f"crashed ({name})"
    return f"ended unexpectedly (exit code {status})"


def _one_line(text: str) -> str:
    """Returns the text as a single line that is safe to print on a terminal."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= LINE_LENGTH else words[: LINE_LENGTH - 3] + "..."
