"""Credentials for servers: from a file, the environment or netrc, and never shown."""

import os
import stat
from base64 import b64encode
from collections.abc import Mapping
from typing import Final, Never

from dicomtx.errors import SettingsError
from dicomtx.frozen import Frozen
from dicomtx.storage.source import reason

USER: Final = "DICOMTX_USER"
PASSWORD: Final = "DICOMTX_PASSWORD"  # noqa: S105 - the name of a variable
TOKEN: Final = "DICOMTX_TOKEN"  # noqa: S105 - the name of a variable
LARGEST: Final = 1 << 16  # bytes of a file with credentials
HIDDEN: Final = "***"


class Secret:
    """A text that nothing prints, logs or pickles by accident.

    >>> Secret("swordfish")
    Secret(***)
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Returns the text."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> Never:
        """Refuses to be pickled: journals and messages to workers have no secrets."""
        raise TypeError("a secret cannot be pickled")


class Credentials(Frozen):
    """What a client shows to a server.

    Attributes:
        secret: the password, or the token.
        user: the name of the user; empty for a token.
    """

    secret: Secret
    user: str = ""

    def authorization(self) -> str:
        """Returns the value of the header Authorization (RFC 7617, RFC 6750)."""
        secret = self.secret.reveal()
        if not self.user:
            return f"Bearer {secret}"
        return f"Basic {b64encode(f'{self.user}:{secret}'.encode()).decode()}"

    def hidden_in(self, text: str) -> str:
        """Returns a text of the server without the secret, which it may have repeated."""
        encoded = self.authorization().partition(" ")[2]
        return text.replace(encoded, HIDDEN).replace(self.secret.reveal(), HIDDEN)


def find_credentials(
    host: str, environ: Mapping[str, str], auth_file: str = ""
) -> Credentials | None:
    """Returns the credentials for a host; None if there are none.

    The first of these that has some decides: ``auth_file``, the environment, and the host's entry
    in the file that ``NETRC`` names, or in ``~/.netrc``.

    Args:
        host: the name of the server, as in the address.
        environ: the environment.
        auth_file: a file with ``user:password``, or with a token; empty if there is none.

    Raises:
        SettingsError: a file cannot be read, or other users can read it, or it is invalid.
    """
    if auth_file:
        return _parsed(auth_file, _private_text(auth_file).strip())
    return _of_environment(environ) or _of_netrc(host, environ)


def _parsed(where: str, text: str) -> Credentials:
    """Returns the credentials in a text: ``user:password`` or a token."""
    user, colon, password = text.partition(":")
    if colon and user and password:
        return _checked(where, user, password)
    if colon or not text:
        raise SettingsError(f"{where}: write user:password, or a token")
    return _checked(where, "", text)


def _checked(where: str, user: str, secret: str) -> Credentials:
    """Returns credentials that fit in a header."""
    if not (user + secret).isprintable() or (not user and not secret.isascii()):
        raise SettingsError(f"{where}: the credentials have characters that HTTP does not allow")
    if not user and " " in secret:
        raise SettingsError(f"{where}: a token has no spaces; write user:password, or a token")
    return Credentials(secret=Secret(secret), user=user)


def _of_environment(environ: Mapping[str, str]) -> Credentials | None:
    user, password = environ.get(USER, ""), environ.get(PASSWORD, "")
    token = environ.get(TOKEN, "")
    if token and (user or password):
        raise SettingsError(f"{TOKEN} and {USER} contradict each other")
    if token:
        return _checked(TOKEN, "", token)
    if bool(user) != bool(password):
        missing = PASSWORD if user else USER
        raise SettingsError(f"{missing} is missing: {USER} and {PASSWORD} go together")
    if ":" in user:
        raise SettingsError(f"{USER}: a user name has no colon (RFC 7617)")
    return _checked(USER, user, password) if user else None


def _of_netrc(host: str, environ: Mapping[str, str]) -> Credentials | None:
    """Returns the entry of a host. The entry ``default`` is for no host in particular: ignored."""
    path = environ.get("NETRC", "")
    if not path:
        path = os.path.join(environ.get("HOME", ""), ".netrc")
        if not (os.path.isabs(path) and os.path.exists(path)):
            return None
    from netrc import NetrcParseError, netrc  # noqa: PLC0415 - seldom needed

    try:
        entry = netrc(path).hosts.get(host)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {reason(error)}") from error
    except (NetrcParseError, ValueError) as error:  # their messages may have the password
        where = f"line {error.lineno}" if isinstance(error, NetrcParseError) else "its text"
        raise SettingsError(f"{path}: {where} is not valid in a netrc file") from None
    if entry is None:
        return None
    _check_private(path, os.stat(path))
    login, _, password = entry
    if not (login and password):
        raise SettingsError(f"{path}: the entry of {host} has no login, or no password")
    return _checked(path, login, password)


def _private_text(path: str) -> str:
    """Returns the text of a file that only its owner can read.

    Raises:
        SettingsError: it cannot be read, or other users can read it, or it is not a text.
    """
    try:
        with open(path, "rb") as file:
            _check_private(path, os.fstat(file.fileno()))
            content = file.read(LARGEST)
        return content.decode()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {reason(error)}") from error
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: it is not UTF-8 text") from None


def _check_private(path: str, status: os.stat_result) -> None:
    """Checks that only the owner can read a file. Pipes and terminals are private.

    Raises:
        SettingsError: other users can read it.
    """
    if stat.S_ISREG(status.st_mode) and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f"{path}: other users can read it. Try: chmod 600 {path}")
