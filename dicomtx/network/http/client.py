"""Requests to one server, with bounded answers, and errors that name the server."""

import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from http.client import responses
from typing import Any, Final

import httpx

from dicomtx.errors import NetworkError, UnreachableError
from dicomtx.frozen import Frozen
from dicomtx.network.address import WebAddress
from dicomtx.network.credentials import Credentials
from dicomtx.network.http.json_answer import json_object
from dicomtx.network.http.multipart import MultipartError
from dicomtx.network.tls import TlsOptions, client_context
from dicomtx.printable import plain
from dicomtx.storage.source import reason
from dicomtx.version import __version__

LARGEST_ANSWER: Final = 64 << 20  # bytes, of answers that are read into memory
LEAST: Final = 1024  # bytes that must arrive in the time of ``answer_seconds``
LONGEST_TEXT: Final = 300  # characters of a server's message
TRY_AGAIN: Final = frozenset({408, 425, 429})
"""Statuses below 500 that another attempt can change (RFC 9110, RFC 8470, RFC 6585)."""


class HttpOptions(Frozen):
    """How requests are made.

    Attributes:
        credentials: what is shown to the server; None for nothing.
        tls: the certificates for an address with https; None uses those of the system.
        connect_seconds: how long a connection may take.
        answer_seconds: how long the server may be silent. A server that sends less than 1 kB in
            this time counts as silent.
    """

    credentials: Credentials | None = None
    tls: TlsOptions | None = None
    connect_seconds: float = 10
    answer_seconds: float = 60


class NoAnswerError(NetworkError):
    """The server did not answer in time."""


class Answer(Frozen):
    """The answer to one request.

    Attributes:
        status: the HTTP status.
        headers: the header fields; names are in lower case.
        body: the content.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def again(self) -> bool:
        """Whether another attempt could succeed."""
        return self.status in TRY_AGAIN or self.status >= 500

    @property
    def wait(self) -> float:
        """The seconds that the server asks to wait before another attempt (Retry-After)."""
        return seconds_of(self.headers.get("retry-after", ""), time.time())


class Client:
    """A connection to one server. One thread uses it at a time."""

    def __init__(self, address: WebAddress, options: HttpOptions) -> None:
        self.address = address
        self._options = options
        seconds = options.answer_seconds
        self._http = httpx.Client(
            verify=_context(address, options),
            headers=_headers(options.credentials),
            timeout=httpx.Timeout(seconds, connect=options.connect_seconds),
        )

    def close(self) -> None:
        """Closes the connection."""
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        content: Iterable[bytes] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends a request and returns the complete answer.

        Args:
            method: such as GET.
            path: what follows the address of the server.
            content: the body. Give its length in ``headers`` if it is not bytes.
            headers: header fields.

        Raises:
            NetworkError: the server cannot be reached, or the connection is lost, or the answer is
                too long. ``NoAnswerError`` if the server did not answer in time.
        """
        with self.stream(method, path, content, headers) as (answer, chunks):
            return self.complete(answer, chunks)

    def complete(self, answer: Answer, chunks: Iterator[bytes]) -> Answer:
        """Returns a streamed answer with its body.

        Raises:
            NetworkError: the connection is lost, or the body is too long.
        """
        parts, size = [], 0
        for chunk in chunks:
            size += len(chunk)
            if size > LARGEST_ANSWER:
                raise self.failure(f"the answer exceeds {LARGEST_ANSWER} bytes")
            parts.append(chunk)
        return answer._replace(body=b"".join(parts))

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        content: Iterable[bytes] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """Sends a request; yields the answer without its body, and the chunks of the body.

        Redirects are not followed: credentials and instances go to the address that the user gave.

        Raises:
            NetworkError: as ``ask``. The chunks raise it, too, if the body is cut off.
        """
        url = self.address.base + path
        with (
            self._named_errors(),
            self._http.stream(method, url, content=content, headers=headers) as response,
        ):
            self._check(response)
            found = {name.lower(): value for name, value in response.headers.items()}
            yield Answer(status=response.status_code, headers=found, body=b""), self._body(response)

    def _body(self, response: httpx.Response) -> Iterator[bytes]:
        """Yields the chunks of a body that does not come too slowly."""
        with self._named_errors():
            yield from _paced(response.iter_raw(), self._options.answer_seconds)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """Turns errors of httpx and of parts into a ``NetworkError`` that names the server."""
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            told = _cause(error) if isinstance(error, httpx.ConnectError) else _late(self._options)
            raise UnreachableError(f"{self.address}: cannot be reached: {told}") from error
        except httpx.TimeoutException as error:
            silent = f"no answer within {self._options.answer_seconds:g} s"
            raise NoAnswerError(f"{self.address}: {silent}") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise self.failure(f"the connection was lost: {_cause(error)}") from error
        except MultipartError as error:
            raise self.failure(str(error)) from error

    def _check(self, response: httpx.Response) -> None:
        """Checks an answer that no caller expects.

        Raises:
            NetworkError: it is a redirect, or compressed.
        """
        if response.is_redirect:
            place = plain(_bare(response.headers.get("location", "")))
            raise self.failure(f"it redirects to {place}: use that address")
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        if coding != "identity":
            raise self.failure("it compressed the answer, though dicomtx did not allow that")

    def failure(self, told: str) -> NetworkError:
        """Returns an error that names the server."""
        return NetworkError(f"{self.address}: {told}")

    def message(self, answer: Answer) -> str:
        """Returns what the server says about a failure, or what its status means, in one line."""
        if answer.status in (401, 403):
            has = "refuses the" if self._options.credentials else "needs"
            return f"the server {has} credentials"
        text = told_by(answer)
        if self._options.credentials:
            text = self._options.credentials.hidden_in(text)
        return plain(" ".join(text.split()))[:LONGEST_TEXT] or _phrase(answer.status)


