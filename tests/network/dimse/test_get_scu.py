"""C-GET from DCMTK's dcmqrscp, and from peers that send something else."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.filereader import read_dataset

from dicomtx.errors import NetworkError
from dicomtx.network.address import DicomAddress
from dicomtx.network.dimse import command_set, pdu
from dicomtx.network.dimse.association import DimseOptions
from dicomtx.network.dimse.get_scu import GetRetriever
from dicomtx.network.dimse.identifier import INSTANCE, SERIES, identifier, read_identifier
from dicomtx.network.retrieval import Arrival, Place
from tests import corpus
from tests.dicom_peers import Fake, QueryScp, accept, data_set_of, read_message
from tests.orthanc_server import OrthancServer

STUDY = "1.2.826.0.1.3680043.8.498.2"
REFUSED = f"{STUDY}.9"
FILES = ("MR_small.dcm", "CT_small.dcm")
CT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"


class Arrived(dict[str, tuple[str, bytes]]):
    """The transfer syntax and the data set of each instance that arrived."""

    def receive(self, arrival: Arrival) -> bool:
        data = b"".join(arrival.chunks)
        self[arrival.sop_instance_uid] = (arrival.transfer_syntax_uid, data)
        return True


def copied(name: str, folder: Path, study: str, number: int) -> Path:
    """Returns a copy of a file in another study."""
    one = pydicom.dcmread(corpus.file(name))
    one.StudyInstanceUID, one.PatientID = study, "1"
    one.SeriesInstanceUID = f"{study}.{one.Modality == 'MR':d}"
    one.SOPInstanceUID = f"{one.SeriesInstanceUID}.{number}"
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    pydicom.dcmwrite(folder / name, one)
    return folder / name


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One study in several syntaxes, with a series for each modality."""
    folder = tmp_path_factory.mktemp("study")
    return [copied(name, folder, STUDY, number) for number, name in enumerate(FILES)]


