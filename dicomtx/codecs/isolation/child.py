"""The process of an isolated codec, seen from its parent: a crash or a hang is a CodecError."""

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
TAIL: Final = 1 << 16  # bytes of what was printed that are looked at
GRACE: Final = 1.0  # seconds to end by itself
LONGEST: Final = 1e6  # seconds; poll counts milliseconds in 32 bits
ALLOWED: Final = {(kind.__module__, kind.__name__): kind for kind in (CodecSpec, ImagePixel)}


class Child:
    """A process that answers questions (see ``worker``), whatever happens to it.

    It is started when first needed, kept, and started anew after a crash. Threads may share one
    and take turns: for frames side by side, each needs its own. It does not survive a fork.

    Attributes:
        name: what the codec is called in errors.
    """

    def __init__(self, name: str, timeout: float) -> None:
        """Describes the process; nothing is started yet.

        Args:
            name: what the codec is called in errors.
            timeout: seconds for one answer, the first import included.
        """
        self.name = name
        self._timeout = min(timeout, LONGEST)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._paper: IO[bytes] | None = None
        self._printed: dict[str, None] = {}

    def ask(self, question: tuple[Any, ...], body: Data = b"") -> tuple[Any, bytearray]:
        """Returns what the child answers: a value and a run of bytes.

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
            except BaseException:  # an interrupt: what is on its way answers no later question
                self._stop()
                raise
            self._read_paper()
        if reason:
            raise CodecError(_one_line(str(reason)))
        return value, data

    def printed(self) -> list[str]:
        """Returns the distinct lines that the codec printed since this was last asked."""
        with self._lock:
            lines, self._printed = list(self._printed), {}
            return lines

    def close(self) -> None:
        """Ends the process, if there is one; the next question would start another."""
        with self._lock:
            self._stop()
            if self._paper:
                self._paper.close()
                self._paper = None

    def _exchange(
        self, process: "subprocess.Popen[bytes]", head: bytes, body: memoryview
    ) -> tuple[bytearray, bytearray]:
        """Returns the answer as it came.

        The child reads the whole question before it does anything, and prints to a file: neither
        side can ever wait for the other to read.
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
                # what we can import, it can, and (by -P) nothing else
                env=os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
                start_new_session=True,  # so that what it starts ends with it
            )
            assert self._process.stdin
            os.set_blocking(self._process.stdin.fileno(), False)
        except OSError as error:
            raise CodecError(f"{self.name} could not be started: {error}") from error
        return self._process

    def _stop(self, grace: float = GRACE) -> int:
        """Returns the exit status of the process, after ending it."""
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
        """Returns the last line that was printed, after keeping all and wiping the file."""
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
    """Reads what a child sent; no code of others is found by it."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        kind = ALLOWED.get((module_name, global_name))
        if not kind:
            raise pickle.UnpicklingError(f"{module_name}.{global_name} is not allowed in it")
        return kind


def ending_of(status: int) -> str:
    """Returns how a process with this exit status ended."""
    if status == -signal.SIGKILL:
        return "was killed (SIGKILL), perhaps for want of memory"
    if status < 0:
        name = next((known.name for known in signal.Signals if known == -status), str(-status))
        return f"crashed ({name})"
    return f"ended unexpectedly (exit code {status})"


def _one_line(text: str) -> str:
    """Returns the text as one line that is safe on a terminal."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= LINE_LENGTH else words[: LINE_LENGTH - 3] + "..."
