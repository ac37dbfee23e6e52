"""What a peer gets is what ``send --dry-run`` said: 15 source syntaxes x 10 accepted sets.

The peers are DCMTK's storescp, Orthanc, pynetdicom's storescp and DCMTK's dcmqrscp. The dry run
prints what ``Session.plan`` returns.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pytest
from pydicom import dcmread

import dicomtx
from dicomtx.engine.orthanc.policy import OrthancPolicy
from dicomtx.engine.planning.plan import Refuse, loses
from dicomtx.network.address import Address, DicomAddress
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.preview.negotiate import Sender, negotiated, peer_of
from dicomtx.workflows.send.options import SendOptions
from dicomtx.workflows.send.session import opened
from tests import fifteen_syntaxes
from tests.dicom_peers import PynetdicomScp, QueryScp, StoreScp
from tests.fifteen_syntaxes import ACCEPTED, uids
from tests.orthanc_server import OrthancServer

pytestmark = [pytest.mark.long, pytest.mark.peer("storescp"), pytest.mark.peer("Orthanc")]


DEFAULTS: Final = SendOptions()


class Arrived(NamedTuple):
    """What is said to arrive, or arrived: the syntax, and whether the UID is another one."""

    syntax: str = ""
    new_uid: bool = False


Cells = dict[str, Arrived]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file in each syntax."""
    return fifteen_syntaxes.write(tmp_path_factory.mktemp("sources") / "in")


def sent(
    address: Address, sources: dict[str, Path], options: SendOptions = DEFAULTS
) -> tuple[Cells, Cells]:
    """Sends all sources; returns what the dry run and then the run said would arrive."""
    files = {name: LocalFile(str(path)) for name, path in sources.items()}
    planned, done = {}, {}
    with opened(address, files.values(), options) as session:
        for name, file in files.items():
            _, left = session.plan(file)
            refused = isinstance(left.plan, Refuse)
            planned[name] = (
                Arrived() if refused else Arrived(left.plan.target.uid, loses(left.plan))
            )
        for name, file in files.items():
            one = session.send(file)
            assert (one.status == "done") == bool(planned[name].syntax), (name, one)
            arrived = Arrived(one.target_syntax, bool(one.new_sop_instance_uid))
            done[name] = arrived if one.delivered else Arrived()
    return planned, done


def expected(
    sources: dict[str, Path], accepts: tuple[str, ...], preferred: str = "explicit"
) -> Cells:
    """Returns what ``negotiate --engine dicomtx`` says."""
    policy = OrthancPolicy("defaults", preferred=find(preferred))
    peer = peer_of(policy, None, tuple(map(find, accepts)))
    files = tuple(map(str, sources.values()))
    lossy = Settings(lossy=True)
    told = negotiated(files, peer, Sender("dicomtx", policy), lossy)
    return {
        name: Arrived(one.target_syntax, one.new_sop_instance_uid)
        for name, one in zip(sources, told, strict=True)
    }


def check_file(source: Path, name: str, arrived: Path, cell: Arrived) -> None:
    """Compares a file that arrived with its source, and with what was said about it."""
    data_set, original = dcmread(arrived), dcmread(source)
    assert data_set.file_meta.TransferSyntaxUID == cell.syntax
    assert (data_set.SOPInstanceUID != original.SOPInstanceUID) == cell.new_uid
    if cell.syntax == find(name).uid:
        assert data_set.PixelData == original.PixelData
        return
    lossy = find(cell.syntax).lossy
    (one,), (other,) = dicomtx.frames(arrived), dicomtx.frames(source)
    difference = np.abs(one.astype(np.int64) - other.astype(np.int64)).max()
    assert difference <= (64 if lossy else 0), (name, cell)


