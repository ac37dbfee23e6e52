"""The protocol between a codec's process and its parent: head and body, preceded by their lengths.

A deadline is a time of ``time.monotonic()``; without one, there is no timeout.
"""

import os
import select
import struct
import time
from typing import Final

LENGTHS: Final = struct.Struct(">QQ")

Data = bytes | bytearray | memoryview


def send(pipe: int, head: bytes, body: memoryview, deadline: float | None = None) -> None:
    """Writes one message; the body is flat bytes.

    A deadline needs a non-blocking pipe if the message is larger than the pipe's buffer.

    Raises:
        TimeoutError: the reader did not read it in time.
        OSError: the reader has closed the pipe.
    """
    for part in (LENGTHS.pack(len(head), len(body)), head, body):
        rest = memoryview(part)
        while rest:
            _wait(pipe, select.POLLOUT, deadline)
            rest = rest[os.write(pipe, rest) :]


def receive(pipe: int, deadline: float | None = None) -> tuple[bytearray, bytearray]:
    """Returns the head and body of the next message.

    Raises:
        TimeoutError: it did not arrive in time.
        EOFError: the writer has closed the pipe.
    """
    head, body = LENGTHS.unpack(_read(pipe, LENGTHS.size, deadline))
    return _read(pipe, head, deadline), _read(pipe, body, deadline)


def _read(pipe: int, length: int, deadline: float | None) -> bytearray:
    data = bytearray(length)  # untouched zero pages, so a forged length takes no memory
    rest = memoryview(data)
    while rest:
        _wait(pipe, select.POLLIN, deadline)
        got = os.readv(pipe, (rest,))
        if not got:
            raise EOFError
        rest = rest[got:]
    return data


def _wait(pipe: int, event: int, deadline: float | None) -> None:
    ready = select.poll()
    ready.register(pipe, event)
    left = None if deadline is None else max(0.0, deadline - time.monotonic())
    if not ready.poll(None if left is None else left * 1000):
        raise TimeoutError
