"""Pulls from servers that send too little, too much, or something else."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest

from dicomtx.errors import DicomtxError, NetworkError, SourceError
from dicomtx.network.address import WebAddress
from dicomtx.network.http.client import HttpOptions
from dicomtx.network.retrieval import Place
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.batch.resume import Choice
from dicomtx.workflows.convert.request import Outcome
from dicomtx.workflows.pull.connections import connect_web
from dicomtx.workflows.pull.job import AsStored, Pull
from dicomtx.workflows.pull.pull import opened, preview
from tests import corpus
from tests.in_process import InProcess
from tests.raw_server import RawServer, answer

STUDY = "1.2.3"
JSON = "application/dicom+json"
MULTIPART = 'multipart/related; type="application/dicom"; boundary=b'


def instance(number: int | str, **changes: Any) -> bytes:
    """Returns an instance of the study."""
    found = pydicom.dcmread(corpus.file("MR_small.dcm"))
    found.StudyInstanceUID, found.SeriesInstanceUID = STUDY, "1.2.3.4"
    found.SOPInstanceUID = f"1.2.3.4.{number}"
    for keyword, value in changes.items():
        setattr(found, keyword, value)
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    content = BytesIO()
    pydicom.dcmwrite(content, found)
    return content.getvalue()


def multipart(*contents: bytes) -> bytes:
    """Returns a complete body."""
    head = b"\r\n--b\r\nContent-Type: application/dicom\r\n\r\n"
    return b"".join(head + content for content in contents) + b"\r\n--b--\r\n"


def listing(*numbers: object) -> bytes:
    return json.dumps(
        [
            {
                "0020000D": {"vr": "UI", "Value": [STUDY]},
                "0020000E": {"vr": "UI", "Value": ["1.2.3.4"]},
                "00080018": {"vr": "UI", "Value": [f"1.2.3.4.{number}"]},
            }
            for number in numbers
        ]
    ).encode()


class Archive:
    """A DICOMweb server with instances of one study.

    Attributes:
        files: its instances by number.
        listed: what it lists; None if it cannot.
        whole: what it answers to the request for the study.
        singly: what it answers to the request for one instance; by default the instance.
    """

    def __init__(self, *numbers: int) -> None:
        self.files = {number: instance(number) for number in numbers}
        self.listed: bytes | None = listing(*numbers)
        self.whole: bytes | None = None
        self.singly: dict[int, bytes] = {}
        self.asked: list[str] = []

    def answer(self, connection: socket.socket, request: bytes) -> None:
        path = request.split(b" ")[1].decode().removeprefix("/w")
        self.asked.append(path)
        with suppress(OSError):
            connection.sendall(self._answer(path))

    def _answer(self, path: str) -> bytes:
        if "?" in path:
            if self.listed is None:
                return answer("501 Not Implemented")
            first = "offset=0" in path
            return answer("200 OK", self.listed if first else b"[]", JSON)
        if path == f"/studies/{STUDY}":
            body = multipart(*self.files.values())
            return self.whole or answer("200 OK", body, MULTIPART)
        number = int(path.rpartition(".")[2])
        if number in self.singly:
            return self.singly[number]
        if number not in self.files:
            return answer("404 Not Found")
        return answer("200 OK", multipart(self.files[number]), MULTIPART)


class Puller:
    """Pulls from a server into a folder."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "out"
        self.largest = 1 << 20

    def pull(self, reply: Callable[[socket.socket, bytes], None], **choice: bool) -> list[Outcome]:
        with RawServer(reply) as server, opened(self.job(server.port, **choice)) as run:
            run.retrieve()
            with run.converted() as batch:
                found = list(run.outcomes(batch))
                assert run.files + batch.known + batch.to_do == len(found)
        return sorted(found, key=lambda outcome: outcome.path)

    def job(self, port: int, **choice: bool) -> Pull:
        address = WebAddress("dicomweb", f"http://127.0.0.1:{port}/w")
        batch = Batch(
            (),
            str(self.out),
            executor=InProcess(),
            policy=AsStored(),
            choice=Choice(**choice),
        )
        options = HttpOptions()
        return Pull(
            address, Place(STUDY), batch, partial(connect_web, address, options), self.largest
        )

    def files(self) -> dict[str, bytes]:
        """Returns what users see in the destination."""
        visible = [p for p in self.out.rglob("*") if p.is_file() and ".dicomtx-" not in str(p)]
        return {str(p.relative_to(self.out)): p.read_bytes() for p in visible}

    def expected(self, archive: Archive, *numbers: int) -> dict[str, bytes]:
        return {f"1.2.3/1.2.3.4/1.2.3.4.{n}.dcm": archive.files[n] for n in numbers}

    def staged(self) -> list[Path]:
        return list(self.out.glob(".dicomtx-pull.d"))


@pytest.fixture
def puller(tmp_path: Path) -> Iterator[Puller]:
    yield Puller(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} <= {"out"}, "nothing is written elsewhere"


