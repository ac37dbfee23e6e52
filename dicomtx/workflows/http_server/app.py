"""The HTTP interface: an ASGI application with three routes."""

import asyncio
import json
import os
import time
import traceback
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from dicomtx.errors import DestinationError, UsageError
from dicomtx.storage.source import nameless, temporary_folder
from dicomtx.version import __version__
from dicomtx.workflows.http_server.access import Access
from dicomtx.workflows.http_server.answer import Answer, answer_of, failed
from dicomtx.workflows.http_server.body import (
    ClientGoneError,
    Message,
    Receive,
    RequestError,
    check_length,
    drained,
    received,
)
from dicomtx.workflows.http_server.metrics import Metrics
from dicomtx.workflows.http_server.query import arguments_of
from dicomtx.workflows.http_server.worker import Worker, WorkerGoneError

Send = Callable[[Message], Awaitable[None]]

METHODS: Final = {
    "/transcode": ("POST",),
    "/health": ("GET", "HEAD"),
    "/metrics": ("GET", "HEAD"),
}
COMMAND: Final = ("convert", "-", "-", "--json")
PIECE: Final = 1 << 18
MOST_PRINTED: Final = 1 << 24
JSON: Final = b"application/json"
CLOSE: Final = (b"connection", b"close")
"""One request for each connection, so that the time for its header can be limited."""


class Rules(NamedTuple):
    """What the server allows.

    Attributes:
        access: who may use it.
        policies: the names of the policies that clients can choose.
        most_bytes: the largest body.
        time_out: the most seconds for one conversion; 0 is no limit.
    """

    access: Access
    policies: Collection[str]
    most_bytes: int
    time_out: float


class App:
    """The application. It converts nothing itself."""

    def __init__(self, worker: Worker, rules: Rules, note: Callable[[str], None]) -> None:
        """Hands conversions to ``worker``, and reports its own bugs with ``note``."""
        self._worker = worker
        self._rules = rules
        self._note = note
        self.metrics = Metrics()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answers one request."""
        started = time.monotonic()
        try:
            result = await self._answer(scope, receive, send)
        except ClientGoneError:
            result = "abandoned"
        except RequestError as error:
            await drained(receive)
            result = await _refuse(send, error.status, str(error))
        except DestinationError as error:  # the disk is full, or too many files are open
            result = await _refuse(send, 503, f"the server cannot store the file: {error}")
        except Exception as error:  # noqa: BLE001 - a bug costs this request only
            self._note("".join(traceback.format_exception(error)).rstrip())
            result = await _refuse(send, 500, "this is a bug in dicomtx")
        if result:
            self.metrics.add(result, time.monotonic() - started)

    async def _answer(self, scope: dict[str, Any], receive: Receive, send: Send) -> str:
        """Answers a request, and returns the result for the metrics; empty to count nothing."""
        refusal = self._rules.access.refusal(scope["headers"])
        if refusal:
            raise RequestError(*refusal)
        methods = METHODS.get(scope["path"])
        if not methods:
            raise RequestError(404, f"no such path: use {', '.join(METHODS)}")
        if scope["method"] not in methods:
            raise RequestError(405, f"use {methods[0]}")
        match scope["path"]:
            case "/health":
                status = 200 if self._worker.is_ready() else 503
                await _send(send, status, json.dumps({"version": __version__}).encode(), JSON)
            case "/metrics":
                await _send(
                    send, 200, self.metrics.as_text().encode(), b"text/plain; version=0.0.4"
                )
            case _:
                return await self._transcode(scope, receive, send)
        return ""

    async def _transcode(self, scope: dict[str, Any], receive: Receive, send: Send) -> str:
        """Converts the body, sends the result, and returns its name for the metrics."""
        try:
            arguments = arguments_of(scope["query_string"], self._rules.policies)
        except UsageError as error:
            raise RequestError(400, str(error)) from error
        check_length(dict(scope["headers"]), self._rules.most_bytes)
        with _files() as files:
            files.append(await received(receive, self._rules.most_bytes))
            self.metrics.bytes_in += os.fstat(files[0]).st_size
            files += [nameless(temporary_folder()) for _ in ("output", "error")]
            answer = await self._converted(arguments, files, receive)
            await self._deliver(answer, files[1], send)
            return answer.result

    async def _converted(self, arguments: list[str], files: list[int], receive: Receive) -> Answer:
        """Runs the conversion, unless the client leaves meanwhile.

        Raises:
            ClientGoneError: the client left.
        """
        running = asyncio.create_task(self._run(arguments, files))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({running, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                raise ClientGoneError
            return running.result()
        except WorkerGoneError as error:
            return failed(503, str(error))
        finally:
            for task in (running, leaving):
                task.cancel()
            await asyncio.gather(running, leaving, return_exceptions=True)

    async def _run(self, arguments: list[str], files: list[int]) -> Answer:
        times: list[float] = []
        with self._counted(times) as start:
            code = await self._worker.run((*COMMAND, *arguments), files, start)
        limit = self._rules.time_out
        late = bool(limit and times) and time.monotonic() - times[0] >= limit
        printed = os.pread(files[2], MOST_PRINTED, 0).decode(errors="replace")
        return answer_of(code, printed, late=late)

    @contextmanager
    def _counted(self, times: list[float]) -> Iterator[Callable[[], None]]:
        """Counts a request as queued, then as running once the function is called."""

        def start() -> None:
            times.append(time.monotonic())
            self.metrics.queued -= 1
            self.metrics.running += 1

        self.metrics.queued += 1
        try:
            yield start
        finally:
            if times:
                self.metrics.running -= 1
            else:
                self.metrics.queued -= 1

    async def _deliver(self, answer: Answer, fd: int, send: Send) -> None:
        """Sends the converted file, or the answer that there is none."""
        outcome = [(b"dicomtx-outcome", answer.header)] if answer.outcome else []
        if answer.status != 200:
            await _send(send, answer.status, answer.body, JSON, outcome)
            return
        size = os.fstat(fd).st_size
        self.metrics.bytes_out += size
        length = (b"content-length", str(size).encode())
        headers = [(b"content-type", b"application/dicom"), length, CLOSE, *outcome]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for offset in range(0, size, PIECE):
            piece = os.pread(fd, PIECE, offset)
            more = offset + PIECE < size
            await send({"type": "http.response.body", "body": piece, "more_body": more})


@contextmanager
def _files() -> Iterator[list[int]]:
    """Yields a list of descriptors that are closed at the end."""
    files: list[int] = []
    try:
        yield files
    finally:
        for fd in files:
            os.close(fd)


async def _left(receive: Receive) -> None:
    """Returns when the client closes its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int, error: str) -> str:
    """Sends an error, and returns its result for the metrics."""
    answer = failed(status, error)
    await _send(send, status, answer.body, JSON)
    return answer.result


async def _send(
    send: Send,
    status: int,
    body: bytes,
    kind: bytes,
    headers: Collection[tuple[bytes, bytes]] = (),
) -> None:
    """Sends a small answer at once."""
    own = [(b"content-type", kind), (b"content-length", str(len(body)).encode())] if body else []
    headers = [*own, CLOSE, *headers]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
