"""Receives the body of a request into a file without a name.

The file has no name, so it is gone when the server is, however that ends.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Final

from dicomtx.errors import DicomtxError
from dicomtx.storage.source import nameless, temporary_folder, write_all

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

PATIENCE: Final = 30.0  # seconds that a client can be silent for
SLOWEST: Final = 10_000  # bytes per second, on average
LINGER: Final = 2.0  # seconds to read on after an answer is certain, so that the client gets it


class ClientGoneError(Exception):
    """The client closed the connection before it had its answer."""


class RequestError(DicomtxError):
    """A request that is answered with an error.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class TooLargeError(RequestError):
    """The body is larger than the server accepts."""

    def __init__(self, most: int) -> None:
        super().__init__(413, f"the body is larger than {most} bytes (--max-body)")


def check_length(headers: MutableMapping[bytes, bytes], most: int) -> None:
    """Checks the length that the client announces.

    Raises:
        TooLargeError: it is larger than ``most`` bytes.
    """
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > most:
        raise TooLargeError(most)


async def received(receive: Receive, most: int) -> int:
    """Returns the descriptor of a file with the body, at its start.

    Raises:
        ClientGoneError: the client left before the body was complete.
        DestinationError: the body cannot be stored.
        RequestError: the body is larger than ``most`` bytes, or comes too slowly.
    """
    fd = nameless(temporary_folder())
    try:
        await _copy(receive, fd, most)
        os.lseek(fd, 0, os.SEEK_SET)
    except BaseException:
        os.close(fd)
        raise
    return fd


async def _copy(receive: Receive, fd: int, most: int) -> None:
    size, more = 0, True
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while more:
        try:
            async with asyncio.timeout_at(deadline + size / SLOWEST):
                message = await receive()
        except TimeoutError:
            raise RequestError(408, "the body came too slowly") from None
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        piece, more = message.get("body", b""), message.get("more_body", False)
        size += len(piece)
        if size > most:
            raise TooLargeError(most)
        write_all(fd, piece)


async def drained(receive: Receive) -> None:
    """Reads and drops what a client still sends, for a short time.

    Closing the connection with unread data would take the answer away from the client.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            while (await receive()).get("more_body", False):
                pass
