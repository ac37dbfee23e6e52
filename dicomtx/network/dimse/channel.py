"""A connection that carries PDUs, with a time limit for everything that it waits for."""

import select
import socket
import time
from typing import TYPE_CHECKING, Final

from dicomtx.errors import NetworkError
from dicomtx.network.address import DicomAddress
from dicomtx.network.dimse import pdu
from dicomtx.network.tls import TlsOptions, client_context

if TYPE_CHECKING:
    import ssl

QUICK_ACK: Final = getattr(socket, "TCP_QUICKACK", None)  # Linux only
LINGER: Final = 2.0
"""Seconds to look for the peer's reason after it stopped to read."""


class Channel:
    """A TCP connection to a peer, encrypted or not.

    The messages of its errors do not name the peer; the association adds the name.
    """

    def __init__(self, address: DicomAddress, seconds: float, tls: TlsOptions | None) -> None:
        """Connects.

        Args:
            address: the peer.
            seconds: the time limit to connect.
            tls: the certificates, if the address asks for TLS.

        Raises:
            NetworkError: the peer cannot be reached, or its certificate cannot be verified.
            UsageError: a certificate of ours cannot be used.
        """
        context = client_context(tls or TlsOptions()) if address.tls else None
        try:
            self._socket = socket.create_connection((address.host, address.port), seconds)
        except OSError as error:
            raise NetworkError(f"cannot be reached: {_reason(error, seconds)}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            self._socket = _encrypted(self._socket, context, address.host)

    def send(self, data: bytes | bytearray, seconds: float) -> None:
        """Sends bytes. The limit is for all of them.

        Raises:
            NetworkError: the peer does not read, or the connection is lost.
        """
        try:
            self._socket.settimeout(seconds)
            self._socket.sendall(data)
        except TimeoutError as error:
            raise NetworkError(f"does not read what is sent (for {seconds:g} s)") from error
        except OSError as error:
            raise NetworkError(self._last_word() or _lost(error)) from error

    def receive(self, seconds: float, largest: int) -> tuple[int, bytes]:
        """Returns the type of the next PDU, and its bytes behind the header.

        Args:
            seconds: the limit for all of it.
            largest: the most bytes that it may have behind the header.

        Raises:
            NetworkError: it does not come in time, it is too long, the peer aborts, or the
                connection is lost.
        """
        end = time.monotonic() + seconds
        try:
            kind, size = pdu.HEADER.unpack(self._exactly(pdu.HEADER.size, end))
            if not pdu.ASSOCIATE_RQ <= kind <= pdu.ABORT or size > largest:
                raise NetworkError(f"sent an invalid PDU (type {kind:02X}, {size} bytes)")
            body = self._exactly(size, end)
        except TimeoutError as error:
            raise NetworkError(f"did not answer within {seconds:g} s") from error
        except OSError as error:
            raise NetworkError(_lost(error)) from error
        if kind == pdu.ABORT:
            raise NetworkError(pdu.abortion(body))
        return kind, body

    def _exactly(self, size: int, end: float) -> bytes:
        """Returns ``size`` bytes, which must be here at the time ``end``."""
        data = b""
        while len(data) < size:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            self._acknowledge_at_once()
            more = self._socket.recv(size - len(data))
            if not more:
                raise NetworkError("closed the connection")
            data += more
        return data

    def _acknowledge_at_once(self) -> None:
        """Keeps the peer from waiting 40 ms between the two halves of each answer.

        Nagle's algorithm, which DCMTK leaves on, holds the second half until we acknowledge the
        first. The system forgets this option, so it is set for each read.
        """
        if QUICK_ACK is not None:
            self._socket.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)

    def idle(self) -> bool:
        """Whether the peer keeps the connection open and has sent nothing."""
        try:
            poll = select.poll()  # unlike select(), it takes any file descriptor
            poll.register(self._socket, select.POLLIN)
            return not poll.poll(0)
        except (OSError, ValueError):
            return False

    def _last_word(self) -> str:
        """Returns why the peer stopped to read, if it says so; empty if not."""
        try:
            self.receive(LINGER, pdu.LARGEST_ANSWER)
        except NetworkError as error:
            said = str(error)
            return said if said.startswith("aborted") else ""
        return "answered before it had read all of the message"

    def close(self) -> None:
        """Closes the connection. A second call does nothing."""
        self._socket.close()


def _encrypted(plain: socket.socket, context: "ssl.SSLContext", host: str) -> "ssl.SSLSocket":
    """Returns the connection after the TLS handshake."""
    import ssl  # noqa: PLC0415 - 18 ms that only encrypted connections need

    try:
        return context.wrap_socket(plain, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        plain.close()
        raise NetworkError(
            f"TLS: its certificate is not accepted: {error.verify_message}. Use --tls-ca FILE for"
            " the certificate that signed it"
        ) from error
    except OSError as error:
        plain.close()
        why = getattr(error, "reason", None) or error.strerror or str(error)
        raise NetworkError(f"TLS: the handshake failed: {why}") from error


def _reason(error: OSError, seconds: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no connection within {seconds:g} s"
    return (error.strerror or str(error)).lower()


def _lost(error: OSError) -> str:
    return f"the connection is lost: {(error.strerror or str(error)).lower()}"
