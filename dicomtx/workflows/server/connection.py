"""One client of the server: the request as it arrives, then the child that runs it."""

import os
import socket
import time
from contextlib import suppress
from typing import Final

from dicomtx.warm import protocol
from dicomtx.warm.protocol import DESCRIPTORS, HEADER, Call, ProtocolError
from dicomtx.workflows.server.caller import Caller

PIECE: Final = 1 << 16
PATIENCE: Final = 5.0  # seconds in which a request must be complete


class Connection:
    """A client from ``accept`` to its end.

    Attributes:
        socket: not blocking.
        deadline: time of ``time.monotonic`` at which the server gives up on it; None: never.
        call: the request; None until it is complete.
        caller: the process that calls; None until the request is accepted.
        descriptors: that came with the request.
        child: process ID of the child that runs the command; 0 before.
        ending: whether the child was asked to end.
    """

    def __init__(self, accepted: socket.socket) -> None:
        """Waits for a request."""
        accepted.setblocking(False)
        self.socket = accepted
        self.deadline: float | None = time.monotonic() + PATIENCE
        self.call: Call | None = None
        self.caller: Caller | None = None
        self.descriptors: list[int] = []
        self.child = 0
        self.ending = False
        self._bytes = bytearray()

    def receive(self) -> None:
        """Reads what has arrived of the request; sets ``call`` when it is complete.

        Raises:
            EOFError: the client is gone.
            ProtocolError: it does not send a request.
        """
        data, descriptors, flags, _ = socket.recv_fds(self.socket, PIECE, DESCRIPTORS)
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        self.descriptors += descriptors
        if not data:
            raise EOFError
        self._bytes += data
        if flags & socket.MSG_CTRUNC or len(self.descriptors) > DESCRIPTORS:
            raise ProtocolError("too many descriptors")
        if len(self._bytes) < HEADER:
            return
        missing = HEADER + protocol.body_length(self._bytes) - len(self._bytes)
        if missing < 0:
            raise ProtocolError("more bytes than the request has")
        if missing == 0:
            self._complete()

    def _complete(self) -> None:
        call = protocol.unpack(bytes(self._bytes[HEADER:]))
        expected = sum(map(bool, call.streams)) + 1 if call.kind == protocol.RUN else 0
        if len(self.descriptors) != expected:
            raise ProtocolError("a wrong number of descriptors")
        self._bytes = bytearray()
        self.call, self.deadline = call, None

    def signals(self) -> bytes:
        """Returns the numbers of the signals that have arrived for the child.

        Raises:
            EOFError: the client is gone.
        """
        with suppress(BlockingIOError):
            numbers = self.socket.recv(PIECE)
            if not numbers:
                raise EOFError
            return numbers
        return b""

    def answer(self, kind: bytes, text: bytes = b"") -> None:
        """Sends an answer; a client that is gone does not need it."""
        with suppress(OSError):
            self.socket.sendall(kind + text)

    def close_descriptors(self) -> None:
        """Closes what came with the request; the child has it now."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = []

    def close(self) -> None:
        """Closes the connection and what came with the request."""
        self.close_descriptors()
        self.socket.close()
