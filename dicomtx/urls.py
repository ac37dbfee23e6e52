"""URLs of objects, and messages about them without secrets."""

import re
from typing import Final

from dicomtx.errors import DicomtxError, UsageError

SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(::[a-z0-9+.-]+)*://")
PASSWORD: Final = re.compile(r"://[^/@:]*:[^/@]*@")
QUERY: Final = re.compile(r"(://[^\s'\"<>?]*)\?[^\s'\"<>]*")


def is_url(text: str) -> bool:
    """Returns whether a name is a URL, not a path.

    >>> [is_url(text) for text in ("s3://bucket/a.dcm", "a.dcm", "./s3://a.dcm", "C:/a.dcm")]
    [True, False, False, False]
    """
    return bool(SCHEME.match(text))


def checked(url: str) -> str:
    """Returns the URL if it has no password.

    Raises:
        UsageError: it has one.
    """
    if PASSWORD.search(url):
        raise UsageError(
            f"{without_secrets(url)}: a password does not belong in a URL; see docs/scale.md for"
            " where to put credentials"
        )
    return url


def without_secrets(text: str) -> str:
    """Returns a text without the passwords and the queries of its URLs.

    >>> without_secrets("https://host/a.dcm?X-Amz-Signature=1f: 403")
    'https://host/a.dcm'
    >>> without_secrets("sftp://me:secret@host/a.dcm")
    'sftp://me@host/a.dcm'
    """
    bare = re.sub(r"(://[^/@:\s]*):[^/@\s]*@", r"\1@", text)
    return QUERY.sub(r"\1", bare)


def place_of(url: str) -> str:
    """Returns the place of an object in a tree: the parts of its URL without the scheme.

    >>> place_of("https://host/in/a.dcm?signature=1f")
    'host/in/a.dcm'
    """
    return without_secrets(url).partition("://")[2]


def reason_of(error: BaseException) -> str:
    """Returns what went wrong with an object, on one line and without secrets."""
    if isinstance(error, DicomtxError):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return "no such object"
    told = " ".join(str(error).split()) or type(error).__name__
    return without_secrets(told)
