"""A real SSH server for tests: the ``sshd`` of OpenSSH on the loopback, with keys of its own."""

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.dask_cluster import die_with_parent, until
from tests.object_store import free_port

SETTINGS = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/.ssh/id_ed25519.pub
PasswordAuthentication no
UsePAM no
StrictModes no
PidFile none
Subsystem sftp internal-sftp
"""


class SshServer(NamedTuple):
    """A server, and the home folder of a user who can log in.

    Attributes:
        url: ``sftp://USER@HOST:PORT``; append an absolute path.
        home: has the key of the user, and the server in ``known_hosts``.
    """

    url: str
    home: Path


@contextmanager
def running(folder: Path) -> Iterator[SshServer]:
    """Yields a server that serves all files."""
    (folder / ".ssh").mkdir(parents=True)
    for key in ("host", ".ssh/id_ed25519"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)]
        subprocess.run(command, check=True)
    port = free_port()
    public = " ".join((folder / "host.pub").read_text().split()[:2])
    (folder / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n")
    (folder / "sshd_config").write_text(SETTINGS.format(port=port, folder=folder))
    if os.getuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)  # sshd of root wants it
    program = shutil.which("sshd", path="/usr/sbin:/usr/bin") or "sshd"
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(
            [program, "-D", "-e", "-f", str(folder / "sshd_config")],
            stderr=log,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - the tests have one thread here
        )
    try:
        until(lambda: b"Server listening" in (folder / "log").read_bytes())
        yield SshServer(f"sftp://{getpass.getuser()}@127.0.0.1:{port}", folder)
    finally:
        server.terminate()
        server.wait()
