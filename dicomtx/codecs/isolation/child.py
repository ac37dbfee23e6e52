"""The parent's side of an isolated codec: a crash or a hang becomes a CodecError."""

import io
import pickle
import threading
import time
from typing import Any, Final

from dicomtx.codecs.codec import CodecSpec
from dicomtx.errors import CodecError
from dicomtx.image_pixel import ImagePixel
from dicomtx.processes.child_process import ChildProcess, ending_of, one_line
from dicomtx.processes.framing import Data

LINES_KEPT: Final = 100
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
        self._process: ChildProcess | None = None
        self._printed: dict[str, None] = {}

    def ask(self, question: tuple[object, ...], body: Data = b"") -> tuple[object, bytearray]:
        """Returns the child's answer: a value and bytes.

        Raises:
            CodecError: the codec failed, crashed, or took too long.
        """
        message = pickle.dumps(question, 5)
        with self._lock:
            try:
                reply, data = self._exchange(message, body)
                reason, value = _Answer(io.BytesIO(reply)).load()
            except CodecError:
                raise
            except Exception as error:
                self._stop()
                raise CodecError(f"{self.name} gave an unreadable answer: {error}") from error
            except BaseException:  # an interrupt: a later question must not get this answer
                self._stop()
                raise
            self._keep_printed()
        if reason:
            raise CodecError(one_line(str(reason)))
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

    def _exchange(self, head: bytes, body: Data) -> tuple[bytearray, bytearray]:
        """Returns the child's raw answer.

        The child reads the whole question before it acts, and prints to a file. So neither side
        can block because the other does not read.
        """
        process = self._process = self._process or self._start()
        deadline = time.monotonic() + self._timeout
        try:
            process.send(head, body, deadline)
            return process.receive(deadline)
        except TimeoutError:
            _, last = self._stop(0)
            what = f"took more than {self._timeout:g} s for a frame"
        except (OSError, EOFError):
            what, last = self._stop()
        raise CodecError(f"{self.name} {what}: {last}" if last else f"{self.name} {what}")

    def _start(self) -> ChildProcess:
        try:
            return ChildProcess("dicomtx.codecs.isolation.worker", self.name, str(self._timeout))
        except OSError as error:
            raise CodecError(f"{self.name} could not be started: {error}") from error

    def _stop(self, grace: float = GRACE) -> tuple[str, str]:
        """Ends the process; returns how it ended and the last line that it printed."""
        if not self._process:
            return "", ""
        status = self._process.end(grace)
        last = self._keep_printed()
        self._process = None
        return ending_of(status), last

    def _keep_printed(self) -> str:
        """Stores the printed lines and returns the last one."""
        lines = self._process.take_printed() if self._process else []
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
