"""Clients that race while the warm server is killed, and a server that runs for long.

``make torture`` sends 20,000 requests; fewer ROUNDS, fewer requests.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from dicomtx.warm import protocol
from dicomtx.warm.address import START, VARIABLE
from dicomtx.warm.client import SERVER_DIED
from tests import corpus, warm_server
from tests.torture.workloads import ROUNDS

CLIENTS = 200
KILLS = 10
REQUESTS = 100 * ROUNDS
SOURCE = corpus.file("CT_small.dcm")


def environment(folder: Path) -> dict[str, str]:
    """Returns an environment in which the first client starts a server in the folder."""
    return warm_server.cold() | {VARIABLE: START, "XDG_RUNTIME_DIR": str(folder)}


def processes(text: str) -> list[int]:
    """Returns the processes, zombies too, that have the text in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if text.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def servers(folder: Path) -> list[int]:
    """Returns the zygotes in this folder: processes whose parent is not one of them."""
    found = {pid: (Path("/proc") / str(pid)) for pid in processes(str(folder))}
    names: list[int] = []
    for pid, path in found.items():
        try:
            arguments = (path / "cmdline").read_bytes().split(b"\0")
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        if b"serve" in arguments and parent not in found:
            names.append(pid)
    return names


@contextmanager
def killing(folder: Path) -> Iterator[list[int]]:
    """Kills the server that runs in the folder KILLS times, and yields the list of those killed."""
    killed: list[int] = []
    over = threading.Event()

    def kill() -> None:
        while len(killed) < KILLS and not over.wait(0.3):
            for pid in servers(folder)[:1]:
                if pid not in killed:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


@pytest.mark.long
def test_each_of_200_racing_clients_ends_once_while_servers_are_killed(tmp_path: Path) -> None:
    folder, outputs = tmp_path / "run", tmp_path / "out"
    folder.mkdir(mode=0o700)
    outputs.mkdir()
    right = tmp_path / "right.dcm"
    command = [sys.executable, "-m", "dicomtx", "convert", str(SOURCE)]
    subprocess.run([*command, right, "--to=rle"], env=warm_server.cold(), check=True)

    def client(number: int) -> str:
        out = outputs / f"{number}.dcm"
        done = subprocess.run(
            [*command, out, "--to=rle"], env=environment(folder), capture_output=True, check=False
        )
        said = done.stderr.decode()
        if done.returncode == 0:
            assert out.read_bytes() == right.read_bytes()
            assert done.stdout.count(b" -> ") == 3, "it ran twice, or did not say what it did"
            return "done"
        assert done.returncode == SERVER_DIED, said
        assert "the server ended before the command did" in said
        assert not out.exists() or out.read_bytes() == right.read_bytes()
        return "server died"

    with killing(folder) as killed, ThreadPoolExecutor(20) as clients:
        ended = Counter(clients.map(client, range(CLIENTS)))
    assert ended.total() == CLIENTS
    assert ended["done"] > CLIENTS / 2, ended
    assert killed
    for pid in servers(folder):
        os.kill(pid, signal.SIGTERM)
    warm_server.until(lambda: not processes(str(folder)), ["a process is left"])
    left = [path.name for path in outputs.iterdir() if not path.name.endswith(".dcm")]
    assert not left, "a command that ended with its server left a part file"


def resident(pid: int) -> int:
    """Returns the resident memory of a process in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def ask(path: Path, environment: dict[str, str]) -> bytes:
    """Has the server at this socket run ``dicomtx --help``, and returns its answer."""
    style = "utf-8 strict"
    identity = protocol.installation(environment)
    data = protocol.pack(protocol.RUN, identity, [style] * 3, ["dicomtx", "--help"], environment)
    with socket.socket(socket.AF_UNIX) as connection, Path(os.devnull).open("r+b") as null:
        here = os.open(path.parent, os.O_PATH)
        connection.connect(str(path))
        descriptors = [null.fileno(), null.fileno(), null.fileno(), here]
        sent = socket.send_fds(connection, [data], descriptors)
        assert sent == len(data)
        os.close(here)
        return b"".join(iter(partial(connection.recv, 4096), b""))


@pytest.mark.long
def test_the_memory_of_the_server_does_not_grow(tmp_path: Path) -> None:
    with warm_server.running(tmp_path) as process, ThreadPoolExecutor(4) as clients:

        def served(count: int) -> tuple[int, int]:
            """Sends requests; returns the server's memory and its number of open files."""
            answers = set(
                clients.map(lambda _: ask(tmp_path / "s", warm_server.cold()), range(count))
            )
            assert answers == {protocol.ACCEPTED + protocol.ENDED + bytes(4)}
            time.sleep(0.2)
            return resident(process.pid), len(os.listdir(f"/proc/{process.pid}/fd"))

        before, opened = served(100)
        after, still_opened = served(REQUESTS)
        assert warm_server.status(tmp_path)["served"] == str(REQUESTS + 100)
        assert still_opened == opened
        assert after - before < 1 << 20
