"""URLs of objects, and messages about them without secrets."""

from dicomtx.errors import DicomtxError, UsageError


def is_url(text: str) -> bool:
    """Returns whether a name is a URL, not a path.

    >>> [is_url(text) for text in ("s3://bucket/a.dcm", "a.dcm", "./s3://a.dcm", "C:/a.dcm")]
    [True, False, False, False]
    """
    scheme, mark, _ = text.partition("://")
    plain = scheme.translate(dict.fromkeys(map(ord, "+.-:")))
    return bool(mark) and scheme[:1].isalpha() and plain.isalnum() and plain.isascii()


def checked(url: str) -> str:
    """Returns the URL if it has no password.

    Raises:
        UsageError: it has one.
    """
    user = url.partition("://")[2].partition("/")[0].rpartition("@")[0]
    if ":" in user:
        raise UsageError(
            f"{without_secrets(url)}: a password does not belong in a URL; see docs/scale.md for"
            " where to put credentials"
        )
    return url


def refuse(command: str, *places: str) -> None:
    """Checks that a command that writes only local files gets no URL to write to.

    Raises:
        UsageError: one of the places is a URL.
    """
    for place in filter(is_url, places):
        raise UsageError(
            f"{without_secrets(place)}: {command} writes to local folders only, not to URLs"
        )


def without_secrets(text: str) -> str:
    """Returns a text without the passwords and the queries of its URLs.

    >>> without_secrets("https://host/a.dcm?X-Amz-Signature=1f: 403")
    'https://host/a.dcm'
    >>> without_secrets("sftp://me:secret@host/a.dcm")
    'sftp://me@host/a.dcm'
    """
    import re  # noqa: PLC0415 - takes 10 ms

    bare = re.sub(r"(://[^/@:\s]*):[^/@\s]*@", r"\1@", text)
    return re.sub(r"(://[^\s'\"<>?]*)\?[^\s'\"<>]*", r"\1", bare)


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
