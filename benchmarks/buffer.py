"""Times transcoding buffers between a sender and an Orthanc, and counts what kills lose.

The sender has JPEG-LS instances of 231 x 231 pixels of 16 bits, and the receiver wants them native.
Orthanc as a buffer has ``IngestTranscoding`` and a Lua script: ``Delete(SendToModality(...))`` or
``Delete(SendToPeer(...))``. CPU is that of the buffer and of the receiver. In the other columns,
the receiver is killed with SIGKILL while it receives, and then is the buffer; each is back after 3
seconds. An instance is lost if the buffer acknowledged it, and the receiver never gets it.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Final, NamedTuple, Protocol

from dicomtx.api.transcode import transcode
from dicomtx.errors import NetworkError
from dicomtx.network.address import DicomAddress
from dicomtx.network.delivery import Connection
from dicomtx.network.dimse.store_scu import connect
from dicomtx.transfer_syntaxes import find
from tests.dicom_peers import instance
from tests.orthanc_server import OrthancServer
from tests.route_buffer import RouteBuffer, instance_file

COUNT: Final = 150
FEW: Final = 10
SIZE: Final = 231
BACK: Final = 3.0  # seconds until a killed process starts again
QUIET: Final = 8.0  # seconds without a new instance after which none will come
TICKS: Final = os.sysconf("SC_CLK_TCK")
LUA: Final = "function OnStoredInstance(id) Delete(SendTo{}(id, 'B')) end"
ROUTES: Final = """
[[route]]
to = "explicit"
retry = "1000x1s"
destination = "{}"
"""


class Buffer(Protocol):
    """The buffer between the sender and the receiver."""

    def kill(self) -> None:
        """Kills it with SIGKILL."""

    def start(self) -> None:
        """Starts it again."""

    @property
    def address(self) -> DicomAddress:
        """Where it listens."""

    def cpu(self) -> float:
        """Returns its CPU time so far."""


class OrthancBuffer:
    """An Orthanc that sends each instance on, and deletes it."""

    def __init__(self, server: OrthancServer) -> None:
        self._server = server

    def kill(self) -> None:
        """Kills it with SIGKILL."""
        self._server.kill()

    def start(self) -> None:
        """Starts it again."""
        self._server.start()

    @property
    def address(self) -> DicomAddress:
        """Where it listens."""
        return DicomAddress("A", "127.0.0.1", self._server.dicom_port)

    def cpu(self) -> float:
        """Returns its CPU time so far."""
        return cpu_of(self._server.process)


class OurBuffer:
    """``dicomtx route``."""

    def __init__(self, buffer: RouteBuffer) -> None:
        self._buffer = buffer

    def kill(self) -> None:
        """Kills it with SIGKILL."""
        self._buffer.kill()

    def start(self) -> None:
        """Starts it again."""
        self._buffer.start()

    @property
    def address(self) -> DicomAddress:
        """Where it listens."""
        return DicomAddress("DICOMTX", "127.0.0.1", self._buffer.port)

    def cpu(self) -> float:
        """Returns its CPU time so far."""
        return cpu_of(self._buffer.process)


class Run(NamedTuple):
    """A run: the CPU and the wall time of all instances, and how many are lost."""

    cpu: float
    wall: float
    lost: int


def lines(folder: str, *, quick: bool = False) -> list[str]:
    """Returns the table."""
    sources = _sources(Path(folder) / "sources", FEW if quick else COUNT)
    head = ("CPU of an instance", "instances a second", "lost: receiver killed")
    cells = (f"{len(sources)} instances", *head, "lost: buffer killed")
    found = [f"| {' | '.join(cells)} |", "|---|---|---|---|---|"]
    for number, (label, way) in enumerate(WAYS.items()):
        place = Path(folder) / str(number)
        place.mkdir()
        runs = [_run(way, place / kill, sources, kill) for kill in ("none", "receiver", "buffer")]
        plain, receiver, buffer = runs
        count = len(sources)
        found.append(
            f"| {label} | {plain.cpu / count * 1000:.0f} ms | {count / plain.wall:.1f}"
            f" | {receiver.lost} | {buffer.lost} |"
        )
    return found


def _sources(folder: Path, count: int) -> list[Path]:
    """Writes the instances of the sender."""
    folder.mkdir()
    files = []
    for number in range(count):
        native = instance_file(folder, number, size=SIZE)
        files.append(folder / f"{number}.jls.dcm")
        transcode(native, files[-1], to="jpeg-ls-lossless")
        native.unlink()
    return files


def _run(way: "Way", folder: Path, sources: list[Path], kill: str) -> Run:
    """Sends all instances, with one kill in the middle or none."""
    receiver = {"DicomServerEnabled": True, "DicomAet": "B", "DicomCheckCalledAet": False}
    with OrthancServer(receiver) as server, way(server, folder) as buffer:
        cpu, started = buffer.cpu() + cpu_of(server.process), time.perf_counter()
        sender = Sender(buffer, sources)
        sender.start()
        if kill != "none":
            while _stored(server) < len(sources) // 3:
                time.sleep(0.1)
            victim = server if kill == "receiver" else buffer
            victim.kill()
            time.sleep(BACK)
            victim.start()
        ended = _settled(server, sender, len(sources))
        spent = buffer.cpu() + cpu_of(server.process) - cpu
        return Run(spent, ended - started, sender.acknowledged - _stored(server))


def _settled(server: OrthancServer, sender: "Sender", count: int) -> float:
    """Returns when the receiver got its last instance."""
    stored, since = 0, time.perf_counter()
    while stored < count:
        now = _stored(server)
        if now > stored or sender.is_alive():
            stored, since = now, time.perf_counter()
        elif time.perf_counter() - since > QUIET:
            return since
        time.sleep(0.2)
    return time.perf_counter()


def _stored(server: OrthancServer) -> int:
    count: int = server.get("/statistics")["CountInstances"]
    return count


class Sender(Thread):
    """Sends each instance until it is acknowledged.

    Attributes:
        acknowledged: how many are.
    """

    def __init__(self, buffer: Buffer, sources: list[Path]) -> None:
        super().__init__(daemon=True)
        self.acknowledged = 0
        self._buffer = buffer
        self._left = list(sources)

    def run(self) -> None:
        """Sends them in order."""
        syntaxes = {"1.2.840.10008.5.1.4.1.1.7": (find("jpeg-ls-lossless").uid,)}
        while self._left:
            try:
                with connect(self._buffer.address, syntaxes) as peer:
                    self._send(peer)
            except NetworkError:  # it was killed
                time.sleep(0.1)

    def _send(self, peer: Connection) -> None:
        while self._left:
            with instance(self._left[0]) as found:
                if not peer.send(found).delivered:  # it is ending, or just starts
                    time.sleep(0.1)
                    continue
            self._left.pop(0)
            self.acknowledged += 1


@contextmanager
def _orthanc(kind: str, receiver: OrthancServer, folder: Path) -> Iterator[Buffer]:
    folder.mkdir()
    script = folder / "forward.lua"
    script.write_text(LUA.format(kind))
    configuration = {
        "DicomServerEnabled": True,
        "DicomAet": "A",
        "DicomCheckCalledAet": False,
        "IngestTranscoding": find("explicit").uid,
        "LuaScripts": [str(script)],
        "SaveJobs": True,
        "DicomModalities": {"B": ["B", "127.0.0.1", receiver.dicom_port]},
        "OrthancPeers": {"B": [f"http://127.0.0.1:{receiver.port}/"]},
    }
    with OrthancServer(configuration) as server:
        yield OrthancBuffer(server)


@contextmanager
def _ours(scheme: str, receiver: OrthancServer, folder: Path) -> Iterator[Buffer]:
    address = (
        f"B@127.0.0.1:{receiver.dicom_port}" if scheme == "dicom" else f"127.0.0.1:{receiver.port}"
    )
    with RouteBuffer(folder, ROUTES.format(f"{scheme}://{address}")) as buffer:
        yield OurBuffer(buffer)


Way = Callable[[OrthancServer, Path], AbstractContextManager[Buffer]]
WAYS: Final[dict[str, Way]] = {
    "Orthanc, `Delete(SendToModality())`": partial(_orthanc, "Modality"),
    "Orthanc, `Delete(SendToPeer())`": partial(_orthanc, "Peer"),
    "`dicomtx route` to `dicom://`": partial(_ours, "dicom"),
    "`dicomtx route` to `orthanc+http://`": partial(_ours, "orthanc+http"),
}


def cpu_of(process: int) -> float:
    """Returns the CPU time of a process and of all its children, in seconds."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    own = sum(map(int, fields[11:15])) / TICKS
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return own + sum(cpu_of(int(child)) for child in children)
