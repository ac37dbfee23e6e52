"""Debian's Orthanc on the loopback interface, with a storage that vanishes with it."""

import http.client
import json
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Self

GDCM_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancGdcm.so")
DICOMWEB_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
PYTHON_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancPython.so")
SECONDS_TO_START = 60


class Stored(NamedTuple):
    """What the server made of one upload.

    Attributes:
        syntax: UID of the transfer syntax it stored, empty if it crashed or refused the file.
        sop_instance_uid: as it stored it.
        status: HTTP status of the upload; 0 when the server died of it.
    """

    syntax: str
    sop_instance_uid: str
    status: int


class OrthancServer:
    """A running server: a context manager that ends the process it started, and no other."""

    def __init__(self, configuration: Mapping[str, Any], *, gdcm: bool = False) -> None:
        """Takes what is to be configured beside ports and places."""
        self._folder = TemporaryDirectory(prefix="dicomtx-orthanc-")
        self.port = free_port()
        self.dicom_port = free_port()
        storage = str(Path(self._folder.name) / "storage")
        self._configuration = {
            "HttpPort": self.port,
            "DicomPort": self.dicom_port,
            "DicomServerEnabled": False,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "HttpServerEnabled": True,
            "StorageDirectory": storage,
            "IndexDirectory": storage,
            "SaveJobs": False,
            "OverwriteInstances": True,
            "Plugins": [str(GDCM_PLUGIN)] if gdcm else [],
            **configuration,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.kill()  # to end properly takes 3 s, and its storage vanishes anyway
            self._process.wait()
        self._folder.cleanup()

    def upload(self, path: Path) -> Stored:
        """Returns what the server made of a file; one that dies of it is started again."""
        try:
            status, answer = self.ask("POST", "/instances", path.read_bytes())
            if status != 200:
                return Stored("", "", status)
            place = f"/instances/{json.loads(answer)['ID']}"
            syntax = self.ask("GET", f"{place}/metadata/TransferSyntax")[1].decode()
            tags = json.loads(self.ask("GET", place)[1])["MainDicomTags"]
            self.ask("DELETE", place)
        except (OSError, http.client.HTTPException):
            self.restart()
            return Stored("", "", 0)
        return Stored(syntax, tags["SOPInstanceUID"], status)

    @property
    def folder(self) -> Path:
        """The folder of its configuration and storage."""
        return Path(self._folder.name)

    def kill(self) -> None:
        """Kills the server with SIGKILL."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def start(self) -> None:
        """Starts the server again, with what it has stored."""
        self._start()

    def restart(self) -> None:
        """Stops the server and starts it again, with what it has stored."""
        self._stop()
        self._start()

    def system(self) -> dict[str, Any]:
        """Returns what the server says of itself."""
        answer: dict[str, Any] = self.get("/system")
        return answer

    @property
    def process(self) -> int:
        """The process ID."""
        assert self._process
        return self._process.pid

    def log(self) -> str:
        """Returns what the server has logged."""
        return (Path(self._folder.name) / "log").read_text()

    def get(self, place: str) -> Any:
        """Returns the JSON at a place."""
        status, answer = self.ask("GET", place)
        assert status == 200, place
        return json.loads(answer)

    def ask(self, method: str, place: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Returns the status and the body of the answer to a request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, place, body, self._headers())
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _headers(self) -> dict[str, str]:
        """Returns the header that shows the first of ``RegisteredUsers``."""
        for user, password in self._configuration.get("RegisteredUsers", {}).items():
            return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}
        return {}

    def _start(self) -> None:
        file = Path(self._folder.name) / "orthanc.json"
        file.write_text(json.dumps(self._configuration))
        with (Path(self._folder.name) / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["Orthanc", str(file)], stdout=subprocess.DEVNULL, stderr=log
            )
        end = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                self.system()
            except OSError as error:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("Orthanc does not start") from error
                time.sleep(0.1)
            else:
                return

    def _stop(self) -> None:
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def free_port() -> int:
    """Returns a port of the loopback interface that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
