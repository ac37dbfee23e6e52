"""One client of the server: receives its request, then tracks the child that runs it."""

import os
import socket
import time
from contextlib import suppress
from typing import Final

from dicomtx.warm import protocol
from dicomtx.warm.protocol import DESCRIPTORS, HEADER
from dicomtx.workflows.server import request
from dicomtx.workflows.server.caller import Caller
from dicomtx.workflows.server.child import Child
from dicomtx.workflows.server.request import Call, ProtocolError

PIECE: Final = 1 << 16
PATIENCE: Final = 5.0  # seconds within which a request must be complete


class Connection:
    """A client, from ``accept`` until it is closed.

    Attributes:
        socket: the non-blocking socket of the client.
        deadline: the ``time.monotonic`` time at which the server ends the client; None: never.
        call: the request; None until it is complete.
        body: the bytes of the request.
        caller: the client process; None until the server has accepted the request.
        descriptors: the descriptors that came with the request.
        child: the child that runs the command; None before it starts.
        ending: whether the child has been sent SIGTERM.
    """

    def __init__(self, accepted: socket.socket) -> None:
        """Makes the socket non-blocking and starts the deadline for the request."""
        accepted.setblocking(False)
        self.socket = accepted
        self.deadline: float | None = time.monotonic() + PATIENCE
        self.call: Call | None = None
        self.body = b""
        self.caller: Caller | None = None
        self.descriptors: list[int] = []
        self.child: Child | None = None
        self.ending = False
        self._bytes = bytearray()

    def receive(self) -> None:
        """Reads the part of the request that has arrived; sets ``call`` when it is complete.

        Raises:
            EOFError: the client closed the connection.
            ProtocolError: the bytes are not a valid request.
        """
        data, descriptors, flags, _ = socket.recv_fds(self.socket, PIECE, DESCRIPTORS)
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        self.descriptors += descriptors
        if not data:
            raise EOFError
        self._bytes += data
        if flags & socket.MSG_CTRUNC or len(self.descriptors) > DESCRIPTORS:
            raise ProtocolError("the request has too many descriptors")
        if len(self._bytes) < HEADER:
            return
        missing = HEADER + request.body_length(self._bytes) - len(self._bytes)
        if missing < 0:
            raise ProtocolError("the request has extra bytes after its end")
        if missing == 0:
            self._complete()

    def _complete(self) -> None:
        body = bytes(self._bytes[HEADER:])
        call = request.unpack(body)
        expected = sum(map(bool, call.streams)) + 1 if call.kind == protocol.RUN else 0
        if len(self.descriptors) != expected:
            raise ProtocolError("the request has the wrong number of descriptors")
        self._bytes = bytearray()
        self.call, self.body, self.deadline = call, body, None

    def signals(self) -> bytes:
        """Returns the signal numbers that the client has sent for the child.

        Raises:
            EOFError: the client closed the connection.
        """
        with suppress(BlockingIOError):
            numbers = self.socket.recv(PIECE)
            if not numbers:
                raise EOFError
            return numbers
        return b""

    def answer(self, kind: bytes, text: bytes = b"") -> None:
        """Sends an answer; ignores errors if the client is gone."""
        with suppress(OSError):
            self.socket.sendall(kind + text)

    def close_descriptors(self) -> None:
        """Closes the descriptors of the request, which the child has inherited."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = []

    def close(self) -> None:
        """Closes the connection and the descriptors of the request."""
        self.close_descriptors()
        self.socket.close()
