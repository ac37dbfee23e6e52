"""Reads the requests of clients (the format: ``dicomtx.warm.protocol``)."""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dicomtx.warm.protocol import HEADER, MAGIC, MOST_BYTES


class ProtocolError(Exception):
    """The bytes are not a request of this version."""


class Call(NamedTuple):
    """A request: a command with the state of its client.

    Attributes:
        kind: RUN, STATUS or STOP.
        identity: the client's installation (see ``protocol.installation``).
        streams: the encoding and error handler of each standard stream; empty if it is closed.
        arguments: the command line, starting with the program name.
        environment: the environment variables of the client.
    """

    kind: str
    identity: str
    streams: tuple[str, str, str]
    arguments: tuple[str, ...]
    environment: Mapping[str, str]


def body_length(header: bytes | bytearray) -> int:
    """Returns the length of the body that follows the header.

    Raises:
        ProtocolError: the bytes are not a header, or the body is too long.
    """
    length = int.from_bytes(header[len(MAGIC) : HEADER])
    if header[: len(MAGIC)] != MAGIC or length > MOST_BYTES:
        raise ProtocolError("not a request of this version of dicomtx")
    return length


def unpack(body: bytes) -> Call:
    """Returns the request in a body.

    Raises:
        ProtocolError: the bytes are not the body of a request.
    """
    fields: Sequence[str] = list(map(os.fsdecode, body.split(b"\0")))
    try:
        kind, identity, one, two, three, number, *rest = fields
        count = int(number)
    except ValueError as error:
        raise ProtocolError("not a request of this version of dicomtx") from error
    variables = (name.partition("=") for name in rest[count:])
    environment = {name: value for name, equals, value in variables if name and equals}
    return Call(kind, identity, (one, two, three), tuple(rest[:count]), environment)