def test_the_bytes_arrive_as_the_server_has_them(puller: Puller) -> None:
    archive = Archive(1, 2, 3)
    found = puller.pull(archive.answer)
    assert [(o.status, o.action) for o in found] == [("done", "copy")] * 3
    assert found[0].path.endswith("/w/1.2.3/1.2.3.4/1.2.3.4.1")
    assert puller.files() == puller.expected(archive, 1, 2, 3)
    assert not puller.staged()
    assert archive.asked[-1] == "/studies/1.2.3"


def test_the_next_pull_retrieves_only_what_is_not_finished(puller: Puller) -> None:
    archive = Archive(1, 2)
    puller.pull(archive.answer)
    archive.files[3], archive.listed = instance(3), listing(1, 2, 3)
    archive.asked.clear()
    assert [o.status for o in puller.pull(archive.answer)] == ["skipped", "skipped", "done"]
    assert archive.asked[2:] == ["/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.3"]
    (puller.out / "1.2.3/1.2.3.4/1.2.3.4.1.dcm").unlink()
    assert [o.status for o in puller.pull(archive.answer)] == ["done", "skipped", "skipped"]
    assert puller.files() == puller.expected(archive, 1, 2, 3)


def test_overwrite_retrieves_everything_again(puller: Puller) -> None:
    archive = Archive(1, 2)
    puller.pull(archive.answer)
    archive.files[1] = instance(1, PatientName="Other")
    assert [o.status for o in puller.pull(archive.answer, overwrite=True)] == ["done", "done"]
    assert puller.files() == puller.expected(archive, 1, 2)


def test_a_preview_says_what_is_finished_and_writes_nothing(puller: Puller) -> None:
    archive = Archive(1, 2)
    with RawServer(archive.answer) as server:
        assert [finished for _, finished in preview(puller.job(server.port))] == [False, False]
        assert not puller.out.exists()
    puller.pull(archive.answer)
    archive.listed = listing(1, 2, 3)
    before = sorted(puller.out.rglob("*"))
    with RawServer(archive.answer) as server:
        found = list(preview(puller.job(server.port)))
    assert [finished for _, finished in found] == [True, True, False]
    assert sorted(puller.out.rglob("*")) == before


def test_an_instance_that_the_server_does_not_send_is_named(puller: Puller) -> None:
    archive = Archive(1, 3)
    archive.listed = listing(1, 2, 3)
    found = puller.pull(archive.answer)
    assert [o.status for o in found] == ["done", "failed", "done"]
    assert found[1].path.endswith("/1.2.3.4.2")
    assert (
        "the peer has no study 1.2.3, series 1.2.3.4, instance 1.2.3.4.2. Check" in found[1].error
    )
    assert puller.files() == puller.expected(archive, 1, 3)


@pytest.mark.parametrize("lost", [1, 20, 1000, 12_000])
def test_an_answer_that_is_cut_off_is_completed_one_by_one(lost: int, puller: Puller) -> None:
    archive = Archive(1, 2, 3)
    body = multipart(*archive.files.values())[:-lost]
    archive.whole = answer("200 OK", body, MULTIPART)
    assert [o.status for o in puller.pull(archive.answer)] == ["done"] * 3
    assert puller.files() == puller.expected(archive, 1, 2, 3)


@pytest.mark.parametrize("lost", [1, 10, 1000])
def test_a_part_that_is_cut_off_is_not_an_instance(lost: int, puller: Puller) -> None:
    archive = Archive(1, 2)
    archive.whole = answer("500 Error")
    archive.singly[1] = answer("200 OK", multipart(archive.files[1][:-lost]), MULTIPART)
    cut = answer("200 OK", multipart(archive.files[2]), MULTIPART)
    archive.singly[2] = cut.replace(b"\r\n--b--\r\n", b"")[:-lost]
    found = puller.pull(archive.answer)
    assert [o.status for o in found] == ["failed", "failed"]
    assert puller.files() == {}


def test_without_a_list_a_cut_off_answer_is_a_failure_beside_what_arrived(puller: Puller) -> None:
    archive = Archive(1, 2)
    archive.listed = None
    archive.whole = answer("200 OK", multipart(*archive.files.values())[:-5000], MULTIPART)
    found = puller.pull(archive.answer)
    assert [(o.status, o.path.rpartition("/")[2]) for o in found] == [
        ("failed", "1.2.3"),
        ("done", "1.2.3.4.1"),
    ]
    assert "the answer is cut off" in found[0].error
    assert puller.files() == puller.expected(archive, 1)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"StudyInstanceUID": "../../x"}, "its Study Instance UID is '../../x', which is not a"),
        ({"SeriesInstanceUID": "/etc/x"}, "its Series Instance UID is '/etc/x', which is not a"),
        ({"SOPInstanceUID": ".."}, "its SOP Instance UID is '..', which is not a UID"),
        ({"SOPInstanceUID": "1." * 40 + "1"}, "which is not a UID"),
        ({"SOPInstanceUID": ""}, "its SOP Instance UID is '', which is not a UID"),
        ({"StudyInstanceUID": "1.2.9"}, "is 1.2.9, but 1.2.3 was asked for"),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@pytest.mark.filterwarnings("ignore:The value length")
