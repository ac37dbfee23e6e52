"""What Orthanc really sends is what ``dicomtx negotiate --engine`` says that it would.

15 source syntaxes x 10 sets of accepted syntaxes, by C-STORE to DCMTK's storescp, and some of them
by C-GET. Left out: preferred JPEG-LS with the GDCM plugin, and signed samples to JPEG-LS. Both
crash Orthanc 1.10.1 (rule 45).
"""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pynetdicom import AE, evt
from pynetdicom.presentation import build_role

import dicomtx
from dicomtx.engine.orthanc.codecs import ENGINES
from dicomtx.engine.orthanc.policy import OrthancPolicy
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.preview.negotiate import Sender, Sent, negotiated, peer_of
from tests import fifteen_syntaxes
from tests.dicom_peers import StoreScp
from tests.fifteen_syntaxes import ACCEPTED, LOSSY, SECONDARY_CAPTURE, SYNTAXES, uids
from tests.orthanc_server import OrthancServer

pytestmark = [pytest.mark.long, pytest.mark.peer("Orthanc"), pytest.mark.peer("storescp")]

SERVERS: Final = ENGINES[1:]
GETTER: Final = "GETTER"
STUDY_ROOT_GET: Final = "1.2.840.10008.5.1.4.1.2.2.3"
DICOM: Final[dict[str, Any]] = {
    "DicomAet": "ORTHANC",
    "DicomServerEnabled": True,
    "DicomCheckModalityHost": False,
}
RETRIEVED: Final = tuple(ACCEPTED[n] for n in (3, 5, 6, 8))
"""The sets for C-GET, which takes 0.1 s for each instance."""
PREFERRED: Final = (
    ("orthanc-builtin", "jpeg-lossless-sv1"),
    ("orthanc-builtin", "jpeg-extended"),
    ("orthanc-builtin", "jpeg-ls-lossless"),
    ("orthanc-builtin", "rle"),
    ("orthanc-gdcm", "jpeg2000-lossless"),
    ("orthanc-gdcm", "jpeg-lossless-sv1"),
    ("orthanc-gdcm", "jpeg-baseline"),
)
"""Preferred syntaxes, with the engine that sends."""


