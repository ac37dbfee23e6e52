"""``dicomtx receive`` on a free port of the loopback interface."""

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

from tests.raw_peer import RawPeer, associate
from tests.warm_server import DICOMTX

PATIENCE = 60.0
Found = TypeVar("Found")
PORT = re.compile(r"port (\d+), storing")


class Receiver:
    """A running receiver: a context manager that ends the process it started, and no other.

    Attributes:
        folder: where it stores.
        port: where it listens.
        process: the supervisor.
    """

    aet = "RECEIVER"

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        self.folder = folder
        self._log = folder.parent / f"{folder.name}.log"
        self._records = folder.parent / f"{folder.name}.jsonl"
        place = ("--aet", self.aet, "--bind", "127.0.0.1", "--port", str(port), "--json")
        with self._log.open("wb") as log, self._records.open("ab") as records:
            self.process = subprocess.Popen(
                [*DICOMTX, "receive", str(folder), *place, *options],
                stdin=subprocess.DEVNULL,
                stdout=records,
                stderr=log,
            )
        try:
            self.port = int(wait_for(self._port))
        except BaseException:
            self.process.kill()
            raise

    def _port(self) -> str:
        found = PORT.search(self.log)
        if not found and self.process.poll() is not None:
            raise RuntimeError(f"it does not start: {self.log}")
        return found[1] if found else ""

    @property
    def log(self) -> str:
        """What it printed on standard error."""
        return self._log.read_text()

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records that it printed."""
        lines = self._records.read_text().splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def record_of(self, uid: str) -> dict[str, Any]:
        """Waits for the record of an instance, and returns the last one."""
        return wait_for(
            lambda: [r for r in self.records if r["sop_instance_uid"] == uid], self.process
        )[-1]

    def files(self) -> list[Path]:
        """Returns the stored files."""
        return sorted(p for p in self.folder.rglob("*.dcm") if ".dicomtx" not in str(p))

    def children(self) -> list[int]:
        """Returns the IDs of its child processes."""
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return list(map(int, text.split()))

    def wait_until_ready(self) -> None:
        """Waits until a child answers."""
        with RawPeer(self.port) as peer:
            peer.send(associate(called=self.aet)).receive()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends a signal and returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            finally:
                self.process.kill()


def wait_for(look: Callable[[], Found], process: "subprocess.Popen[bytes] | None" = None) -> Found:
    """Returns what ``look`` returns as soon as it is true."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        if process and process.poll() is not None:
            break
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")
