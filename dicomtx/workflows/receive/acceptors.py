"""Accepts connections in one child process, with a thread for each association."""

import errno
import mmap
import os
import select
import signal
import socket
import ssl
import struct
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Final, NamedTuple

from dicomtx.errors import NetworkError
from dicomtx.network.dimse.acceptance import Acceptance
from dicomtx.network.dimse.store_scp import Acceptor
from dicomtx.network.reception import Handler, Limits
from dicomtx.storage.source import reason

BACKLOG: Final = 256
ANY: Final = {socket.AF_INET: "", socket.AF_INET6: "::"}
PAUSE: Final = 0.1  # seconds, if too many files are open
HALF_OPEN: Final = 64  # connections of a process that can be without an association
COUNT: Final = struct.Struct("<L")


class Service(NamedTuple):
    """What all processes of a server share.

    Attributes:
        acceptance: which associations and contexts to accept.
        limits: the limits of each association.
        associations: how many associations can be open in all processes.
        tls: the context for encrypted connections; None without TLS.
    """

    acceptance: Acceptance
    limits: Limits
    associations: int
    tls: ssl.SSLContext | None = None


class Counts:
    """How many associations each process has open, in memory that all of them share."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._memory = mmap.mmap(-1, processes * COUNT.size)

    def set(self, process: int, count: int) -> None:
        """Stores the count of one process."""
        COUNT.pack_into(self._memory, process * COUNT.size, count)

    def total(self) -> int:
        """Returns the sum of all counts."""
        return sum(count for (count,) in COUNT.iter_unpack(self._memory[:]))


def listening(host: str, port: int) -> socket.socket:
    """Returns a socket that all processes accept connections from; an empty host is all addresses.

    One socket, and not one per process: the connections that wait when a process dies are not
    lost, a process that is idle takes the next one, and no other program can share the port.

    Raises:
        NetworkError: the port is in use, or the address is not of this machine.
    """
    listener = _socket_for(host)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host or ANY[listener.family], port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        place = f"{host} port {port}" if host else f"port {port}"
        hint = ". Use another --port" if error.errno == errno.EADDRINUSE else ""
        raise NetworkError(f"cannot listen on {place}: {reason(error)}{hint}") from error
    return listener


def _socket_for(host: str) -> socket.socket:
    """Returns a socket of the family of an address; without one, for IPv6 and IPv4 if possible."""
    try:
        if not host and socket.has_dualstack_ipv6():
            listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            return listener
        found = socket.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM)
        return socket.socket(found[0][0], socket.SOCK_STREAM)
    except OSError as error:
        raise NetworkError(f"{host}: {reason(error)}") from error


class Acceptors:
    """The associations of one process."""

    def __init__(self, service: Service, handler: Handler, has_room: Callable[[int], bool]) -> None:
        """Prepares to serve.

        Args:
            service: what to accept.
            handler: gets the instances.
            has_room: called with the count of open associations here; returns whether all
                processes together can have one more.
        """
        self._service = service
        self._handler = handler
        self._has_room = has_room
        self._lock = threading.Lock()
        self._running: dict[Acceptor, threading.Thread] = {}
        self._stopping = False

    def serve(self, listener: socket.socket) -> None:
        """Accepts connections until SIGTERM, and waits for the instances in flight."""
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

        def handle(_number: int, _frame: FrameType | None) -> None:
            self._stopping = True

        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, handle)
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        poll.register(reader, select.POLLIN)
        while not self._stopping:
            poll.poll()
            if not self._stopping:
                self._accept(listener)
        listener.close()
        self._drain()

    def _accept(self, listener: socket.socket) -> None:
        """Starts a thread for a connection, if another process was not faster."""
        try:
            connection, _ = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                time.sleep(PAUSE)  # the connection stays in the queue
            return  # often another process was faster
        self._drop_half_open()
        try:
            thread = threading.Thread(target=self._run, args=(connection,), daemon=True)
            thread.start()
        except RuntimeError:  # no more threads
            connection.close()

    def _drop_half_open(self) -> None:
        """Closes the oldest connection without an association if there are too many of them."""
        with self._lock:
            waiting = [acceptor for acceptor in self._running if not acceptor.is_open]
        if len(waiting) >= HALF_OPEN:
            waiting[0].stop()

    def _run(self, connection: socket.socket) -> None:
        """Serves one connection in its thread."""
        try:
            secured = self._secured(connection)
            acceptor = Acceptor(
                secured,
                self._service.acceptance,
                self._service.limits,
                self._handler,
                self._takes_one_more,
            )
        except OSError as error:
            self._handler.note("", f"no connection: {error}")
            connection.close()
            return
        with self._lock:
            self._running[acceptor] = threading.current_thread()
        try:
            if self._stopping:
                acceptor.stop()
            acceptor.serve()
        except Exception:  # noqa: BLE001 - a bug must not end the server
            self._handler.note(acceptor.host, f"a bug in dicomtx: {traceback.format_exc()}")
        finally:
            with self._lock:
                del self._running[acceptor]
            self._takes_one_more(0)

    def _secured(self, connection: socket.socket) -> socket.socket:
        """Returns the connection, encrypted if the service asks for TLS."""
        connection.setblocking(True)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._service.tls is None:
            return connection
        return self._service.tls.wrap_socket(  # the first read does the handshake
            connection, server_side=True, do_handshake_on_connect=False
        )

    def _takes_one_more(self, more: int = 1) -> bool:
        """Returns whether another association can be opened."""
        with self._lock:
            count = sum(acceptor.is_open for acceptor in self._running)
            return self._has_room(count + more)

    def _drain(self) -> None:
        """Ends the associations, each after its instance in flight."""
        with self._lock:
            running = dict(self._running)
        for acceptor in running:
            acceptor.stop()
        for thread in running.values():
            thread.join()
