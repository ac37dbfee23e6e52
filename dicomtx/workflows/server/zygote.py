"""The zygote: a process with one thread that forks a child for each command.

The loop never blocks on a client. It queues a request once it is complete, and starts it when fewer
than ``jobs`` children run. One child waits for the next command.
"""

import gc
import os
import selectors
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from dicomtx.warm import protocol
from dicomtx.workflows.server.caller import Caller
from dicomtx.workflows.server.child import STATUS, Child, Run
from dicomtx.workflows.server.connection import Connection
from dicomtx.workflows.server.limits import ServerLimits
from dicomtx.workflows.server.rehearsal import prime
from dicomtx.workflows.server.request import ProtocolError
from dicomtx.workflows.server.signals import pass_on, signal_sockets

MOST_CONNECTIONS: Final = 4096
GRACE: Final = 5.0  # seconds between SIGTERM and SIGKILL
TICK: Final = 1.0
WAKEUPS: Final = 4096


class Zygote:
    """Accepts requests and forks a child for each.

    Attributes:
        listener: the socket that clients connect to.
        limits: the limits of the server.
        served: the number of commands that have ended.
    """

    def __init__(
        self, listener: socket.socket, run: Run, limits: ServerLimits, *, primes: bool = True
    ) -> None:
        """Prepares to serve ``run``, which takes command-line arguments, on ``listener``.

        ``primes`` is whether a child runs something before its command, which then ends sooner.
        """
        self.listener = listener
        self.limits = limits
        self.served = 0
        self._run = run
        self._primes = primes
        self._own = Caller.of(os.getpid(), os.geteuid())
        self._identity = protocol.installation(os.environ)
        self._selector = selectors.DefaultSelector()
        self._connections: dict[int, Connection] = {}  # by descriptor
        self._waiting: deque[Connection] = deque()
        self._children: dict[int, Connection] = {}  # by process ID
        self._spare: Child | None = None  # waits for the next command
        self._stopping = False
        self._started = self._busy = time.monotonic()

    def serve(self) -> None:
        """Serves until stopped, or until the idle timeout.

        At the end, it waits for running commands. It refuses queued ones, whose clients then run
        them themselves.
        """
        self._sockets = signal_sockets(self._stop)
        self.listener.setblocking(False)
        self._watch(self.listener, self._accept)
        self._watch(self._sockets[0], partial(self._sockets[0].recv, WAKEUPS))
        gc.collect()
        gc.freeze()  # a child that collects garbage does not copy these pages
        self._prepare()
        while not self._is_done():
            for key, _ in self._selector.select(TICK):
                with suppress(BlockingIOError):
                    key.data()
            self._reap()
            self._give_up()
            self._start_waiting()
        if self._spare:
            self._spare.end()

    def _watch(self, source: socket.socket, react: Callable[[], object]) -> None:
        """Calls ``react`` when there is something to read."""
        self._selector.register(source, selectors.EVENT_READ, react)

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
        while len(self._connections) < MOST_CONNECTIONS:
            connection = Connection(self.listener.accept()[0])
            self._connections[connection.socket.fileno()] = connection
            self._watch(connection.socket, partial(self._read, connection))

    def _read(self, connection: Connection) -> None:
        """Reads data from a client: part of its request, or signals for its child."""
        try:
            if connection.child:
                for number in connection.signals():
                    pass_on(connection.child.process, number)
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
            self._start(self._waiting.popleft())

    def _start(self, connection: Connection) -> None:
        """Accepts the request and gives it to a child."""
        connection.answer(protocol.ACCEPTED)
        assert connection.caller
        try:
            child, self._spare = self._spare or self._fork(self._close_all), None
            child.give(connection.caller, connection.body, connection.descriptors)
        except OSError as error:
            told = f"the server cannot start a child: {error.strerror}"
            connection.answer(protocol.FAILED, told.encode())
            self._close(connection)
            return
        connection.child = child
        connection.body = b""
        connection.close_descriptors()
        if self.limits.request_timeout:
            connection.deadline = time.monotonic() + self.limits.request_timeout
        self._children[child.process] = connection
        self._watch(child.socket, partial(self._reported, connection, child))

    def _fork(self, begin: Callable[[], None]) -> Child:
        """Returns a new child.

        Raises:
            OSError: the system has no memory, processes or descriptors left.
        """
        return Child.fork(self._run, self.limits.jobs, begin)

    def _close_all(self) -> None:
        """Closes what a child must not inherit."""
        self._selector.close()
        for connection in self._connections.values():
            if connection.child:
                connection.child.socket.close()
            connection.close()
        for end in (self.listener, *self._sockets):
            end.close()

    def _begin_early(self) -> None:
        """Begins a child that has no command yet."""
        self._close_all()
        if self._primes:
            prime(self._run)

    def _prepare(self) -> None:
        """Forks the child for the next command, if the server has nothing else to do."""
        if not (self._spare or self._waiting or self._stopping):
            with suppress(OSError):  # tried again with the command
                self._spare = self._fork(self._begin_early)

    def _reported(self, connection: Connection, child: Child) -> None:
        """Ends the request of a child that has sent its wait status."""
        status = b""
        with suppress(OSError):  # it has crashed
            status = child.socket.recv(STATUS)
        self._selector.unregister(child.socket)
        child.socket.close()
        if len(status) == STATUS:
            self._finish(connection, status)

    def _finish(self, connection: Connection, status: bytes) -> None:
        """Sends the client the wait status of its command."""
        if connection.socket.fileno() >= 0:
            self.served += 1
            self._busy = time.monotonic()
            connection.answer(protocol.ENDED, status)
            self._close(connection)

    def _reap(self) -> None:
        """Removes children that have ended, and prepares the next."""
        while self._children or self._spare:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return
            connection = self._children.pop(process, None)
            if connection:
                self._finish(connection, status.to_bytes(STATUS))
            elif self._spare and process == self._spare.process:
                self._spare.socket.close()
                self._spare = None
            self._prepare()

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
                    os.killpg(connection.child.process, signal.SIGKILL)
            else:
                self._end(connection)

    def _end(self, connection: Connection) -> None:
        """Sends SIGTERM to a child and sets the deadline for SIGKILL."""
        connection.ending = True
        connection.deadline = time.monotonic() + GRACE
        assert connection.child
        with suppress(ProcessLookupError):
            os.kill(connection.child.process, signal.SIGTERM)
            os.killpg(connection.child.process, signal.SIGCONT)

    def _refuse(self, connection: Connection, reason: str) -> None:
        connection.answer(protocol.REFUSED, reason.encode(errors="replace"))
        self._close(connection)

    def _close(self, connection: Connection) -> None:
        descriptor = connection.socket.fileno()
        if self._connections.pop(descriptor, None):
            with suppress(KeyError):
                self._selector.unregister(connection.socket)
        connection.close()
