"""Retrieving from an Orthanc that fails, or from something that only looks like one."""

import hashlib
import json
import socket
from collections.abc import Mapping

import pytest

from dicomtx.errors import NetworkError, SourceError
from dicomtx.network.address import WebAddress
from dicomtx.network.http.client import HttpOptions
from dicomtx.network.http.orthanc_archive import connect
from dicomtx.network.retrieval import Arrival, Place
from tests.raw_server import RawServer, answer

WANTED = Place("1.2")
ONE = Place("1.2", "1.2.3", "1.2.3.4")
CONTENT = bytes(range(256)) * 100
MD5 = hashlib.md5(CONTENT).hexdigest().encode()


def found(level: str, name: str, uid: str) -> bytes:
    tag = {"Series": "SeriesInstanceUID", "Instance": "SOPInstanceUID"}[level]
    return json.dumps([{"ID": name, "MainDicomTags": {tag: uid}}]).encode()


USUAL: Mapping[str, bytes] = {
    "/system": answer("200 OK", b'{"ApiVersion": 17}'),
    "Series": answer("200 OK", found("Series", "aa-1", "1.2.3")),
    "Instance": answer("200 OK", found("Instance", "bb-2", "1.2.3.4")),
    "/instances/bb-2/attachments/dicom/md5": answer("200 OK", MD5),
    "/instances/bb-2/file": answer("200 OK", CONTENT, "application/dicom"),
}


def pulled(**changes: bytes) -> list[bytes]:
    """Returns what arrives from a server whose answers are changed."""
    names = {"file": "/instances/bb-2/file", "md5": "/instances/bb-2/attachments/dicom/md5"}
    answers = {**USUAL, **{names.get(name, name): value for name, value in changes.items()}}
    arrived: list[bytes] = []

    def reply(connection: socket.socket, request: bytes) -> None:
        path = request.split(b" ")[1].decode()
        if path == "/tools/find":
            path = json.loads(request.partition(b"\r\n\r\n")[2])["Level"]
        connection.sendall(answers[path])

    def receive(arrival: Arrival) -> bool:
        arrived.append(b"".join(arrival.chunks))
        return True

    with RawServer(reply) as server:
        address = WebAddress("orthanc", f"http://127.0.0.1:{server.port}")
        with connect(address, HttpOptions()) as peer:
            assert peer.listed(WANTED) == [ONE]
            peer.retrieve(WANTED, receive)
    return arrived


def test_a_file_arrives_as_orthanc_has_it() -> None:
    assert pulled() == [CONTENT]


def test_without_a_checksum_the_length_must_do() -> None:
    assert pulled(md5=answer("404 Not Found")) == [CONTENT]


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (USUAL["/instances/bb-2/file"][:-1], "the connection was lost"),
        (answer("200 OK", CONTENT[:-1]), "do not have its checksum"),
        (answer("200 OK", bytes(len(CONTENT))), "do not have its checksum"),
        (
            answer("500 Error", b'{"Message": "Cannot read"}'),
            "it does not send 1.2.3.4: HTTP 500, Cannot read",
        ),
        (answer("302 Found"), "it redirects to"),
    ],
    ids=range(5),
)
def test_half_a_file_is_an_error(file: bytes, told: str) -> None:
    with pytest.raises(NetworkError) as caught:
        pulled(file=file)
    assert told in str(caught.value)


def test_a_file_that_was_removed_meanwhile_is_an_error() -> None:
    with pytest.raises(
        SourceError, match=r"no study 1\.2, series 1\.2\.3, instance 1\.2\.3\.4\. Check"
    ):
        pulled(file=answer("404 Not Found"))


@pytest.mark.parametrize(
    "change",
    [
        {"Series": answer("200 OK", found("Series", "aa-1", "../.."))},
        {"Instance": answer("200 OK", found("Instance", "../../x", "1.2.3.4"))},
        {"Instance": answer("200 OK", found("Instance", "", "1.2.3.4"))},
        {"Instance": answer("200 OK", found("Instance", "bb-2", "/1.2"))},
        {"Instance": answer("200 OK", b"[1]")},
        {"Series": answer("200 OK", b"{")},
        {"Series": answer("404 Not Found")},
        {"Series": answer("200 OK", b'[{"MainDicomTags": 5}]')},
    ],
    ids=range(8),
)
def test_a_list_that_is_not_orthancs_is_an_error(change: dict[str, bytes]) -> None:
    with pytest.raises(NetworkError):
        pulled(**change)
