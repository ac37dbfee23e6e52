"""Runs the HTTP server until it is stopped. It needs uvicorn (``dicomtx[server]``)."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from dicomtx.errors import DestinationError, ExitCode
from dicomtx.settings import settings_file
from dicomtx.workflows.http_server.access import Address
from dicomtx.workflows.http_server.app import App, Rules
from dicomtx.workflows.http_server.worker import Worker
from dicomtx.workflows.policies.toml import read_policies

BACKLOG: Final = 256
MOST_CONNECTIONS: Final = 128  # more are answered with 503; each has up to five descriptors
HEADER_PATIENCE: Final = 10  # seconds until the header of a request must be complete
SEND_PATIENCE: Final = 60_000  # milliseconds that a client may read nothing of its answer
LAST_WORDS: Final = 30  # seconds for running requests when the server stops
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Protocol(H11Protocol):  # type: ignore[misc]  # mypy does not follow uvicorn
    """HTTP/1.1 for clients that send a request in time."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Starts the time for the header."""
        super().connection_made(transport)
        self.loop.call_later(HEADER_PATIENCE, self._check_header)

    def _check_header(self) -> None:
        if self.cycle is None:
            self.transport.close()


@contextmanager
def listening(address: Address) -> Iterator[socket.socket]:
    """Yields a socket that is bound to the address.

    Raises:
        DestinationError: the address is in use, or does not belong to this machine.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SEND_PATIENCE)
        try:
            listener.bind(address)
        except OSError as error:
            raise DestinationError(f"{address}: {error.strerror}") from error
        yield listener


def policy_names() -> Collection[str]:
    """Returns the policies of the user's settings file that a client can name."""
    path = settings_file(None, os.environ)
    names = read_policies(path) if path else ()
    return [name for name in names if os.sep not in name and not name.endswith(".toml")]


def serve(
    listener: socket.socket,
    path: str,
    limits: Sequence[str],
    rules: Rules,
    note: Callable[[str], None],
) -> int:
    """Serves until a signal or ``--stop``, and returns the exit code.

    Args:
        listener: the bound socket for HTTP.
        path: the Unix socket of the worker.
        limits: options of ``dicomtx serve`` for the worker.
        rules: what clients may do.
        note: reports what the user should know.
    """
    worker = Worker(path, limits)
    code = worker.wait_until_ready()
    if code is not None:  # the worker has said why
        return code
    listener.listen(BACKLOG)
    host, port, *_ = listener.getsockname()
    note(f"listening on http://{Address(host, port)}")
    try:
        asyncio.run(_serve(listener, worker, rules, note))
    finally:
        worker.stop()
    return ExitCode.DONE


async def _serve(
    listener: socket.socket, worker: Worker, rules: Rules, note: Callable[[str], None]
) -> None:
    configuration = uvicorn.Config(
        App(worker, rules, note),
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=LAST_WORDS,
    )
    server = uvicorn.Server(configuration)

    def stop(*_: object) -> None:
        server.should_exit = True

    for number in SIGNALS:  # uvicorn raises the signal again when it has stopped
        signal.signal(number, stop)
    keeping = asyncio.create_task(worker.keep_running(note))
    keeping.add_done_callback(stop)
    await server.serve(sockets=[listener])
    keeping.cancel()