@pytest.fixture(scope="module")
def archive(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[DicomAddress]:
    """A dcmqrscp, which sends native syntaxes only, and has another study in JPEG."""
    with QueryScp(tmp_path_factory.mktemp("archive") / "db") as server:
        for path in files:
            (server.folder / path.name).write_bytes(path.read_bytes())
        copied("JPEG-LL.dcm", server.folder, REFUSED, 5)
        names = [str(path) for path in server.folder.glob("*.dcm")]
        subprocess.run(["dcmqridx", str(server.folder), *names], check=True, capture_output=True)
        yield server.address


def expected(files: list[Path]) -> dict[str, tuple[str, bytes]]:
    found = {}
    for path in files:
        head = pydicom.dcmread(path, stop_before_pixels=True)
        syntax = str(head.file_meta.TransferSyntaxUID)
        found[str(head.SOPInstanceUID)] = (syntax, data_set_of(path))
    return found


def values(data: bytes) -> pydicom.Dataset:
    """Returns the elements without Data Set Trailing Padding, which DCMTK removes."""
    found = read_dataset(BytesIO(data), is_implicit_VR=False, is_little_endian=True)
    found.pop(0xFFFCFFFC, None)
    return found


@pytest.mark.peer("dcmqrscp")
def test_a_study_arrives_with_its_syntaxes_and_its_values(
    archive: DicomAddress, files: list[Path]
) -> None:
    peer, arrived = GetRetriever(archive, DimseOptions()), Arrived()
    listed = peer.listed(Place(STUDY))
    assert sorted(place.instance for place in listed) == sorted(expected(files))
    peer.retrieve(Place(STUDY), arrived.receive)
    assert sorted(arrived) == sorted(expected(files))
    for uid, (syntax, data) in expected(files).items():
        assert arrived[uid][0] == syntax
        assert values(arrived[uid][1]) == values(data)


@pytest.mark.peer("dcmqrscp")
def test_a_series_or_an_instance_can_be_retrieved(archive: DicomAddress, files: list[Path]) -> None:
    peer, series, one = GetRetriever(archive, DimseOptions()), Arrived(), Arrived()
    place = Place(STUDY, f"{STUDY}.1")
    assert {p.series for p in peer.listed(place)} == {f"{STUDY}.1"}
    peer.retrieve(place, series.receive)
    assert set(series) == {uid for uid in expected(files) if uid.startswith(f"{STUDY}.1.")}
    peer.retrieve(Place(STUDY, f"{STUDY}.1", f"{STUDY}.1.0"), one.receive)
    assert set(one) == {f"{STUDY}.1.0"}


@pytest.mark.peer("dcmqrscp")
def test_a_study_that_is_not_there_has_no_instances(archive: DicomAddress) -> None:
    assert GetRetriever(archive, DimseOptions()).listed(Place("1.2.3")) == []


@pytest.mark.peer("dcmqrscp")
def test_sub_operations_that_fail_are_counted(archive: DicomAddress) -> None:
    peer = GetRetriever(archive, DimseOptions())
    assert len(peer.listed(Place(REFUSED))) == 1
    with pytest.raises(NetworkError, match="1 of 1 sub-operations failed"):
        peer.retrieve(Place(REFUSED), Arrived().receive)


@pytest.mark.peer("dcmqrscp")
@pytest.mark.long
def test_pull_names_what_did_not_arrive(
    archive: DicomAddress, files: list[Path], tmp_path: Path
) -> None:
    command = (sys.executable, "-m", "dicomtx", "pull", str(archive), str(tmp_path), "-j1")

    def pull(study: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [*command, "--study", study],
            capture_output=True,
            timeout=120,
            check=False,
        )

    done = pull(STUDY)
    assert done.returncode == 0, done.stderr
    found = {path.stem: path for path in tmp_path.rglob("*.dcm")}
    assert sorted(found) == sorted(expected(files))
    for uid, (_, data) in expected(files).items():
        assert values(data_set_of(found[uid])) == values(data)
    refused = pull(REFUSED)
    assert refused.returncode == 10
    assert b"1 of 1 sub-operations failed" in refused.stderr
    assert len(list(tmp_path.rglob("*.dcm"))) == len(files)


@pytest.mark.peer("Orthanc")
def test_orthanc_sends_compressed_instances_as_it_has_them(tmp_path: Path) -> None:
    names = ("MR_small_RLE.dcm", "JPEG-LL.dcm", "JPEG2000.dcm")
    paths = [copied(name, tmp_path, STUDY, number) for number, name in enumerate(names)]
    configuration = {
        "DicomServerEnabled": True,
        "DicomAet": "ORTHANC",
        "DicomCheckCalledAet": False,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowEcho": True,
    }
    with OrthancServer(configuration) as server:
        for path in paths:
            assert server.ask("POST", "/instances", path.read_bytes())[0] == 200
        address = DicomAddress("ORTHANC", "127.0.0.1", server.dicom_port)
        peer, arrived = GetRetriever(address, DimseOptions()), Arrived()
        assert len(peer.listed(Place(STUDY))) == len(paths)
        peer.retrieve(Place(STUDY), arrived.receive)
    for path in paths:
        one = pydicom.dcmread(path)
        syntax, data = arrived[one.SOPInstanceUID]
        assert syntax == one.file_meta.TransferSyntaxUID
        assert one.PixelData in data


def message(connection: socket.socket, number: int, command: bytes, data: bytes = b"") -> None:
    """Sends a message."""
    pieces = pdu.fragments(number, pdu.COMMAND, memoryview(command), 16000, last=True)
    if data:
        pieces += pdu.fragments(number, 0, memoryview(data), 16000, last=True)
    connection.sendall(b"".join(pieces))


def answered(field: int, status: int, **counts: int) -> bytes:
    """Returns the command set of a response."""
    number = command_set.NUMBER.pack
    values = {
        command_set.FIELD: number(field | command_set.RESPONSE),
        command_set.ANSWERED_TO: number(1),
        command_set.DATA_SET: number(1 if counts.get("identifier") else 0x0101),
        command_set.STATUS: number(status),
        command_set.COMPLETED: number(counts.get("completed", 0)),
        command_set.FAILED: number(counts.get("failed", 0)),
    }
    return command_set._command_set(values)


def get(play: Callable[[socket.socket], None]) -> tuple[str, Arrived]:
    """Returns the error of a C-GET from a peer that plays something, and what arrived."""

    def played(connection: socket.socket) -> None:
        accept(connection)
        read_message(connection)
        play(connection)
        while (data := connection.recv(1 << 16)) and not data.endswith(pdu.release_request()):
            pass
        connection.sendall(pdu.released())

    arrived = Arrived()
    with Fake(played) as peer:
        try:
            retriever = GetRetriever(peer.address, DimseOptions(), [CT])
            retriever.retrieve(Place("1.2"), arrived.receive)
        except NetworkError as error:
            return str(error).removeprefix(f"{peer.address}: "), arrived
    return "", arrived


def store(uid: str, sop_class: str = CT) -> bytes:
    return command_set.store_request(7, sop_class, uid)


END = answered(command_set.C_GET_RQ, 0, completed=1)


def test_an_instance_arrives_as_it_was_sent() -> None:
    def play(connection: socket.socket) -> None:
        message(connection, 3, store("1.2.3"), bytes(100_001))
        message(connection, 1, END)

    assert get(play) == ("", {"1.2.3": (EXPLICIT, bytes(100_001))})


@pytest.mark.parametrize(
    ("completed", "failed", "told"),
    [
        (2, 0, "1 of 2 sub-operations failed"),
        (1, 1, "1 of 2"),
        (0, 3, "3 of 3"),
        (9, 9, "17 of 18"),
    ],
)
def test_the_counts_decide_not_the_status(completed: int, failed: int, told: str) -> None:
    def play(connection: socket.socket) -> None:
        message(connection, 3, store("1.2.3"), b"12")
        end = answered(command_set.C_GET_RQ, 0, completed=completed, failed=failed)
        message(connection, 1, end)

    assert get(play)[0].startswith(told)


@pytest.mark.parametrize(
    ("number", "uid", "sop_class"),
    [(3, "../../x", CT), (3, "", CT), (3, "1.2/3", CT), (3, "1.2", "1.2.3"), (251, "1.2", CT)],
)
def test_what_was_not_negotiated_is_refused(number: int, uid: str, sop_class: str) -> None:
    def play(connection: socket.socket) -> None:
        message(connection, number, store(uid, sop_class), b"12")
        message(connection, 1, answered(command_set.C_GET_RQ, 0xB000, failed=1))

    assert get(play) == ("1 of 1 sub-operations failed", {})


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"", "closed the connection"),
        (b"\x04\0\xff\xff\xff\xff", "sent an invalid PDU"),
        (b"\x04\0\0\0\0\4\0\0\0\0", "sent a P-DATA-TF that ends too early"),
        (b"\x04\0\0\0\0\6\0\0\0\x09\1\0", "PDV of 9 bytes, which does not fit"),
        (b"\x04\0\0\0\0\6\0\0\0\2\1\2", "sent a data set instead of a command"),
        (b"\x05\0\0\0\0\4\0\0\0\0", "released the association"),
        (b"\x07\0\0\0\0\4\0\0\0\0", "aborted the association"),
        (b"\x01\0\0\0\0\0", "answered with PDU 01"),
    ],
    ids=range(8),
)
def test_garbage_ends_the_association(sent: bytes, told: str) -> None:
    def play(connection: socket.socket) -> None:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)

    error, arrived = get(play)
    assert told in error
    assert not arrived


