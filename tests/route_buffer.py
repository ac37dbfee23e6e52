"""A transcoding buffer for tests: ``dicomtx route`` in processes of its own, on loopback."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

from dicomtx.network.address import DicomAddress
from dicomtx.network.delivery import Delivery
from dicomtx.network.dimse.association import DimseOptions
from dicomtx.network.dimse.store_scu import connect
from tests.dicom.builder import element, image, module, part10, text
from tests.dicom_peers import instance

SECONDS = 60
LISTENING = re.compile(r"listening on \S+ port (\d+)")


def wait_for(condition: Callable[[], object], what: str = "it") -> None:
    """Waits until a condition holds."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"{what} does not happen"
        time.sleep(0.02)


def instance_file(folder: Path, number: int, modality: str = "CT", size: int = 4) -> Path:
    """Writes an instance of 12 bits whose SOP Instance UID and pixels tell its number."""
    pixel = image(size, size, allocated=16, stored=12)
    row = b"".join((n * (number + 1) % 4096).to_bytes(2, "little") for n in range(size))
    data_set = (
        text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7"),
        text(0x00080018, "UI", f"1.2.3.{number}"),
        text(0x00080060, "CS", modality),
        text(0x00100020, "LO", "P"),
        text(0x0020000D, "UI", "1.2.4"),
        text(0x0020000E, "UI", "1.2.5"),
        module(pixel),
        element(0x7FE00010, "OW", row * size),
    )
    path = folder / f"{number}.dcm"
    path.write_bytes(part10("explicit", b"".join(data_set)))
    return path


class RouteBuffer:
    """A run of ``dicomtx route``.

    Attributes:
        folder: has the spool, the routes and the log.
        port: where it listens; a restart uses the same one.
    """

    def __init__(self, folder: Path, routes: str, *options: str) -> None:
        self.folder = folder
        self.port = 0
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(exist_ok=True)
        (folder / "routes.toml").write_text(routes)

    @property
    def spool(self) -> Path:
        """The folder of the spool."""
        return self.folder / "spool"

    @property
    def process(self) -> int:
        """The process ID."""
        assert self._process
        return self._process.pid

    @property
    def log(self) -> str:
        """What it said."""
        return (self.folder / "log").read_text()

    def start(self) -> None:
        """Starts it, and waits until it listens: again, if its port is taken for a moment."""
        wait_for(self._listens, "listening")
        found = LISTENING.search(self.log)
        assert found
        self.port = int(found[1])

    def _listens(self) -> bool:
        """Whether it listens; starts it if it does not run."""
        if self._process is None:
            self._process = self._started()
        elif self._process.poll() is not None:
            assert "cannot listen" in self.log, self.log
            self._process = None
        return LISTENING.search(self.log) is not None

    def _started(self) -> subprocess.Popen[bytes]:
        command = ("route", str(self.folder / "routes.toml"), "--spool", str(self.spool))
        place = ("--bind", "127.0.0.1", "--port", str(self.port), "--min-free", "0")
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", "dicomtx", *command, *place),
                    *("--interval", "0.2", *self._options),
                ],
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kills it and all of its processes with SIGKILL."""
        if self._process:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """Ends it with SIGTERM; returns the exit code."""
        assert self._process
        self._process.terminate()
        code = self._process.wait(SECONDS)
        self._process = None
        return code

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def send(self, files: Iterable[Path], calling: str = "MODALITY") -> list[Delivery]:
        """Sends files over one association; returns the answers."""
        address = DicomAddress("DICOMTX", "127.0.0.1", self.port)
        answers = []
        for path in files:
            with instance(path) as found:
                contexts = {found.sop_class_uid: (found.transfer_syntax_uid,)}
                with connect(address, contexts, DimseOptions(calling_aet=calling)) as peer:
                    answers.append(peer.send(found))
        return answers

    def queue(self, *arguments: str) -> list[dict[str, Any]]:
        """Runs ``dicomtx queue`` with --json, and returns what it prints."""
        command = [sys.executable, "-m", "dicomtx", "queue", *arguments]
        done = subprocess.run(
            [*command, "--spool", str(self.spool), "--json"], check=True, capture_output=True
        )
        return [json.loads(line) for line in done.stdout.splitlines()]
