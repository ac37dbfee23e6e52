"""The five commands of "Where files move" in docs/orthanc.md, with real peers."""

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from pydicom import dcmread

from tests import fifteen_syntaxes
from tests.corpus import REPOSITORY
from tests.dicom_peers import StoreScp
from tests.fifteen_syntaxes import SYNTAXES, uids
from tests.orthanc_server import OrthancServer, free_port

pytestmark = [pytest.mark.long, pytest.mark.peer("storescp"), pytest.mark.peer("Orthanc")]

NATIVE: Final = ("explicit", "implicit")
SECONDS: Final = 60


def block(title: str, kind: str = "sh") -> str:
    """Returns the block of a kind in the picture with this title."""
    page = (REPOSITORY / "docs/orthanc.md").read_text("utf-8")
    picture = page.partition(f"### {title}\n")[2]
    found = re.search(rf"^```{kind}\n(.*?)^```$", picture, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def arguments(title: str, **ports: int) -> list[str]:
    """Returns the command of a picture, with its hosts on the loopback interface."""
    command = block(title)
    for host, port in ports.items():
        command = re.sub(rf"\b{host}:\d+", f"127.0.0.1:{port}", command)
    program, *rest = shlex.split(command)
    assert program == "dicomtx"
    return [sys.executable, "-m", "dicomtx", *rest]


def run(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS
    )


@contextmanager
def serving(command: list[str], folder: Path) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """Yields the port and the process of a server, once it listens."""
    port = free_port()
    command[command.index("--port") + 1] = str(port)
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    try:
        end = time.monotonic() + SECONDS
        while "listen" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        yield port, process
    finally:
        process.terminate()
        process.wait(SECONDS)


def syntaxes(files: list[Path]) -> list[str]:
    return [
        str(dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID) for path in files
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with ``in``: an image in 13 syntaxes."""
    made = fifteen_syntaxes.write(tmp_path / "in")
    for name in SYNTAXES[-2:]:  # video
        made[name].unlink()
    return tmp_path


def test_files_are_decompressed_for_a_peer(folder: Path) -> None:
    with StoreScp(folder / "peer", uids(NATIVE)) as peer:
        done = run(arguments("Decompress for a peer", workstation=peer.port), folder)
        assert done.returncode == 0, done.stderr
        assert len(peer.files()) == 13
        assert set(syntaxes(peer.files())) == set(uids(NATIVE))


def test_files_are_transcoded_for_another_orthanc(folder: Path) -> None:
    with OrthancServer({}) as server:
        done = run(arguments("Send to another Orthanc", backup=server.port), folder)
        assert done.returncode == 0, done.stderr
        stored = server.get("/instances")
        assert len(stored) == 13
        for one in stored:
            syntax = server.ask("GET", f"/instances/{one}/metadata/TransferSyntax")[1].decode()
            assert syntax == uids(("jpeg2000-lossless",))[0]


def test_files_are_modified_and_transcoded(folder: Path) -> None:
    done = run(arguments("Modify and transcode"), folder)
    assert done.returncode == 0, done.stderr
    files = sorted((folder / "modified").glob("*.dcm"))
    assert len(files) == 13
    assert set(syntaxes(files)) == set(uids(("jpeg2000-lossless",)))
    assert {dcmread(path).PatientID for path in files} == {"TRIAL-17"}


def test_other_syntaxes_are_refused_at_the_door(folder: Path) -> None:
    with serving(arguments("Refuse syntaxes at the door"), folder) as (port, _):
        address = f"dicom://ARCHIVE@127.0.0.1:{port}"
        send = [sys.executable, "-m", "dicomtx", "send"]
        done = run([*send, "in/02.dcm", address], folder)
        assert done.returncode == 0, done.stderr
        done = run([*send, "in/02.dcm", address, "--to", "rle"], folder)
        assert done.returncode == 1
        assert "the peer does not accept rle-lossless" in done.stderr
    files = list((folder / "archive").rglob("*.dcm"))
    assert syntaxes(files) == list(uids(("explicit",)))


def test_a_buffer_transcodes_and_forwards(folder: Path) -> None:
    with StoreScp(folder / "peer", uids(NATIVE)) as peer:
        routes = block("The transcoding buffer", "toml")
        routes = routes.replace("archive:11112", f"127.0.0.1:{peer.port}")
        (folder / "routes.toml").write_text(routes)
        with serving(arguments("The transcoding buffer"), folder) as (port, _):
            send = ["storescu", "-xs", "-aec", "BUFFER", "127.0.0.1", str(port)]
            done = run([*send, "in/09.dcm"], folder)
            assert done.returncode == 0, done.stderr
            end = time.monotonic() + SECONDS
            while len(peer.files()) < 1 and time.monotonic() < end:
                time.sleep(0.05)
        assert syntaxes(peer.files()) == list(uids(("explicit",)))