def check_files(sources: dict[str, Path], cells: Cells, files: list[Path]) -> None:
    """Compares the files that arrived with those that should have."""
    new = [name for name, cell in cells.items() if cell.new_uid]
    by_uid = {dcmread(path, stop_before_pixels=True).SOPInstanceUID: path for path in files}
    assert len(files) == sum(bool(cell.syntax) for cell in cells.values())
    for name, cell in cells.items():
        if name in new or not cell.syntax:
            continue
        uid = dcmread(sources[name], stop_before_pixels=True).SOPInstanceUID
        check_file(sources[name], name, by_uid[uid], cell)
    assert len(new) == len(by_uid) - sum(
        bool(cell.syntax) and not cell.new_uid for cell in cells.values()
    )


@pytest.mark.parametrize("number", range(len(ACCEPTED)))
def test_storescp_gets_what_the_dry_run_said(
    number: int, sources: dict[str, Path], tmp_path: Path
) -> None:
    accepts = ACCEPTED[number]
    with StoreScp(tmp_path / "peer", uids(accepts)) as peer:
        planned, done = sent(peer.address, sources)
        assert planned == done == expected(sources, accepts)
        check_files(sources, done, peer.files())


@pytest.mark.parametrize("preferred", ["jpeg2000-lossless", "jpeg-ls-lossless", "jpeg-extended"])
def test_storescp_gets_the_preferred_syntax(
    preferred: str, sources: dict[str, Path], tmp_path: Path
) -> None:
    accepts = (preferred, "implicit")
    options = SendOptions(preferred=find(preferred), settings=Settings(lossy=True))
    with StoreScp(tmp_path / "peer", uids(accepts)) as peer:
        planned, done = sent(peer.address, sources, options)
        assert planned == done == expected(sources, accepts, preferred)
        check_files(sources, done, peer.files())


@contextmanager
def orthanc(accepts: tuple[str, ...]) -> Iterator[tuple[OrthancServer, Address]]:
    """Yields an Orthanc whose C-STORE SCP accepts some syntaxes."""
    more: dict[str, Any] = {
        "DicomAet": "ORTHANC",
        "DicomServerEnabled": True,
        "AcceptedTransferSyntaxes": list(uids(accepts)),
    }
    with OrthancServer(more) as server:
        yield server, DicomAddress("ORTHANC", "127.0.0.1", server.dicom_port)


@pytest.mark.parametrize("number", [2, 3, 5, 6, 8])
def test_orthanc_gets_what_the_dry_run_said(
    number: int, sources: dict[str, Path], tmp_path: Path
) -> None:
    accepts = ACCEPTED[number]
    with orthanc(accepts) as (server, address):
        planned, done = sent(address, sources)
        assert planned == done == expected(sources, accepts)
        files = []
        for identifier in server.get("/instances"):
            files.append(tmp_path / f"{identifier}.dcm")
            files[-1].write_bytes(server.ask("GET", f"/instances/{identifier}/file")[1])
        check_files(sources, done, files)


@pytest.mark.parametrize(
    ("option", "accepts"), [("-xi", ("implicit",)), ("-xe", fifteen_syntaxes.SYNTAXES)]
)
def test_pynetdicoms_storescp_gets_what_the_dry_run_said(
    option: str, accepts: tuple[str, ...], sources: dict[str, Path], tmp_path: Path
) -> None:
    with PynetdicomScp(tmp_path / "peer", option) as peer:
        planned, done = sent(peer.address, sources)
        assert planned == done == expected(sources, accepts)
        check_files(sources, done, peer.files())


@pytest.mark.peer("dcmqrscp")
@pytest.mark.parametrize(
    ("option", "accepts"),
    [
        ("+xi", ("implicit",)),
        ("+xs", ("jpeg-lossless-sv1", "explicit", "implicit", "big-endian")),
    ],
)
def test_dcmqrscp_gets_what_the_dry_run_said(
    option: str, accepts: tuple[str, ...], sources: dict[str, Path], tmp_path: Path
) -> None:
    with QueryScp(tmp_path / "archive", option) as peer:
        planned, done = sent(peer.address, sources)
        assert planned == done == expected(sources, accepts)
        files = [path for path in (tmp_path / "archive").iterdir() if path.suffix == ".dcm"]
        check_files(sources, done, files)
