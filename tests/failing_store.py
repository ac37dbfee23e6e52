"""A front of a real S3 server that refuses some requests, as a store that fails does."""

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final
from urllib.parse import urlsplit

Refuses = Callable[[str, str], bool]
REFUSAL: Final = b"<Error><Code>AccessDenied</Code><Message>the store failed</Message></Error>"
OURS: Final = ("connection", "transfer-encoding", "content-length", "date", "server")


@contextmanager
def front_of(address: str, refuses: Refuses) -> Iterator[str]:
    """Yields the address of the front. ``refuses`` gets the method and the path of a request."""
    back = urlsplit(address).netloc

    class Front(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if refuses(self.command, self.path):
                self.tell(403, REFUSAL, {})
                return
            connection = http.client.HTTPConnection(back)
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            headers = {n: v for n, v in answer.getheaders() if n.lower() not in OURS}
            if self.command == "HEAD":
                headers["Content-Length"] = answer.getheader("Content-Length") or "0"
            self.tell(answer.status, answer.read(), headers)
            connection.close()

        def tell(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815 - names of the class

    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
