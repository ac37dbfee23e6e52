"""A server on the loopback interface that answers what a test says, byte for byte."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

Answering = Callable[[socket.socket, bytes], None]


class RawServer:
    """Reads one request per connection and lets a function answer it.

    Attributes:
        port: its port.
        requests: what it received, in order: heads and bodies.
    """

    def __init__(
        self,
        answer: bytes | Answering,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        """Takes the bytes of every answer, or a function that writes one to the socket."""
        self._answer = answer
        self._tls = tls
        self._listener = socket.create_server((host, 0))
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(30)
                if self._tls:
                    with self._tls.wrap_socket(connection, server_side=True) as encrypted:
                        self._one(encrypted)
                else:
                    self._one(connection)

    def _one(self, connection: socket.socket) -> None:
        request = received(connection)
        self.requests.append(request)
        if callable(self._answer):
            self._answer(connection, request)
        else:
            connection.sendall(self._answer)


def received(connection: socket.socket) -> bytes:
    """Returns a request with the body that its Content-Length announces."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(1 << 16)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    size = int(lengths[0].partition(b":")[2]) if lengths else 0
    while len(body) < size:
        more = connection.recv(1 << 16)
        if not more:
            break
        body += more
    return head + b"\r\n\r\n" + body


def answer(
    status: str, body: bytes = b"", content_type: str = "text/plain", *headers: str
) -> bytes:
    """Returns a complete HTTP answer, such as of the status "200 OK"."""
    lines = (
        f"HTTP/1.1 {status}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
