"""A server over HTTP for a test, with a folder for its temporary files."""

import http.client
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests import warm_server
from tests.warm_server import DICOMTX

PATIENCE = 60


class Answer(NamedTuple):
    """An answer: its status, its body, and the Outcome in its header."""

    status: int
    body: bytes
    outcome: dict[str, Any]

    @property
    def error(self) -> str:
        """The error in the body."""
        text: str = json.loads(self.body)["error"]
        return text


class Server(NamedTuple):
    """A running server.

    Attributes:
        process: the process that speaks HTTP.
        port: its port on the loopback interface.
        folder: has the Unix socket, and the folder ``tmp`` for temporary files.
    """

    process: "subprocess.Popen[str]"
    port: int
    folder: Path

    def connect(self) -> http.client.HTTPConnection:
        """Returns a connection."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(
        self,
        method: str,
        place: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends one request and returns the answer."""
        connection = self.connect()
        try:
            connection.request(method, place, body, dict(headers or {}))
            response = connection.getresponse()
            header = response.headers.get("Dicomtx-Outcome", "{}")
            return Answer(response.status, response.read(), json.loads(header))
        finally:
            connection.close()

    def transcode(self, query: str, body: bytes) -> Answer:
        """Converts a file."""
        return self.ask("POST", f"/transcode?{query}", body)

    @property
    def worker(self) -> int:
        """The process ID of the worker."""
        return int(warm_server.status(self.folder)["process"])

    def metric(self, name: str) -> float:
        """Returns a number of ``GET /metrics``; 0 if it is not there."""
        lines = self.ask("GET", "/metrics").body.decode().splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(f"{name} ")), 0.0)


@contextmanager
def running(
    folder: Path, *options: str, address: str = "127.0.0.1:0", **variables: str
) -> Iterator[Server]:
    """Yields a server with these options and environment variables, and stops it afterwards."""
    (folder / "tmp").mkdir()
    arguments = (*DICOMTX, "serve", "--http", address, "--socket", str(folder / "s"), *options)
    environment = warm_server.cold() | {"TMPDIR": str(folder / "tmp")} | variables
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield Server(process, _port(process), folder)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            process.kill()


def _port(process: "subprocess.Popen[str]") -> int:
    assert process.stderr
    read = ""
    while "listening on http" not in read:
        line = process.stderr.readline()
        assert line, read
        read += line
    return int(read.strip().rpartition(":")[2])


def is_alive(process: int) -> bool:
    """Returns whether a process runs."""
    with suppress(OSError):
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False
