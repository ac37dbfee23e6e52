"""The zygote behind the HTTP server: starts it, keeps it running, and hands it commands.

A command goes through the Unix socket, as from the ordinary client (``dicomtx.warm.client``).
"""

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from dicomtx.processes.child_process import ending_of
from dicomtx.processes.parent_death import die_with
from dicomtx.warm import protocol
from dicomtx.warm.address import VARIABLE
from dicomtx.workflows.server.caller import CREDENTIALS

STREAMS: Final = ("utf-8 strict", "utf-8 strict", "utf-8 backslashreplace")
LOOK: Final = 0.25  # seconds between two looks at the process
PAUSE: Final = 1.0  # seconds before a worker that ended is started again
START_LOOK: Final = 0.02


class WorkerGoneError(Exception):
    """The worker did not run the command to its end; the text says why."""


class Worker:
    """A process ``dicomtx serve`` that ends with this one.

    Attributes:
        path: its Unix socket.
    """

    def __init__(self, path: str, limits: Sequence[str]) -> None:
        """Starts the process with these options."""
        self.path = path
        self._limits = limits
        self._root = os.open("/", os.O_PATH | os.O_CLOEXEC)
        environment = {name: text for name, text in os.environ.items() if name != VARIABLE}
        self._environment = environment
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        options = ("--socket", self.path, "--no-prime", *self._limits)
        command = (sys.executable, "-m", "dicomtx", "serve", *options)
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=sys.stderr,  # descriptor 2 may lead to the console's capture
            env=self._environment,
            start_new_session=True,
            preexec_fn=partial(die_with, os.getpid(), signal.SIGTERM),  # noqa: PLW1509 - one thread
        )

    def wait_until_ready(self) -> int | None:
        """Waits until the socket accepts connections; returns the exit code if it never does."""
        while self._process.poll() is None:
            if self.is_ready():
                return None
            time.sleep(START_LOOK)
        return self._process.returncode

    def is_ready(self) -> bool:
        """Whether the process accepts connections."""
        with suppress(OSError), self._connected():
            return True
        return False

    async def keep_running(self, note: Callable[[str], None]) -> None:
        """Starts the process again when it ends; returns when it was stopped (``--stop``)."""
        while True:
            code = self._process.poll()
            if code == 0:
                return
            if code is not None:
                note(f"the worker {ending_of(code)}; starting it again")
                await asyncio.sleep(PAUSE)
                self._process = self._start()
            await asyncio.sleep(LOOK)

    def stop(self) -> None:
        """Stops the process, and waits until its commands have ended."""
        self._process.terminate()
        self._process.wait()
        os.close(self._root)

    async def run(
        self, arguments: Sequence[str], streams: Sequence[int], accepted: Callable[[], None]
    ) -> int:
        """Runs a command and returns its exit code; negative if a signal ended it.

        Cancelling it ends the command, because it closes the connection.

        Args:
            arguments: the command line, without the name of the program.
            streams: descriptors for standard input, output and error.
            accepted: called when the command leaves the queue and starts.

        Raises:
            WorkerGoneError: the worker is not there, refused the command, or ended.
        """
        try:
            with self._connected() as connection:
                return await self._follow(connection, arguments, streams, accepted)
        except OSError as error:
            raise WorkerGoneError(f"the worker is not running: {error.strerror}") from error

    def _connected(self) -> socket.socket:
        """Returns a connection to the process that this object has started.

        Raises:
            OSError: it does not listen, or another server does.
        """
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            connection.connect(self.path)
            peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
            if CREDENTIALS.unpack(peer)[0] != self._process.pid:
                raise ConnectionRefusedError(errno.ECONNREFUSED, "another server has its socket")
        except OSError:
            connection.close()
            raise
        return connection

    async def _follow(
        self,
        connection: socket.socket,
        arguments: Sequence[str],
        streams: Sequence[int],
        accepted: Callable[[], None],
    ) -> int:
        identity = protocol.installation(self._environment)
        data = protocol.pack(
            protocol.RUN, identity, STREAMS, ("dicomtx", *arguments), self._environment
        )
        loop = asyncio.get_running_loop()
        sent = socket.send_fds(connection, [data], [*streams, self._root])
        if sent < len(data):  # an empty send fails if the command has already ended
            await loop.sock_sendall(connection, data[sent:])
        answer = await loop.sock_recv(connection, 1)
        if answer == protocol.ACCEPTED:
            accepted()
            answer = b""
        while piece := await loop.sock_recv(connection, 4096):
            answer += piece
        if answer[:1] == protocol.ENDED and len(answer) == 5:
            return os.waitstatus_to_exitcode(int.from_bytes(answer[1:]))
        reason = answer[1:].decode(errors="replace")
        raise WorkerGoneError(reason or "the worker ended before the command did")
