"""Reads PDUs from a socket. Memory stays flat, whatever lengths the peer claims."""

import socket
import time
from collections.abc import Iterator
from typing import Final

from dicomtx.network.dimse.pdu import HEADER, PduError

BUFFER: Final = 1 << 18  # bytes


class PeerGoneError(Exception):
    """The peer has closed the connection, or it is too slow."""


class PduStream:
    """The PDUs that arrive on a connection."""

    def __init__(self, connection: socket.socket, patience: float, until: float) -> None:
        """Reads from a connection.

        Args:
            connection: the socket.
            patience: seconds for each PDU to arrive.
            until: when the association must be over, by ``time.monotonic``.
        """
        self._socket = connection
        self.until = until
        self._deadline = 0.0
        self._buffer = memoryview(bytearray(BUFFER))
        self._start = self._end = 0
        self._heard = self._closed = False
        self.wait_for(patience)

    @property
    def was_only_a_check(self) -> bool:
        """Whether the peer closed the connection and sent nothing: it looked for an open port."""
        return self._closed and not self._heard

    def wait_for(self, patience: float) -> None:
        """Sets the seconds for each PDU to arrive."""
        self._patience = patience
        self._socket.settimeout(patience)

    def next_pdu(self) -> tuple[int, int]:
        """Returns type and length of the next PDU. Its bytes must have been read before the next.

        Raises:
            PeerGoneError: the connection is closed, or too slow.
        """
        if time.monotonic() > self.until:
            raise PeerGoneError("the peer is too slow")
        self._deadline = min(time.monotonic() + self._patience, self.until)
        kind, length = HEADER.unpack(self.read(HEADER.size))
        return kind, length

    def read(self, length: int) -> bytes:
        """Returns the next bytes.

        Raises:
            PeerGoneError: the connection is closed, or too slow.
        """
        if self._end - self._start < length <= BUFFER:
            self._fill(length)
        data = bytes(self._buffer[self._start : min(self._end, self._start + length)])
        self._start += len(data)
        return data if len(data) == length else data + b"".join(self.pieces(length - len(data)))

    def pieces(self, length: int) -> Iterator[memoryview]:
        """Yields the next bytes in pieces. Each is valid until the next one.

        Raises:
            PeerGoneError: the connection is closed, or too slow.
        """
        while length:
            if self._start == self._end:
                self._fill(1)
            piece = self._buffer[self._start : min(self._end, self._start + length)]
            self._start += len(piece)
            length -= len(piece)
            yield piece

    def _fill(self, wanted: int) -> None:
        """Receives until the buffer holds as many bytes."""
        left = self._end - self._start
        self._buffer[:left] = self._buffer[self._start : self._end]
        self._start, self._end = 0, left
        while self._end < wanted:
            try:
                got = self._socket.recv_into(self._buffer[self._end :])
            except TimeoutError as error:
                raise PeerGoneError("the peer is too slow") from error
            except OSError as error:
                raise PeerGoneError(f"the connection is lost: {error.strerror or error}") from error
            if not got:
                self._closed = True
                raise PeerGoneError("the peer closed the connection")
            self._heard = True
            self._end += got
            if self._end < wanted and time.monotonic() > self._deadline:
                raise PeerGoneError("the peer is too slow")


def bounded(length: int, most: int) -> int:
    """Returns the length of a PDU.

    Raises:
        PduError: it is longer than allowed.
    """
    if length > most:
        raise PduError(f"a PDU of {length} bytes is longer than {most} bytes")
    return length
