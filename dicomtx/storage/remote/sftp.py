"""SFTP with verified host keys: fsspec's own class accepts every key."""

from typing import Any

import fsspec
import paramiko
from fsspec.implementations.sftp import SFTPFileSystem


class VerifiedSftp(SFTPFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Connects only to servers in ``~/.ssh/known_hosts``. Uses the agent and the keys there."""

    @staticmethod
    def _get_kwargs_from_urls(url: str) -> dict[str, Any]:
        """Returns user, host and port: file names can have ``?`` and ``#``."""
        found = SFTPFileSystem._get_kwargs_from_urls(_parts(url)[0])  # noqa: SLF001 - overridden
        return dict(found)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        """Returns the path of a URL, or a path as it is."""
        return _parts(path)[1]

    def _connect(self) -> None:
        self.client = paramiko.SSHClient()
        self.client.load_system_host_keys()
        self.client.connect(self.host, **self.ssh_kwargs)
        self.ftp = self.client.open_sftp()


def _parts(url: str) -> tuple[str, str]:
    """Returns the URL without the path, and the path."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return "", url
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host}", slash + path


def register() -> None:
    """Makes fsspec use this class."""
    for scheme in ("sftp", "ssh"):
        fsspec.register_implementation(scheme, VerifiedSftp, clobber=True)
