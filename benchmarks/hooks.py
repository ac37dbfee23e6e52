"""Times Orthanc with JPEG 2000: by its own codecs, and with each way to call dicomtx.

Slices of 256 x 256, uploaded one after the other. CPU is that of Orthanc, of dicomtx and of their
child processes. The rate counts until each slice is stored compressed. Only dicomtx verifies.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

from benchmarks.commands import DICOMTX
from benchmarks.trees import make_tree, squares
from dicomtx.transfer_syntaxes import ROOT
from tests import http_server, warm_server
from tests.corpus import REPOSITORY
from tests.orthanc_server import PYTHON_PLUGIN, OrthancServer

JPEG2000: Final = ROOT + ".4.90"
COUNT: Final = 40
FEW: Final = 20
SIZE: Final = 256
POLL: Final = 0.005
TICKS: Final = os.sysconf("SC_CLK_TCK")
EXAMPLES: Final = REPOSITORY / "examples"
LUA: Final = {"LuaScripts": [str(EXAMPLES / "orthanc-compress.lua")], "OverwriteInstances": True}

Server = tuple[OrthancServer, Callable[[], list[int]]]
"""A running Orthanc, and the processes of dicomtx beside it."""


def lines(folder: str, *, quick: bool = False) -> list[str]:
    """Returns the table."""
    place = Path(folder) / "hooks"
    slices = place / "slices"
    make_tree(slices, squares(SIZE, FEW if quick else COUNT))
    files = sorted(slices.iterdir())
    os.environ["PATH"] = f"{Path(DICOMTX).parent}{os.pathsep}{os.environ['PATH']}"
    found = ["| | CPU of an instance | instances a second |", "|---|---|---|"]
    for label, servers in _ways(place).items():
        with servers as (orthanc, beside):
            spent = _measure(orthanc, beside, files, compressed=label != "no hook")
        cpu, seconds = (sum(part) / len(spent) for part in zip(*spent, strict=True))
        crashed = f", crashed {len(files) - len(spent)} times" if len(spent) < len(files) else ""
        found.append(f"| {label}{crashed} | {cpu * 1000:.0f} ms | {1 / seconds:.0f} |")
    return found


def _ways(place: Path) -> dict[str, Any]:
    return {
        "no hook": _alone({}),
        "`IngestTranscoding` with GDCM": _alone({"IngestTranscoding": JPEG2000}, gdcm=True),
        "Lua script, cold": _lua(place / "cold", warm=False),
        "Lua script, warm server": _lua(place / "warm", warm=True),
        "Python plugin": _plugin(place / "plugin"),
    }


@contextmanager
def _alone(configuration: Mapping[str, Any], *, gdcm: bool = False) -> Iterator[Server]:
    with OrthancServer(configuration, gdcm=gdcm) as orthanc:
        yield orthanc, list


@contextmanager
def _lua(folder: Path, *, warm: bool) -> Iterator[Server]:
    socket = folder / "dicomtx"
    socket.mkdir(mode=0o700, parents=True)
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    if not warm:
        with OrthancServer(LUA) as orthanc:
            yield orthanc, list
        return
    with warm_server.running(socket) as server, OrthancServer(LUA) as orthanc:
        (socket / "server.sock").symlink_to(socket / "s")
        yield orthanc, lambda: [server.pid]


@contextmanager
def _plugin(folder: Path) -> Iterator[Server]:
    folder.mkdir(mode=0o700)
    script = str(EXAMPLES / "orthanc/dicomtx_plugin.py")
    with http_server.running(folder) as server:
        configuration = {
            "Plugins": [str(PYTHON_PLUGIN)],
            "PythonScript": script,
            "Dicomtx": {"Port": server.port},
        }
        with OrthancServer(configuration) as orthanc:
            yield orthanc, lambda: [server.process.pid, server.worker]


def _measure(
    orthanc: OrthancServer, beside: Callable[[], list[int]], files: list[Path], *, compressed: bool
) -> list[tuple[float, float]]:
    """Returns the CPU and wall time of storing each file in seconds; none if Orthanc crashed."""
    spent = []
    for file in files:
        processes = [orthanc.process, *beside()]
        cpu, started = sum(map(_cpu, processes)), time.perf_counter()
        try:
            _store(orthanc, file, compressed=compressed)
        except (OSError, HTTPException):
            orthanc.restart()
        else:
            spent.append((sum(map(_cpu, processes)) - cpu, time.perf_counter() - started))
    return spent


def _store(orthanc: OrthancServer, file: Path, *, compressed: bool) -> None:
    """Uploads a file, and waits until it is stored as it should be."""
    status, answer = orthanc.ask("POST", "/instances", file.read_bytes())
    assert status == 200, answer
    place = f"/instances/{json.loads(answer)['ID']}/metadata/TransferSyntax"
    while compressed and orthanc.ask("GET", place)[1].decode() != JPEG2000:
        time.sleep(POLL)


def _cpu(process: int) -> float:
    """Returns the CPU time of a process and of its children that have ended, in seconds."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS
