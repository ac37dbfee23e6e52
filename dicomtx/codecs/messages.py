"""How a codec's process and its parent talk: two runs of bytes, head and body, by their lengths."""

import os
import struct
from typing import Final

LENGTHS: Final = struct.Struct(">QQ")

Data = bytes | bytearray | memoryview


def send(descriptor: int, head: bytes, body: memoryview) -> None:
    """Writes one message; the body is flat bytes.

    Raises:
        OSError: nobody reads any more.
    """
    for part in (LENGTHS.pack(len(head), len(body)), head, body):
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def receive(descriptor: int) -> tuple[bytearray, bytearray]:
    """Returns head and body of the next message.

    Raises:
        EOFError: nobody writes any more.
    """
    head, body = LENGTHS.unpack(_read(descriptor, LENGTHS.size))
    return _read(descriptor, head), _read(descriptor, body)


def _read(descriptor: int, length: int) -> bytearray:
    data = bytearray(length)  # zeros of the kernel's: a length that is a lie takes no memory
    rest = memoryview(data)
    while rest:
        got = os.readv(descriptor, (rest,))
        if not got:
            raise EOFError
        rest = rest[got:]
    return data
