"""Certificates for TLS, made by OpenSSL: an authority, a server of the loopback, and a client."""

import subprocess
from pathlib import Path
from typing import NamedTuple


class Certificates(NamedTuple):
    """PEM files.

    Attributes:
        ca: the certificate of the authority.
        server: a certificate for localhost and 127.0.0.1.
        server_key: its private key.
        client: a certificate for a client.
        client_key: its private key.
    """

    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


def made(folder: Path) -> Certificates:
    """Returns new certificates, valid for a day."""
    folder.mkdir()
    ca = folder / "ca.pem"
    _openssl(
        "req", "-x509", "-days", "1", "-subj", "/CN=Test authority", *_new_key(folder / "ca.key"),
        "-out", ca,
    )  # fmt: skip
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    server = _signed(folder, "server", "-addext", names)
    client = _signed(folder, "client")
    return Certificates(ca, *server, *client)


def _signed(folder: Path, name: str, *more: str) -> tuple[Path, Path]:
    request, key, made = (folder / f"{name}{ending}" for ending in (".csr", ".key", ".pem"))
    _openssl("req", "-subj", f"/CN={name}", *_new_key(key), "-out", request, *more)
    _openssl(
        "x509", "-req", "-days", "1", "-in", request, "-out", made, "-copy_extensions", "copy",
        "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial",
    )  # fmt: skip
    return made, key


def _new_key(path: Path) -> tuple[str | Path, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", path)


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
