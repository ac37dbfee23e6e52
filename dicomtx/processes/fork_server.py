"""A process that imports modules once, and forks children that start with them.

The parent starts it with ``ForkServer``. Each child calls ``run(questions, answers)`` of a module,
with the descriptors of its messages (``framing``). The server has one thread, so forking is safe,
whatever the parent does. ``forking`` is the side of the server.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, Self

from dicomtx.processes.child_process import (
    PipedProcess,
    ending_of,
    inheriting,
    one_line,
    opened_pipes,
)
from dicomtx.processes.forking import ANSWER, FORK, IMPORT, QUESTION, RUNS

PROGRAM: Final = "from dicomtx.processes.forking import main; main()"  # -m takes 10 ms more


class ForkServer:
    """The parent's side. Several threads can use it.

    If the server is killed, its children are killed with it, and the next child starts another.
    """

    def __init__(
        self, module: str, *imports: str, environment: Mapping[str, str] | None = None
    ) -> None:
        """Starts the server, which then imports the modules.

        Args:
            module: its function ``run`` is what children do.
            imports: more modules that children will need.
            environment: variables that differ from those of this process.

        Raises:
            OSError: the system cannot start another process.
        """
        self._modules = (module, *imports)
        self._environment = environment or {}
        self._lock = threading.Lock()
        self._start()

    def _start(self) -> None:
        self._text = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by ``close``
        self._connection, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-u", "-c", PROGRAM, str(theirs.fileno()), *self._modules],
                stdin=subprocess.DEVNULL,
                stdout=self._text,
                stderr=self._text,
                pass_fds=[theirs.fileno()],
                env={**inheriting(), **self._environment},
                start_new_session=True,
            )
        except BaseException:
            self._connection.close()
            self._text.close()
            raise
        finally:
            theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the server, and with it all children."""
        self._connection.close()
        self._process.kill()
        self._process.wait()
        self._text.close()

    def prepare(self, *imports: str) -> None:
        """Makes the server import these modules, too; does not wait until it has done so."""
        with self._lock, suppress(OSError):  # if the server has ended, the next one imports them
            self._modules = (*self._modules, *imports)
            names = " ".join(imports).encode()
            self._connection.sendall(QUESTION.pack(IMPORT, len(names)) + names)

    def fork(self, descriptors: Sequence[int]) -> int:
        """Returns the process ID of a new child with these descriptors; see ``ForkedProcess``.

        Raises:
            OSError: the system cannot start another process, or the server cannot run.
        """
        with self._lock:
            try:
                return self._ask(FORK, 0.0, descriptors)
            except EOFError:
                self.close()
                self._start()
            try:
                return self._ask(FORK, 0.0, descriptors)
            except EOFError as error:
                raise OSError(0, self._ending()) from error

    def wait(self, pid: int, seconds: float) -> int | None:
        """Returns the exit status of a child; None if it still runs after so many seconds."""
        try:
            with self._lock:
                status = self._ask(pid, seconds)
            return os.waitstatus_to_exitcode(status)
        except TimeoutError:
            return None
        except (EOFError, OSError):  # the child was killed with the server
            return -signal.SIGKILL

    def _ask(self, what: int, seconds: float, descriptors: Sequence[int] = ()) -> int:
        """Returns the answer to a question.

        Raises:
            EOFError: the server has ended.
            OSError: it could not do so.
            TimeoutError: the child still runs.
        """
        try:
            socket.send_fds(self._connection, [QUESTION.pack(what, seconds)], descriptors)
            answer = self._connection.recv(ANSWER.size, socket.MSG_WAITALL)
        except OSError as error:
            raise EOFError from error
        if len(answer) < ANSWER.size:
            raise EOFError
        number, value = ANSWER.unpack(answer)
        if number == RUNS:
            raise TimeoutError
        if number:
            raise OSError(number, os.strerror(number))
        return int(value)

    def _ending(self) -> str:
        """Returns how the server ended, with the last line that it printed."""
        ending = ending_of(self._process.wait())
        self._text.seek(0)
        lines = self._text.read().decode(errors="replace").splitlines()
        return f"it {ending} ({one_line(lines[-1])})" if lines else f"it {ending}"


class ForkedProcess(PipedProcess):
    """A child of a ``ForkServer``."""

    def __init__(self, server: ForkServer) -> None:
        """Forks the child.

        Raises:
            OSError: the system cannot start another process.
        """
        self._server = server
        with opened_pipes() as ends:
            pid = server.fork((*ends.theirs, ends.text.fileno()))
            super().__init__(pid, ends.own, ends.text)
        self._ended: int | None = None

    def _status(self, grace: float) -> int | None:
        if self._ended is None:
            self._ended = self._server.wait(self.pid, grace)
        return self._ended
