"""SFTP with verified host keys: fsspec's own class accepts every key."""

import fsspec
import paramiko
from fsspec.implementations.sftp import SFTPFileSystem


class VerifiedSftp(SFTPFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Connects only to servers in ``~/.ssh/known_hosts``. Uses the agent and the keys there."""

    def _connect(self) -> None:
        self.client = paramiko.SSHClient()
        self.client.load_system_host_keys()
        self.client.connect(self.host, **self.ssh_kwargs)
        self.ftp = self.client.open_sftp()


def register() -> None:
    """Makes fsspec use this class."""
    for scheme in ("sftp", "ssh"):
        fsspec.register_implementation(scheme, VerifiedSftp, clobber=True)
