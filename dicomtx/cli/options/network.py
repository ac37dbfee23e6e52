"""The options of commands that connect to peers: credentials, certificates and time limits."""

import os
from typing import TYPE_CHECKING, Any, Final

import click

from dicomtx.cli.options.headings import option
from dicomtx.errors import UsageError

if TYPE_CHECKING:
    from dicomtx.network.address import Address, WebAddress
    from dicomtx.network.http.client import HttpOptions
    from dicomtx.network.tls import TlsOptions

HEADING: Final = "Network"
SECONDS: Final = click.FloatRange(min=0.1)
EXTRA: Final = "the network needs httpx: pip install 'dicomtx[network]'"
AUTH_FILE: Final = option(
    *(HEADING, "--auth-file"),
    metavar="FILE",
    default="",
    help="File with user:password, or with a token. Only its owner may be able to read it.",
    shown="DICOMTX_USER and DICOMTX_PASSWORD, DICOMTX_TOKEN, or ~/.netrc",
)
TLS: Final = (
    option(
        *(HEADING, "--tls-ca"),
        metavar="FILE",
        default="",
        help="Certificates (PEM) that sign those of peers.",
        shown="those of the system",
    ),
    option(
        *(HEADING, "--tls-cert"),
        metavar="FILE",
        default="",
        help="Our certificate (PEM), with the chain that signs it.",
    ),
    option(
        *(HEADING, "--tls-key"),
        metavar="FILE",
        default="",
        help="The private key of --tls-cert.",
        shown="in the file of --tls-cert",
    ),
)
AET: Final = option(
    *(HEADING, "-aet", "--aet"),
    metavar="AET",
    default="DICOMTX",
    help="Our AE title.",
    show_default=True,
)
CONNECT_TIMEOUT: Final = option(
    *(HEADING, "-to", "--connect-timeout"),
    metavar="SECONDS",
    type=SECONDS,
    default=10.0,
    help="Give up if a connection takes longer.",
    shown="10",
)
TIMES: Final = (
    CONNECT_TIMEOUT,
    option(
        *(HEADING, "--answer-timeout"),
        metavar="SECONDS",
        type=SECONDS,
        default=60.0,
        help="Give up if the peer is silent for this time, or sends less than 1 kB in it.",
        shown="60",
    ),
)


def tls_options(address: "Address", options: dict[str, Any]) -> "TlsOptions":
    """Returns the certificates that the options name, and removes the options.

    Raises:
        UsageError: a file cannot be used, or the connection to the address is not encrypted.
    """
    from dicomtx.network.address import DicomAddress  # noqa: PLC0415 - a command imports its work when run
    from dicomtx.network.tls import TlsOptions, client_context  # noqa: PLC0415

    ca_file, certificate, key = (options.pop(f"tls_{name}") for name in ("ca", "cert", "key"))
    found = TlsOptions(
        ca_file=ca_file,
        certificate=certificate,
        key=key,
        verify_host=not options.pop("tls_any_host", False),
    )
    if isinstance(address, DicomAddress):
        encrypted, instead = address.tls, "dicoms://"
    else:
        encrypted, instead = address.base.startswith("https:"), "https://"
    if encrypted:
        client_context(found)  # a wrong file ends the command before it reads any instance
    elif found != TlsOptions():
        raise UsageError(f"{address} is not encrypted: --tls options need {instead}")
    return found


def http_options(address: "WebAddress", options: dict[str, Any]) -> "HttpOptions":
    """Returns how requests to an address are made.

    Raises:
        UsageError: httpx is not installed.
        SettingsError: the credentials cannot be read, or others can read them.
    """
    from urllib.parse import urlsplit  # noqa: PLC0415

    from dicomtx.network.credentials import find_credentials  # noqa: PLC0415

    try:
        from dicomtx.network.http.client import HttpOptions  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(EXTRA) from error
    host = urlsplit(address.base).hostname or ""
    return HttpOptions(
        credentials=find_credentials(host, os.environ, options["auth_file"]),
        tls=tls_options(address, options),
        connect_seconds=options["connect_timeout"],
        answer_seconds=options["answer_timeout"],
    )