def test_uids_that_are_not_what_was_asked_for_never_become_paths(
    changes: dict[str, str], told: str, puller: Puller
) -> None:
    archive = Archive(1)
    body = multipart(archive.files[1], instance(2, **changes))
    archive.whole = answer("200 OK", body, MULTIPART)
    done, failed = sorted(puller.pull(archive.answer), key=lambda o: o.status)
    assert (done.status, failed.status) == ("done", "failed")
    assert told in failed.error
    assert puller.files() == puller.expected(archive, 1)


@pytest.mark.parametrize("uid", ["..", "../../etc", "1.2/3", "", "x"])
def test_a_list_with_something_that_is_not_a_uid_ends_the_pull(uid: str, puller: Puller) -> None:
    archive = Archive(1)
    archive.listed = json.dumps([{"0020000E": {"Value": [uid]}}]).encode()
    with pytest.raises(NetworkError, match="which is not a UID"):
        puller.pull(archive.answer)
    assert not puller.files()


def test_an_instance_that_comes_twice_must_be_the_same(puller: Puller) -> None:
    archive = Archive(1)
    other = instance(1, PatientName="Other")
    archive.whole = answer("200 OK", multipart(archive.files[1], archive.files[1]), MULTIPART)
    assert [o.status for o in puller.pull(archive.answer)] == ["done"]
    archive.whole = answer("200 OK", multipart(archive.files[1], other), MULTIPART)
    found = puller.pull(archive.answer, overwrite=True)
    assert sorted(o.status for o in found) == ["done", "failed"]
    assert puller.files() == puller.expected(archive, 1)


def test_a_part_that_is_not_dicom_fails_alone(puller: Puller) -> None:
    archive = Archive(1)
    archive.whole = answer("200 OK", multipart(b"<html>", archive.files[1], b""), MULTIPART)
    found = puller.pull(archive.answer)
    assert sorted(o.status for o in found) == ["done", "failed", "failed"]


@pytest.mark.parametrize(
    ("whole", "told"),
    [
        (answer("200 OK", b"<html>", "text/html"), "it answered with 'text/html' instead of"),
        (answer("200 OK", b"--b\r\n\r\nx\r\n--b--", "multipart/related"), "no valid boundary"),
        (answer("406 Not Acceptable"), "it does not send the instances: HTTP 406"),
        (answer("206 Partial", multipart(), MULTIPART), "only some of the instances (HTTP 206)"),
        (
            answer("200 OK", multipart(), MULTIPART, "Content-Encoding: gzip"),
            "it compressed the answer",
        ),
        (
            answer("302 Found", b"", "text/plain", "Location: http://x/"),
            "it redirects to http://x/",
        ),
        (
            answer("200 OK", multipart(b"x").replace(b"/dicom\r", b"/json\r"), MULTIPART),
            "a part of its answer is 'application/json'",
        ),
    ],
    ids=range(7),
)
def test_an_answer_without_instances_ends_the_pull(whole: bytes, told: str, puller: Puller) -> None:
    archive = Archive(1)
    archive.listed, archive.whole = None, whole
    with pytest.raises(NetworkError) as caught:
        puller.pull(archive.answer)
    assert told in str(caught.value)
    assert str(caught.value).startswith("http://127.0.0.1:")
    assert not puller.files()


def test_a_study_that_is_not_there_is_an_error(puller: Puller) -> None:
    archive = Archive()
    with pytest.raises(SourceError, match=r"the peer has no study 1\.2\.3\. Check the UIDs"):
        puller.pull(archive.answer)


@pytest.mark.parametrize("piece", [b"--b\r\n\r\n" + bytes(1 << 16), b"\r\n--b\r\n\r\nx"])
def test_an_endless_answer_ends_and_leaves_no_files(piece: bytes, puller: Puller) -> None:
    puller.largest = 1 << 18

    def endless(connection: socket.socket, request: bytes) -> None:
        if b"offset=" in request:
            connection.sendall(answer("200 OK", listing(1) if b"=0" in request else b"[]", JSON))
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: " + MULTIPART.encode() + b"\r\n\r\n")
        with suppress(OSError):
            while True:
                connection.sendall(piece)

    with suppress(DicomtxError):
        found = puller.pull(endless)
        assert [o.status for o in found if o.status != "failed"] == []
    assert puller.files() == {}


def test_a_broken_server_is_given_up_after_the_first_instances(puller: Puller) -> None:
    archive = Archive(*range(1, 7))

    def broken(connection: socket.socket, request: bytes) -> None:
        if b"offset=" in request or b"instances/1.2.3.4.1 " in request:
            archive.answer(connection, request)
        else:
            archive.asked.append("")
            head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\nContent-Type: "
            connection.sendall(head + MULTIPART.encode() + b"\r\n\r\n")

    found = puller.pull(broken)
    assert [o.status for o in found] == ["done", *["failed"] * 5]
    assert "the connection was lost" in found[1].error
    assert found[5].error == "not tried: 3 others failed before"
    assert archive.asked.count("") == 1 + 3
