"""The zygote: a process with one thread that forks a child for each command.

The loop never blocks on a client. It queues a request once it is complete, and starts it when fewer
than ``jobs`` children run.
"""

import gc
import os
import selectors
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple, NoReturn

from dicomtx.resources import share_memory
from dicomtx.warm import protocol
from dicomtx.workflows.server.caller import Caller, become, run_and_exit
from dicomtx.workflows.server.connection import Connection
from dicomtx.workflows.server.request import ProtocolError
from dicomtx.workflows.server.signals import HANDLED, pass_on

MOST_CONNECTIONS: Final = 4096
GRACE: Final = 5.0  # seconds between SIGTERM and SIGKILL
TICK: Final = 1.0

Run = Callable[[Sequence[str]], int]


class ServerLimits(NamedTuple):
    """The limits of the server.

    Attributes:
        jobs: the number of commands that run at once and share the memory.
        idle_timeout: the server ends after this many seconds without a command; 0: never.
        request_timeout: the most seconds for one command; 0: no limit.
    """

    jobs: int
    idle_timeout: float
    request_timeout: float


class Zygote:
    """Accepts requests and forks a child for each.

    Attributes:
        listener: the socket that clients connect to.
        limits: the limits of the server.
        served: the number of commands that have ended.
    """

    def __init__(self, listener: socket.socket, run: Run, limits: ServerLimits) -> None:
        """Prepares to serve ``run``, which takes command-line arguments, on ``listener``."""
        self.listener = listener
        self.limits = limits
        self.served = 0
        self._run = run
        self._own = Caller.of(os.getpid(), os.geteuid())
        self._identity = protocol.installation(os.environ)
        self._selector = selectors.DefaultSelector()
        self._connections: dict[int, Connection] = {}  # by descriptor
        self._waiting: deque[Connection] = deque()
        self._children: dict[int, Connection] = {}  # by process ID
        self._stopping = False
        self._started = self._busy = time.monotonic()

    def serve(self) -> None:
        """Serves until stopped, or until the idle timeout.

        At the end, it waits for running commands. It refuses queued ones, whose clients then run
        them themselves.
        """
        listening, wakeup = socket.socketpair()
        for end in (listening, wakeup):
            end.setblocking(False)
        signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
        for number in HANDLED:
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.listener.setblocking(False)
        self._selector.register(self.listener, selectors.EVENT_READ)
        self._selector.register(listening, selectors.EVENT_READ)
        self._sockets = (listening, wakeup)
        gc.collect()
        gc.freeze()  # a child that collects garbage does not copy these pages
        while not self._is_done():
            for key, _ in self._selector.select(TICK):
                if key.fileobj is self.listener:
                    self._accept()
                elif key.fileobj is listening:
                    with suppress(BlockingIOError):
                        listening.recv(4096)
                else:
                    self._read(self._connections[key.fd])
            self._reap()
            self._give_up()
            self._start_waiting()

    def status(self) -> str:
        """Returns the output of ``dicomtx serve --status``, one ``name: value`` on each line."""
        up = int(time.monotonic() - self._started)
        return (
            f"process: {os.getpid()}\nversion: {protocol.version()}\nuptime: {up} s\n"
            f"jobs: {self.limits.jobs}\nrunning: {len(self._children)}\n"
            f"waiting: {len(self._waiting)}\nserved: {self.served}"
        )

    def _stop(self, *_: object) -> None:
        if self._stopping:  # the second request also ends running commands
            for connection in self._children.values():
                self._end(connection)
        self._stopping = True

    def _is_done(self) -> bool:
        idle = self.limits.idle_timeout
        if idle and not self._connections and time.monotonic() - self._busy > idle:
            self._stopping = True
        if not self._stopping:
            return False
        if self.listener.fileno() >= 0:
            self._selector.unregister(self.listener)
            self.listener.close()
            for connection in [c for c in self._connections.values() if not c.child]:
                self._refuse(connection, "the server is stopping")
            self._waiting.clear()
        return not self._children

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            while len(self._connections) < MOST_CONNECTIONS:
                connection = Connection(self.listener.accept()[0])
                self._connections[connection.socket.fileno()] = connection
                self._selector.register(connection.socket, selectors.EVENT_READ)

    def _read(self, connection: Connection) -> None:
        """Reads data from a client: part of its request, or signals for its child."""
        try:
            if connection.child:
                for number in connection.signals():
                    pass_on(connection.child, number)
            elif connection.call:
                connection.signals()
            else:
                connection.receive()
                if connection.call:
                    self._handle(connection)
        except EOFError:
            self._client_left(connection)
        except BlockingIOError:  # spurious wakeup
            return
        except (ProtocolError, OSError) as error:
            self._refuse(connection, str(error))

    def _client_left(self, connection: Connection) -> None:
        """Ends the child of a client that closed its connection."""
        if connection.child:
            self._selector.unregister(connection.socket)
            self._end(connection)
            return
        if connection in self._waiting:
            self._waiting.remove(connection)
        self._close(connection)

    def _handle(self, connection: Connection) -> None:
        """Answers a complete request, or queues its command."""
        call = connection.call
        assert call
        caller = Caller.at(connection.socket)
        reason = caller.difference(self._own)
        if call.kind == protocol.RUN:
            reason = reason or (
                "the version, installation or Python settings differ from the server's"
                if call.identity != self._identity
                else ""
            )
        if reason:
            self._refuse(connection, reason)
        elif call.kind == protocol.RUN:
            connection.caller = caller
            self._waiting.append(connection)
        elif call.kind == protocol.STOP:
            connection.answer(protocol.ENDED, b"stopping")
            self._close(connection)
            self._stop()
        else:
            connection.answer(protocol.ENDED, self.status().encode())
            self._close(connection)

    def _start_waiting(self) -> None:
        while self._waiting and len(self._children) < self.limits.jobs:
            self._fork(self._waiting.popleft())

    def _fork(self, connection: Connection) -> None:
        """Accepts the request and starts the child that runs it."""
        connection.answer(protocol.ACCEPTED)
        server = os.getpid()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        try:
            child = os.fork()
        except OSError as error:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            connection.answer(protocol.FAILED, f"the server cannot fork: {error.strerror}".encode())
            self._close(connection)
            return
        if child == 0:
            self._be(connection, server, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        with suppress(OSError):  # the child has done so itself, or has ended
            os.setpgid(child, child)
        connection.child = child
        connection.close_descriptors()
        if self.limits.request_timeout:
            connection.deadline = time.monotonic() + self.limits.request_timeout
        self._children[child] = connection

    def _be(
        self, connection: Connection, server: int, signals: set[int | signal.Signals]
    ) -> NoReturn:
        """Runs the command in the child and exits. ``signals`` are those to block meanwhile."""
        call, caller = connection.call, connection.caller
        assert call
        assert caller
        try:
            self._selector.close()
            for end in (self.listener, *self._sockets):
                end.close()
            for other in self._connections.values():
                other.socket.close()
                if other is not connection:
                    other.close_descriptors()
            become(caller, call, connection.descriptors, server)
            share_memory(self.limits.jobs)
            signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        except BaseException as error:  # noqa: BLE001 - a child must not return into the loop
            os.write(2, f"dicomtx: the server cannot run the command: {error}\n".encode())
            os._exit(70)
        run_and_exit(self._run, call.arguments[1:])

    def _reap(self) -> None:
        """Sends clients the wait status of children that have ended."""
        while self._children:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                return
            connection = self._children.pop(child, None)
            if connection:
                self.served += 1
                self._busy = time.monotonic()
                connection.answer(protocol.ENDED, status.to_bytes(4))
                self._close(connection)

    def _give_up(self) -> None:
        """Refuses incomplete requests and ends commands whose deadline has passed."""
        now = time.monotonic()
        for connection in [*self._connections.values()]:
            if connection.deadline is None or now < connection.deadline:
                continue
            if not connection.child:
                self._refuse(connection, "the request is incomplete")
            elif connection.ending:
                with suppress(ProcessLookupError):
                    os.killpg(connection.child, signal.SIGKILL)
            else:
                self._end(connection)

    def _end(self, connection: Connection) -> None:
        """Sends SIGTERM to a child and sets the deadline for SIGKILL."""
        connection.ending = True
        connection.deadline = time.monotonic() + GRACE
        with suppress(ProcessLookupError):
            os.kill(connection.child, signal.SIGTERM)
            os.killpg(connection.child, signal.SIGCONT)

    def _refuse(self, connection: Connection, reason: str) -> None:
        connection.answer(protocol.REFUSED, reason.encode(errors="replace"))
        self._close(connection)

    def _close(self, connection: Connection) -> None:
        descriptor = connection.socket.fileno()
        if self._connections.pop(descriptor, None):
            with suppress(KeyError):
                self._selector.unregister(connection.socket)
        connection.close()