def test_an_instance_that_is_cut_off_does_not_arrive() -> None:
    def play(connection: socket.socket) -> None:
        message(connection, 3, store("1.2.3"))
        connection.sendall(b"".join(pdu.fragments(3, 0, memoryview(bytes(99)), 50, last=False)))
        connection.shutdown(socket.SHUT_WR)

    assert get(play) == ("closed the connection", {})


@pytest.mark.parametrize("uid", ["../x", "", "1.2\\3"])
def test_a_list_with_something_that_is_not_a_uid_is_an_error(uid: str) -> None:
    def play(connection: socket.socket) -> None:
        accept(connection)
        for values in ({SERIES: "1.2"}, {INSTANCE: uid}):
            read_message(connection)
            pending = answered(command_set.C_FIND_RQ, 0xFF00, identifier=1)
            message(connection, 1, pending, identifier("IMAGE", values))
            message(connection, 1, answered(command_set.C_FIND_RQ, 0))
        connection.recv(1)

    with (
        Fake(play) as peer,
        pytest.raises(NetworkError, match="which are not UIDs"),
    ):
        GetRetriever(peer.address, DimseOptions()).listed(Place("1.2"))


def test_a_damaged_identifier_is_an_error() -> None:
    whole = identifier("IMAGE", {SERIES: "1.2"})
    assert read_identifier(whole)[SERIES] == "1.2"
    for data in (whole[:-1], whole[:4], whole + b"\0" * 7, b"\xff" * 16):
        with pytest.raises(NetworkError, match=r"identifier is (damaged|truncated)"):
            read_identifier(data)