class Arrived(NamedTuple):
    """What a peer got: the syntax, and whether the SOP Instance UID is another one."""

    syntax: str = ""
    new_uid: bool = False


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file in each syntax."""
    return fifteen_syntaxes.write(tmp_path_factory.mktemp("sources") / "in")


@contextmanager
def orthanc(
    engine: str, sources: dict[str, Path], peers: Sequence[StoreScp] = (), **more: Any
) -> Iterator[tuple[OrthancServer, dict[str, str]]]:
    """Yields a server that has the sources, and their identifiers by syntax."""
    modalities = {f"peer{n}": [p.title, "127.0.0.1", p.port] for n, p in enumerate(peers)}
    modalities[GETTER] = [GETTER, "127.0.0.1", 104]
    configuration = DICOM | {"DicomModalities": modalities} | more
    with OrthancServer(configuration, gdcm=engine == "orthanc-gdcm") as server:
        stored = {}
        for name, path in sources.items():
            status, answer = server.ask("POST", "/instances", path.read_bytes())
            assert status == 200, name
            stored[name] = json.loads(answer)["ID"]
        yield server, stored


def said(
    sources: dict[str, Path], accepts: tuple[str, ...], sender: Sender, settings: Settings
) -> dict[str, Sent]:
    """Returns what ``negotiate`` says about each source."""
    peer = peer_of(sender.policy, None, tuple(map(find, accepts)))
    files = tuple(map(str, sources.values()))
    return dict(zip(sources, negotiated(files, peer, sender, settings), strict=True))


def sent_to(
    server: OrthancServer, identifier: str, peer: StoreScp, number: int
) -> tuple[int, list[Path]]:
    """Returns the HTTP status of sending an instance to a peer, and the files that arrived."""
    before = set(peer.files())
    status, _ = server.ask("POST", f"/modalities/peer{number}/store", identifier.encode())
    return status, [path for path in peer.files() if path not in before]


def compared(source: Path, name: str, arrived: Path) -> Arrived:
    """Returns what arrived, after a comparison of the pixels."""
    data_set, original = dcmread(arrived), dcmread(source)
    syntax = str(data_set.file_meta.TransferSyntaxUID)
    if find(name).family == "video":
        assert data_set.PixelData == original.PixelData
    else:
        difference = np.abs(_pixels(arrived) - _pixels(source)).max()
        again = find(syntax).lossy and syntax != find(name).uid
        assert difference <= (64 if again else 1 if name in LOSSY else 0), (name, syntax)
    changed = data_set.SOPInstanceUID != original.SOPInstanceUID
    assert data_set.file_meta.MediaStorageSOPInstanceUID == data_set.SOPInstanceUID
    return Arrived(syntax, changed)


@cache
def _pixels(path: Path) -> NDArray[np.int64]:
    (frame,) = dicomtx.frames(path)
    return frame.astype(np.int64)


def store_all(
    server: OrthancServer,
    stored: dict[str, str],
    sources: dict[str, Path],
    peer: StoreScp,
    number: int,
) -> dict[str, Arrived]:
    """Returns what a peer got of each source."""
    got = {}
    for name, identifier in stored.items():
        status, files = sent_to(server, identifier, peer, number)
        assert (status == 200) == (len(files) == 1), (name, status)
        got[name] = compared(sources[name], name, files[0]) if files else Arrived()
        for file in files:
            file.unlink()
    return got


def expected(told: dict[str, Sent]) -> dict[str, Arrived]:
    return {name: Arrived(s.target_syntax, s.new_sop_instance_uid) for name, s in told.items()}


@pytest.mark.parametrize("engine", SERVERS)
def test_what_arrives_by_c_store_is_what_negotiate_says(
    engine: str, sources: dict[str, Path], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        peers = [
            stack.enter_context(StoreScp(tmp_path / f"peer{n}", uids(names)))
            for n, names in enumerate(ACCEPTED)
        ]
        server, stored = stack.enter_context(orthanc(engine, sources, peers))
        sender = Sender(engine, OrthancPolicy("defaults"))
        for number, names in enumerate(ACCEPTED):
            got = store_all(server, stored, sources, peers[number], number)
            assert got == expected(said(sources, names, sender, Settings())), names
    assert len(ACCEPTED) * len(SYNTAXES) == 150


@pytest.mark.parametrize(("engine", "preferred"), PREFERRED)
def test_the_preferred_syntax_arrives_if_the_server_has_an_encoder(
    engine: str, preferred: str, sources: dict[str, Path], tmp_path: Path
) -> None:
    accepts = (preferred, "implicit")
    policy = OrthancPolicy("preferred", preferred=find(preferred))
    with StoreScp(tmp_path / "peer", uids(accepts)) as peer:
        more = {"DicomScuPreferredTransferSyntax": find(preferred).uid}
        with orthanc(engine, sources, [peer], **more) as (server, stored):
            got = store_all(server, stored, sources, peer, 0)
    assert got == expected(said(sources, accepts, Sender(engine, policy), Settings()))


@pytest.mark.parametrize("engine", SERVERS)
def test_what_arrives_by_c_get_is_what_negotiate_says(
    engine: str, sources: dict[str, Path]
) -> None:
    with orthanc(engine, sources) as (server, _):
        sender = Sender(engine, OrthancPolicy("defaults"), get=True)
        for names in RETRIEVED:
            told = said(sources, names, sender, Settings())
            before_1_13 = {n: s for n, s in told.items() if s.rule == "40c"}
            wanted = expected(told) | dict.fromkeys(before_1_13, Arrived())
            assert retrieved(server, sources, names) == wanted, names


def retrieved(
    server: OrthancServer, sources: dict[str, Path], names: tuple[str, ...]
) -> dict[str, Arrived]:
    """Returns what C-GET brings for each source, with a context for each accepted syntax."""
    came: list[Arrived] = []

    def store(event: evt.Event) -> int:
        found = getattr(event.request, "AffectedSOPInstanceUID", "")
        came.append(Arrived(str(event.context.transfer_syntax), found != wanted.SOPInstanceUID))
        return 0

    client = AE(GETTER)
    client.add_requested_context(STUDY_ROOT_GET)
    for uid in uids(names):
        client.add_requested_context(SECONDARY_CAPTURE, uid)
    association = client.associate(
        *("127.0.0.1", server.dicom_port),
        ae_title="ORTHANC",
        ext_neg=[build_role(SECONDARY_CAPTURE, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, store)],
    )
    assert association.is_established
    got = {}
    for name, path in sources.items():
        wanted, came[:] = _query(path), []
        *_, (status, _) = association.send_c_get(wanted, STUDY_ROOT_GET)
        completed = status.NumberOfCompletedSuboperations
        assert (completed, status.NumberOfFailedSuboperations) == (len(came), 1 - len(came))
        got[name] = came[0] if came else Arrived()
    association.release()
    return got


def _query(path: Path) -> Dataset:
    whole, query = dcmread(path, stop_before_pixels=True), Dataset()
    query.QueryRetrieveLevel = "IMAGE"
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(query, keyword, whole[keyword].value)
    return query


@pytest.mark.peer("getscu")
@pytest.mark.parametrize("engine", SERVERS)
def test_what_getscu_gets_is_what_negotiate_says(
    engine: str, sources: dict[str, Path], tmp_path: Path
) -> None:
    """DCMTK 3.6.7's getscu proposes native syntaxes; Orthanc chooses Explicit VR Little Endian."""
    sender = Sender(engine, OrthancPolicy("defaults"), get=True)
    told = expected(said(sources, ("explicit",), sender, Settings()))
    with orthanc(engine, sources) as (server, _):
        for number, (name, path) in enumerate(sources.items()):
            folder = tmp_path / str(number)
            folder.mkdir()
            query = _query(path)
            keys = (f"{element.keyword}={element.value}" for element in query)
            done = subprocess.run(
                ["getscu", "-S", "+B", "-aet", GETTER, "-aec", "ORTHANC", "-od", str(folder)]
                + [part for key in keys for part in ("-k", key)]
                + ["127.0.0.1", str(server.dicom_port)],
                check=False,
                timeout=60,
            )
            assert done.returncode == 0, "getscu succeeds even if nothing was sent"
            files = list(folder.iterdir())
            got = compared(path, name, files[0]) if files else Arrived()
            assert got == told[name], name
