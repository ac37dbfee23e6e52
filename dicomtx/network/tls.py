"""TLS for connections to peers: certificates, and the profiles of DICOM (PS3.15 B.10, B.12).

There is no way to turn off the verification of the peer's certificate.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from dicomtx.errors import UsageError
from dicomtx.frozen import Frozen

if TYPE_CHECKING:
    import ssl

CIPHERS: Final = ":".join(
    f"{exchange}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384")
    for exchange in ("ECDHE-ECDSA", "ECDHE-RSA", "DHE-RSA")
)
"""The suites of TLS 1.2 with forward secrecy that BCP 195 recommends (RFC 9325 4.2).

OpenSSL adds those of TLS 1.3, which are all allowed.
"""


class TlsOptions(Frozen):
    """The certificates of a connection, as PEM files.

    Attributes:
        ca_file: the certificates that sign those of peers; empty for those of the system.
        certificate: our certificate, with the chain that signs it; empty for none.
        key: its private key; empty if it is in the file of the certificate.
        verify_host: whether a server's certificate must name its host. Certificates of devices
            often name an AE title instead.
    """

    ca_file: str = ""
    certificate: str = ""
    key: str = ""
    verify_host: bool = True


def client_context(options: TlsOptions) -> "ssl.SSLContext":
    """Returns the context of a client: TLS 1.2 or later, and the server's certificate is verified.

    Raises:
        UsageError: a file cannot be read, or has no certificate or key.
    """
    import ssl  # noqa: PLC0415 - 18 ms that only encrypted connections need

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = options.verify_host
    return _prepared(context, options)


def server_context(options: TlsOptions, *, anonymous: bool = False) -> "ssl.SSLContext":
    """Returns the context of a server, which needs a certificate.

    Args:
        options: the certificates.
        anonymous: accept clients without a certificate. One that has a certificate is verified.

    Raises:
        UsageError: a file cannot be read, or has no certificate or key.
    """
    import ssl  # noqa: PLC0415 - 18 ms that only encrypted connections need

    if not options.certificate:
        raise UsageError(
            "TLS: a server needs a certificate. Use --tls-cert FILE and --tls-key FILE"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_OPTIONAL if anonymous else ssl.CERT_REQUIRED
    return _prepared(context, options)


def _prepared(context: "ssl.SSLContext", options: TlsOptions) -> "ssl.SSLContext":
    """Applies the profile and the certificates to a context."""
    import ssl  # noqa: PLC0415 - see above

    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    if options.ca_file:
        _loaded(options.ca_file, lambda: context.load_verify_locations(options.ca_file))
    else:
        context.load_default_certs()
    if options.certificate:
        key = options.key or options.certificate
        _loaded(
            options.certificate,
            lambda: context.load_cert_chain(options.certificate, key, password=_no_passphrase),
        )
    return context


def _loaded(path: str, load: Callable[[], None]) -> None:
    import ssl  # noqa: PLC0415 - see above

    try:
        load()
    except ssl.SSLError as error:
        why = error.reason or str(error)
        raise UsageError(f"{path}: no usable certificate and key in PEM form ({why})") from error
    except OSError as error:
        place = error.filename or path
        raise UsageError(f"{place}: cannot be read: {error.strerror}") from error


def _no_passphrase() -> str:
    """Stops OpenSSL from asking on the terminal.

    Raises:
        UsageError: always.
    """
    raise UsageError(
        "TLS: the private key has a passphrase. Remove it (openssl pkey -in KEY -out NEW), and"
        " protect the file instead (chmod 600)"
    )
