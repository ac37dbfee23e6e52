"""The addresses of peers, as the user writes them.

>>> address_of("dicom://ARCHIVE@pacs.example:11112")
DicomAddress(called_aet='ARCHIVE', host='pacs.example', port=11112, tls=False)
>>> address_of("orthanc+https://pacs.example:8042")
WebAddress(kind='orthanc', base='https://pacs.example:8042')
"""

from typing import Final, Literal, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from dicomtx.errors import UsageError

DICOM_PORTS: Final = {"dicom": 104, "dicoms": 2762}
"""The well-known ports, without and with TLS (PS3.8 9.1.1, PS3.15 B.4)."""
WEB: Final[dict[str, tuple["WebKind", str]]] = {
    "http": ("dicomweb", "http"),
    "https": ("dicomweb", "https"),
    "orthanc+http": ("orthanc", "http"),
    "orthanc+https": ("orthanc", "https"),
}
"""What each scheme speaks, and over which protocol."""
EXAMPLES: Final = "dicom://AET@host:port, https://host/dicom-web, or orthanc+https://host:8042"
LONGEST_AET: Final = 16  # characters (PS3.5 6.2, AE)

WebKind = Literal["dicomweb", "orthanc"]


class DicomAddress(NamedTuple):
    """A peer that speaks DICOM over TCP.

    Attributes:
        called_aet: its application entity title, without padding.
        host: its name or IP address.
        port: its port.
        tls: whether the connection is encrypted.
    """

    called_aet: str
    host: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"dicom{'s' * self.tls}://{self.called_aet}@{host}:{self.port}"


class WebAddress(NamedTuple):
    """A peer that speaks HTTP.

    Attributes:
        kind: ``dicomweb`` (PS3.18), or ``orthanc`` for Orthanc's own REST API.
        base: the URL that its paths are added to, without a slash at the end.
    """

    kind: WebKind
    base: str

    def __str__(self) -> str:
        return f"orthanc+{self.base}" if self.kind == "orthanc" else self.base


Address = DicomAddress | WebAddress


def address_of(url: str) -> Address:
    """Returns the address that a URL names.

    Raises:
        UsageError: it is not an address, or it has a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{url}: not an address ({error}). Use {EXAMPLES}") from error
    if parts.password is not None:
        raise UsageError(
            f"{parts.scheme}://{parts.hostname}: the address has a password, which other users can"
            " see. Use a netrc file, --auth-file, or DICOMTX_USER and DICOMTX_PASSWORD"
        )
    if parts.scheme not in {**DICOM_PORTS, **WEB}:
        raise UsageError(f"{url}: not an address. Use {EXAMPLES}")
    if not parts.hostname:
        raise UsageError(f"{url}: the host is missing. Use {EXAMPLES}")
    if parts.scheme in DICOM_PORTS:
        return _dicom(url, parts, port)
    return _web(url, parts)


def _dicom(url: str, parts: SplitResult, port: int | None) -> DicomAddress:
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise UsageError(f"{url}: an address of a DICOM peer ends with the port")
    if not parts.username:
        raise UsageError(f"{url}: the AE title is missing. Use {parts.scheme}://AET@host:port")
    aet = checked_aet(unquote(parts.username))
    return DicomAddress(
        aet, parts.hostname or "", port or DICOM_PORTS[parts.scheme], parts.scheme == "dicoms"
    )


def _web(url: str, parts: SplitResult) -> WebAddress:
    if parts.username or parts.query or parts.fragment:
        raise UsageError(f"{url}: an address has no user, query or fragment")
    kind, scheme = WEB[parts.scheme]
    return WebAddress(kind, f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}")


def checked_aet(title: str) -> str:
    r"""Returns an application entity title without padding.

    Raises:
        UsageError: it is empty, longer than 16 characters, or has a backslash or a character that
            is not printable ASCII (PS3.5 6.2).
    """
    stripped = title.strip(" ")
    if not stripped or len(stripped) > LONGEST_AET:
        raise UsageError(f"AE title {title!r}: use 1 to {LONGEST_AET} characters (PS3.5 6.2)")
    if not (stripped.isascii() and stripped.isprintable()) or "\\" in stripped:
        raise UsageError(f"AE title {title!r}: use ASCII without backslash (PS3.5 6.2)")
    return stripped
