"""Times servers that receive: DCMTK's storescp, Orthanc, and ``dicomtx receive``.

The sender is always storescu. CPU is that of the server and its children while instances arrive,
without its start. ``dicomtx receive`` and Orthanc sync each file to the disk, storescp does not.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.dicom_peers import StoreScp
from tests.orthanc_server import OrthancServer
from tests.receiver import Receiver

TICKS: Final = os.sysconf("SC_CLK_TCK")


class Server(NamedTuple):
    """A running server: its process, port and AE title."""

    process: int
    port: int
    title: str


class Took(NamedTuple):
    """What one instance takes, in seconds."""

    cpu: float
    wall: float


@contextmanager
def _storescp(folder: Path) -> Iterator[Server]:
    with StoreScp(folder) as scp:
        assert scp.process
        yield Server(scp.process.pid, scp.port, scp.title)


@contextmanager
def _orthanc(_folder: Path) -> Iterator[Server]:
    changes = {"DicomServerEnabled": True, "DicomAet": "ORTHANC"}
    with OrthancServer(changes) as server:
        yield Server(server.process, server.dicom_port, "ORTHANC")


@contextmanager
def _dicomtx(folder: Path) -> Iterator[Server]:
    with Receiver(folder) as receiver:
        receiver.wait_until_ready()
        yield Server(receiver.process.pid, receiver.port, receiver.aet)


SERVERS: Final[dict[str, Callable[[Path], AbstractContextManager[Server]]]] = {
    "`storescp`": _storescp,
    "Orthanc": _orthanc,
    "`dicomtx receive`": _dicomtx,
}


def receiving(folder: Path, sources: Path, rounds: int) -> Iterator[str]:
    """Yields a row for each server: the best of several rounds."""
    found: dict[str, list[Took]] = {label: [] for label in SERVERS}
    for _ in range(rounds):
        for label, started in SERVERS.items():
            place = folder / "received"
            place.mkdir(exist_ok=True)
            with started(place / "stored") as server:
                found[label].append(_measured(server, sources))
            shutil.rmtree(place)
    for label, each in found.items():
        cpu, wall = min(one.cpu for one in each), min(one.wall for one in each)
        yield f"| {label} | {cpu * 1000:.1f} ms | {wall * 1000:.1f} ms |"


def _measured(server: Server, sources: Path) -> Took:
    """Sends all files to a server, and returns what one of them took."""
    count = len(list(sources.iterdir()))
    command = ("storescu", "-aec", server.title, "127.0.0.1", str(server.port), "+sd", str(sources))
    before, started = _used(server.process), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - started
    return Took((_used(server.process) - before) / count, wall / count)


def _used(process: int) -> float:
    """Returns the CPU time of a process and its children, in seconds."""
    stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return sum(map(int, stat[11:15])) / TICKS + sum(_used(int(child)) for child in children)