def _phrase(status: int) -> str:
    """Returns the meaning of an HTTP status, such as "bad request"."""
    return responses.get(status, "the server gave no reason").lower()


def told_by(answer: Answer) -> str:
    """Returns the message in the body of an answer; empty if there is none for people."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.body.lstrip()[:1] == b"{":  # Orthanc's errors have no content type
        found = json_object(answer.body)
        texts = (found.get(name) for name in ("Message", "Details"))
        return ": ".join(text for text in texts if isinstance(text, str) and text)
    return answer.body[: 1 << 16].decode(errors="replace") if kind == "text/plain" else ""


def seconds_of(retry_after: str, now: float) -> float:
    """Returns the seconds in a Retry-After (RFC 9110 10.2.3): a number, or a date.

    >>> seconds_of("120", 0)
    120.0
    >>> seconds_of("Thu, 01 Jan 1970 00:01:00 GMT", 30)
    30.0
    """
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _context(address: WebAddress, options: HttpOptions) -> ssl.SSLContext:
    """Returns how the server is verified. To load certificates takes 20 ms, so http has none."""
    if address.base.startswith("https:"):
        return client_context(options.tls or TlsOptions())
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody


def _headers(credentials: Credentials | None) -> dict[str, str]:
    """Returns the header fields of every request. Answers must not be compressed."""
    shown = {"Authorization": credentials.authorization()} if credentials else {}
    return {"User-Agent": f"dicomtx/{__version__}", "Accept-Encoding": "identity", **shown}


def _bare(url: str) -> str:
    """Returns a URL without user and query, which may have secrets."""
    scheme, _, rest = url.partition("?")[0].partition("#")[0].rpartition("//")
    return f"{scheme}//{rest.rpartition('@')[2]}"[:LONGEST_TEXT] if scheme else rest[:LONGEST_TEXT]


def _paced(chunks: Iterator[bytes], seconds: float) -> Iterator[bytes]:
    """Yields the chunks of a body that does not come too slowly."""
    waited, size = 0.0, 0
    while True:
        before = time.monotonic()
        chunk = next(chunks, None)
        if chunk is None:
            return
        waited += time.monotonic() - before
        size += len(chunk)
        yield chunk
        if size >= LEAST:
            waited, size = 0.0, 0
        elif waited > seconds:
            raise httpx.ReadTimeout("too slow")


def _late(options: HttpOptions) -> str:
    return f"no connection within {options.connect_seconds:g} s"


def _cause(error: Exception) -> str:
    """Returns why a request failed, in plain words."""
    system: Any = error
    while system is not None and not isinstance(system, OSError):
        system = system.__cause__ or system.__context__
    return plain(str(error)) if system is None else _system_reason(system)


def _system_reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    return reason(error)
