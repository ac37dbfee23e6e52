"""How a codec's process and its parent talk: two runs of bytes, head and body, by their lengths.

A deadline is a time of ``time.monotonic()``; without one there is no end of waiting.
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

    A pipe must not block if the deadline is to hold for what is longer than it takes at once.

    Raises:
        TimeoutError: nobody read it in time.
        OSError: nobody reads any more.
    """
    for part in (LENGTHS.pack(len(head), len(body)), head, body):
        rest = memoryview(part)
        while rest:
            _wait(pipe, select.POLLOUT, deadline)
            rest = rest[os.write(pipe, rest) :]


def receive(pipe: int, deadline: float | None = None) -> tuple[bytearray, bytearray]:
    """Returns head and body of the next message.

    Raises:
        TimeoutError: it did not come in time.
        EOFError: nobody writes any more.
    """
    head, body = LENGTHS.unpack(_read(pipe, LENGTHS.size, deadline))
    return _read(pipe, head, deadline), _read(pipe, body, deadline)


def _read(pipe: int, length: int, deadline: float | None) -> bytearray:
    data = bytearray(length)  # zeros of the kernel's: a length that is a lie takes no memory
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
