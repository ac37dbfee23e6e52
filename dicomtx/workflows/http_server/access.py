"""Who may use the server over HTTP."""

import hmac
import ipaddress
import os
import re
import stat
from collections.abc import Iterable
from typing import Final, NamedTuple

from dicomtx.errors import SettingsError, UsageError

SHORTEST_TOKEN: Final = 16
Headers = Iterable[tuple[bytes, bytes]]


class Address(NamedTuple):
    """Where the server listens.

    Attributes:
        host: an IP address.
        port: a TCP port; 0 lets the system choose one.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Returns the address in ``HOST:PORT``; an IPv6 address needs brackets.

        Raises:
            UsageError: the text is not an address and a port.
        """
        host, _, port = text.rpartition(":")
        host = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
        try:
            found = cls(str(ipaddress.ip_address(host)), int(port))
        except ValueError as error:
            raise UsageError(
                f"--http {text}: use an IP address and a port, such as 127.0.0.1:8765"
            ) from error
        if not 0 <= found.port < 1 << 16:
            raise UsageError(f"--http {text}: a port is at most 65535")
        return found

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can connect."""
        return ipaddress.ip_address(self.host).is_loopback

    def __str__(self) -> str:
        """Returns ``HOST:PORT``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_token(path: str) -> bytes:
    """Returns the token in a file that only its owner can read.

    Raises:
        SettingsError: the file cannot be read, others can read it, or the token is too short.
    """
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            token = file.read().strip()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise SettingsError(f"{path}: others can read the token: chmod 600 {path}")
    if len(token) < SHORTEST_TOKEN:
        raise SettingsError(f"{path}: the token needs at least {SHORTEST_TOKEN} characters")
    return token


class Access(NamedTuple):
    """The rule that lets a request in.

    With a token, a client must send it. Without one, the server is on the loopback interface, and
    web pages must be kept out: their browser sends a foreign Host (DNS rebinding) or an Origin.

    Attributes:
        host: the IP address of the server.
        token: what clients must send as ``Authorization: Bearer``; empty if there is none.
    """

    host: str
    token: bytes = b""

    def refusal(self, headers: Headers) -> tuple[int, str] | None:
        """Returns why a request is refused, as an HTTP status and a text; None to let it in."""
        given = dict(headers)
        if self.token:
            scheme, _, token = given.get(b"authorization", b"").partition(b" ")
            if scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self.token):
                return None
            return 401, "the token is missing or wrong: send it as Authorization: Bearer TOKEN"
        if b"origin" in given:
            return 403, "requests from web pages are not allowed"
        if _host(given.get(b"host", b"")) not in {"localhost", "127.0.0.1", "::1", self.host}:
            return 403, "the Host header does not name this machine: use 127.0.0.1 or localhost"
        return None


def _host(header: bytes) -> str:
    """Returns the host without brackets and port; empty if the header is not valid."""
    found = re.fullmatch(rb"(\[[^]]*\]|[^:]*)(:\d*)?", header)
    return found[1].strip(b"[]").decode("latin-1").lower() if found else ""
