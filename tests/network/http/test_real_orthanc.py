"""A real Orthanc stores what is sent to it: by STOW-RS, and as a peer of Orthanc."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomtx.errors import NetworkError
from dicomtx.network.address import WebAddress
from dicomtx.network.credentials import Credentials, Secret
from dicomtx.network.delivery import Delivery
from dicomtx.network.http import orthanc_peer, stow
from dicomtx.network.http.client import HttpOptions
from tests import corpus
from tests.network.instances import instance_of
from tests.orthanc_server import DICOMWEB_PLUGIN, OrthancServer
from tests.raw_server import RawServer, answer

pytestmark = pytest.mark.peer("Orthanc")

FILES = ("CT_small.dcm", "MR_small_RLE.dcm", "JPEG2000.dcm", "image_dfl.dcm", "rtplan.dcm")
LOGIN = Credentials(user="ann", secret=Secret("swordfish"))
OPTIONS = HttpOptions(credentials=LOGIN)


@pytest.fixture(scope="module")
def server() -> Iterator[OrthancServer]:
    """A server with the DICOMweb plugin that wants a password."""
    configuration = {
        "Plugins": [str(DICOMWEB_PLUGIN)],
        "AuthenticationEnabled": True,
        "RegisteredUsers": {"ann": "swordfish"},
        "OverwriteInstances": False,
    }
    with OrthancServer(configuration) as running:
        yield running


def stow_address(server: OrthancServer) -> WebAddress:
    return WebAddress("dicomweb", f"http://127.0.0.1:{server.port}/dicom-web")


def peer_address(server: OrthancServer) -> WebAddress:
    return WebAddress("orthanc", f"http://127.0.0.1:{server.port}")


def taken(server: OrthancServer, uid: str) -> bytes:
    """Returns the file that the server has for a SOP Instance UID, and removes it there."""
    (place,) = json.loads(server.ask("POST", "/tools/lookup", uid.encode())[1])
    content = server.ask("GET", f"{place['Path']}/file")[1]
    server.ask("DELETE", place["Path"])
    return content


@pytest.mark.parametrize("kind", ["stow", "peer"])
def test_orthanc_stores_the_very_bytes_in_every_syntax(kind: str, server: OrthancServer) -> None:
    opened = (
        stow.connect(stow_address(server), OPTIONS)
        if kind == "stow"
        else orthanc_peer.connect(peer_address(server), OPTIONS)
    )
    with opened as peer:
        for name in FILES:
            path = corpus.file(name)
            with instance_of(path) as instance:
                first, second = peer.send(instance), peer.send(instance)
            assert first == Delivery(delivered=True, status="HTTP 200")
            assert second.delivered
            assert taken(server, instance.sop_instance_uid) == path.read_bytes()
    if kind == "peer":
        assert second.reason == "the server has the instance already"


def test_orthanc_says_why_it_refuses_a_file(
    server: OrthancServer, ct: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(ct.read_bytes()[:4000])
    with (
        stow.connect(stow_address(server), OPTIONS) as web,
        orthanc_peer.connect(peer_address(server), OPTIONS) as peer,
        instance_of(ct) as whole,
        instance_of(cut) as broken,
    ):
        instance = whole._replace(file=broken.file)
        by_stow, by_peer = web.send(instance), peer.send(instance)
    told = "Bad file format: Cannot parse an invalid DICOM file (size: 4000 bytes)"
    assert by_peer == Delivery(delivered=False, status="HTTP 400", reason=told)
    assert by_stow == Delivery(delivered=False, status="HTTP 400", reason="bad request")


@pytest.mark.parametrize("login", [None, LOGIN._replace(secret=Secret("other"))])
def test_a_wrong_password_is_refused_by_name(
    login: Credentials | None, server: OrthancServer, ct: Path
) -> None:
    options = HttpOptions(credentials=login)
    told = "the server refuses the credentials" if login else "the server needs credentials"
    with stow.connect(stow_address(server), options) as peer, instance_of(ct) as instance:
        assert peer.send(instance) == Delivery(delivered=False, status="HTTP 401", reason=told)
    with (
        pytest.raises(NetworkError, match=told),
        orthanc_peer.connect(peer_address(server), options),
    ):
        pass


def test_another_server_is_not_taken_for_orthanc() -> None:
    with RawServer(answer("200 OK", b'{"Version": "1"}', "application/json")) as other:
        address = WebAddress("orthanc", f"http://127.0.0.1:{other.port}")
        with (
            pytest.raises(NetworkError, match="this is not Orthanc's REST API"),
            orthanc_peer.connect(address, HttpOptions()),
        ):
            pass


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (b'{"Status": "FilteredOut"}', "Orthanc answered 'FilteredOut'"),
        (b'{"ID": "1"}', "the answer is not Orthanc's"),
        (b"[]", "the answer is not Orthanc's"),
        (b"", "the answer is not Orthanc's"),
    ],
)
def test_status_200_is_not_enough(reply: bytes, told: str, ct: Path) -> None:
    def both(connection: socket.socket, request: bytes) -> None:
        body = reply if request.startswith(b"POST") else b'{"ApiVersion": 17}'
        connection.sendall(answer("200 OK", body, "application/json"))

    with RawServer(both) as server:
        address = WebAddress("orthanc", f"http://127.0.0.1:{server.port}")
        with orthanc_peer.connect(address, HttpOptions()) as peer, instance_of(ct) as instance:
            assert peer.send(instance) == Delivery(delivered=False, status="HTTP 200", reason=told)
