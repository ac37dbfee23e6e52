"""``dicomtx receive`` as the destination of C-MOVE: movescu asks dcmqrscp and Orthanc to send."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from pydicom import dcmread

from dicomtx.engine.orthanc.policy import OrthancPolicy
from dicomtx.network.address import DicomAddress
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.preview.negotiate import Sender, negotiated, peer_of
from dicomtx.workflows.send.options import SendOptions
from dicomtx.workflows.send.session import opened
from tests import fifteen_syntaxes
from tests.dicom_peers import Program, QueryScp
from tests.fifteen_syntaxes import NATIVE, SYNTAXES
from tests.orthanc_server import OrthancServer

pytestmark = [pytest.mark.long, pytest.mark.peer("movescu")]

ACCEPTED: Final = ("explicit", "jpeg2000-lossless", "rle")


class Receiver(Program):
    """``dicomtx receive``. It stores files below ``folder``."""

    title = "RECEIVER"

    def __init__(self, folder: Path, *options: str) -> None:
        """Takes options of the command."""
        super().__init__(folder)
        self._options = options

    def command(self) -> list[str]:
        """Returns the command to start."""
        command = [sys.executable, "-m", "dicomtx", "receive", str(self.folder), *self._options]
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--aet", self.title]
        return [*command, *place, "--processes", "1"]

    def files(self) -> list[Path]:
        """Returns what it has stored, by name."""
        return sorted(self.folder.rglob("*.dcm"))


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Path]:
    """A file in each syntax but video."""
    made = fifteen_syntaxes.write(tmp_path / "in")
    return {name: made[name] for name in SYNTAXES[:-2]}


def move(sources: dict[str, Path], archive: DicomAddress) -> str:
    """Asks an archive to send the study to the receiver; returns what movescu prints."""
    study = dcmread(next(iter(sources.values()))).StudyInstanceUID
    done = subprocess.run(
        [
            *("movescu", "-v", "-S", "-aem", Receiver.title, "-aec", archive.called_aet),
            *("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}"),
            *(archive.host, str(archive.port)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def syntaxes(files: list[Path]) -> dict[str, str]:
    """Returns the syntax of each file by its SOP Instance UID."""
    found = (dcmread(path, stop_before_pixels=True) for path in files)
    return {str(one.SOPInstanceUID): str(one.file_meta.TransferSyntaxUID) for one in found}


@pytest.mark.peer("dcmqrscp")
def test_dcmqrscp_moves_a_study_to_receive(sources: dict[str, Path], tmp_path: Path) -> None:
    native = [sources[name] for name in NATIVE]
    with (
        Receiver(tmp_path / "received") as receiver,
        QueryScp(tmp_path / "archive", peers=[receiver.address]) as archive,
    ):
        files = [LocalFile(str(path)) for path in native]
        with opened(archive.address, files, SendOptions()) as session:
            assert all(session.send(file).delivered for file in files)
        assert "Success" in move(sources, archive.address)
        assert syntaxes(receiver.files()).keys() == syntaxes(native).keys()
        for one, other in zip(receiver.files(), native, strict=True):
            assert dcmread(one).pixel_array.tolist() == dcmread(other).pixel_array.tolist()


@pytest.mark.peer("Orthanc")
def test_orthanc_moves_a_study_to_receive_as_negotiate_says(
    sources: dict[str, Path], tmp_path: Path
) -> None:
    peer = peer_of(OrthancPolicy("defaults"), None, tuple(map(find, ACCEPTED)))
    sender = Sender("orthanc-gdcm", OrthancPolicy("defaults"))
    told = negotiated(tuple(map(str, sources.values())), peer, sender, Settings())
    wanted = [one.target_syntax for one in told]
    with Receiver(tmp_path / "received", "--accept", ",".join(ACCEPTED)) as receiver:
        modalities = {
            "r": [receiver.title, "127.0.0.1", receiver.port],
            "m": ["MOVESCU", "127.0.0.1", 104],
        }
        more = {"DicomServerEnabled": True, "DicomModalities": modalities}
        with OrthancServer(more | {"DicomCheckModalityHost": False}, gdcm=True) as server:
            for path in sources.values():
                assert server.ask("POST", "/instances", path.read_bytes())[0] == 200
            move(sources, DicomAddress("ORTHANC", "127.0.0.1", server.dicom_port))
        arrived = syntaxes(receiver.files())
    names = syntaxes(list(sources.values()))
    assert [arrived[uid] for uid in names] == wanted
