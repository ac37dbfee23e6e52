"""STOW-RS: what is sent, and what each answer means."""

import json
import socket
import time
from pathlib import Path

import pytest

from dicomtx.errors import NetworkError
from dicomtx.network.address import WebAddress
from dicomtx.network.credentials import Credentials, Secret
from dicomtx.network.delivery import Delivery
from dicomtx.network.http.client import HttpOptions
from dicomtx.network.http.stow import connect, described
from tests.network.http.store_answers import in_json, in_xml, result
from tests.network.instances import instance_of
from tests.raw_server import Answering, RawServer, answer

JSON = "application/dicom+json"
XML = "application/dicom+xml"
CT_UID = "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
LOGIN = Credentials(user="ann", secret=Secret("swordfish"))


def send(
    path: Path, reply: bytes | Answering, options: HttpOptions | None = None
) -> tuple[Delivery, list[bytes]]:
    """Returns what came of sending a file to a server that answers this, and the requests."""
    with RawServer(reply) as server:
        address = WebAddress("dicomweb", f"http://127.0.0.1:{server.port}/dicom-web")
        with connect(address, options or HttpOptions()) as peer, instance_of(path) as instance:
            assert peer.accepts(instance.sop_class_uid, instance.transfer_syntax_uid)
            return peer.send(instance), server.requests


def test_the_file_is_sent_as_it_is_with_its_length(ct: Path) -> None:
    _, requests = send(ct, answer("200 OK", in_json({CT_UID: 0}, {}), JSON))
    head, _, body = requests[0].partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "post /dicom-web/studies http/1.1"
    boundary = head.partition(b"boundary=")[2].partition(b"\r\n")[0]
    assert b'multipart/related; type="application/dicom"; boundary=' in head
    assert f"content-length: {len(body)}" in lines
    assert b"transfer-encoding" not in head.lower()
    assert "accept-encoding: identity" in lines
    start = b"--" + boundary + b"\r\nContent-Type: application/dicom\r\n\r\n"
    assert body == start + ct.read_bytes() + b"\r\n--" + boundary + b"--\r\n"


@pytest.mark.parametrize(
    ("status", "kept", "failed", "delivery"),
    [
        ("200 OK", {CT_UID: 0}, {}, Delivery(delivered=True, status="HTTP 200")),
        (
            "202 Accepted",
            {CT_UID: 0xB000},
            {},
            Delivery(delivered=True, status="HTTP 202", reason="Warning Reason B000"),
        ),
        (
            "409 Conflict",
            {},
            {CT_UID: 0x0122},
            Delivery(
                delivered=False,
                status="HTTP 409",
                reason="Failure Reason 0122 (the server does not store this SOP class)",
            ),
        ),
        (
            "200 OK",
            {},
            {CT_UID: 0xA700},
            Delivery(
                delivered=False,
                status="HTTP 200",
                reason="Failure Reason A700 (out of resources)",
                again=True,
            ),
        ),
        (
            "409 Conflict",
            {},
            {CT_UID: 0x0111},
            Delivery(
                delivered=True,
                status="HTTP 409",
                reason="Failure Reason 0111 (the server has the instance already)",
            ),
        ),
        (
            "202 Accepted",
            {"1.2.3": 0},
            {"": 0},
            Delivery(
                delivered=False,
                status="HTTP 202",
                reason="Failure Reason 0110 (processing failure)",
            ),
        ),
        (
            "200 OK",
            {"1.2.3": 0},
            {},
            Delivery(
                delivered=False,
                status="HTTP 200",
                reason="the answer of the server does not name the instance",
            ),
        ),
    ],
)
def test_the_lists_of_the_answer_decide_not_its_status(
    status: str, kept: dict[str, int], failed: dict[str, int], delivery: Delivery, ct: Path
) -> None:
    for kind, written in ((JSON, in_json), (XML, in_xml)):
        assert send(ct, answer(status, written(kept, failed), kind))[0] == delivery


def test_an_answer_can_be_an_array(ct: Path) -> None:
    body = json.dumps([result({"1.2": 0}, {}), result({CT_UID: 0}, {})]).encode()
    assert send(ct, answer("200 OK", body, JSON))[0].delivered


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1, 2]",
        b'{"00081199": {"Value": [1]}}',
        b'{"00081199": 5}',
        b"[" * 100_000,
        b"<html><body>OK</body>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><NativeDicomModel/>',
        b"<a>" * 100_000,
        b'<N><DicomAttribute tag="00081199">' * 1000,
    ],
    ids=range(10),
)
def test_success_without_a_readable_answer_is_not_success(body: bytes, ct: Path) -> None:
    found, _ = send(ct, answer("200 OK", body, XML if body[:1] == b"<" else JSON))
    assert not found.delivered
    assert found.status == "HTTP 200"
    assert found.reason.startswith("the answer of the server")


@pytest.mark.parametrize("code", [400, 404, 413, 415, 408, 429, 500, 503, 507])
def test_a_status_tells_whether_another_attempt_could_succeed(code: int, ct: Path) -> None:
    reply = answer(f"{code} Bad", b"out\x1b[0m of\norder", "text/plain", "Retry-After: 7")
    again = code in (408, 429, 500, 503, 507)
    assert send(ct, reply)[0] == Delivery(
        delivered=False,
        status=f"HTTP {code}",
        reason="out\\x1b[0m of order",
        again=again,
        wait=7,
    )


def test_credentials_are_shown_to_the_server_and_to_nobody_else(ct: Path) -> None:
    def repeat(connection: socket.socket, request: bytes) -> None:
        line = next(line for line in request.split(b"\r\n") if line.startswith(b"Authorization"))
        connection.sendall(answer("400 Bad", line + b" swordfish"))

    found, requests = send(ct, repeat, HttpOptions(credentials=LOGIN))
    assert b"\r\nAuthorization: Basic YW5uOnN3b3JkZmlzaA==\r\n" in requests[0]
    assert found.reason == "Authorization: Basic *** ***"


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_server_that_refuses_access_is_named_as_that(status: str, ct: Path) -> None:
    assert send(ct, answer(status))[0].reason == "the server needs credentials"
    found, _ = send(ct, answer(status), HttpOptions(credentials=LOGIN))
    assert found.reason == "the server refuses the credentials"
    assert not found.again


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_redirects_are_not_followed(status: str, ct: Path) -> None:
    with RawServer(answer("200 OK", in_json({CT_UID: 0}, {}), JSON)) as other:
        place = f"Location: http://u:p@127.0.0.1:{other.port}/studies?token=1"
        reply = answer(status, b"", "text/plain", place)
        with pytest.raises(NetworkError) as caught:
            send(ct, reply, HttpOptions(credentials=LOGIN))
        assert not other.requests
    told = f"it redirects to http://127.0.0.1:{other.port}/studies: use that address"
    assert str(caught.value).endswith(told)


def test_a_compressed_answer_is_refused(ct: Path) -> None:
    reply = answer("200 OK", bytes(100), JSON, "Content-Encoding: gzip")
    with pytest.raises(NetworkError, match="it compressed the answer"):
        send(ct, reply)


def test_a_silent_server_is_worth_another_attempt(ct: Path) -> None:
    def silence(connection: socket.socket, _: bytes) -> None:
        connection.recv(1)

    found, _ = send(ct, silence, HttpOptions(answer_seconds=0.2))
    assert found.again
    assert found.reason.endswith("no answer within 0.2 s")


def test_a_server_that_drips_its_answer_counts_as_silent(ct: Path) -> None:
    def drip(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b" ")
            time.sleep(0.02)

    found, _ = send(ct, drip, HttpOptions(answer_seconds=0.3))
    assert found.again
    assert found.reason.endswith("no answer within 0.3 s")


def test_an_endless_answer_ends(ct: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicomtx.network.http.client.LARGEST_ANSWER", 1 << 20)

    def endless(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"10000\r\n" + bytes(1 << 16) + b"\r\n")

    with pytest.raises(NetworkError, match="the answer exceeds 1048576 bytes"):
        send(ct, endless)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 999999 ?\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000,
    ],
    ids=range(7),
)
def test_an_answer_that_is_not_http_is_a_lost_connection(reply: bytes, ct: Path) -> None:
    with pytest.raises(NetworkError, match="the connection was lost"):
        send(ct, reply)


def test_a_server_that_is_not_there_is_named_with_the_reason(ct: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    address = WebAddress("dicomweb", f"http://127.0.0.1:{port}")
    told = f"http://127.0.0.1:{port}: cannot be reached: connection refused"
    with (
        connect(address, HttpOptions()) as peer,
        instance_of(ct) as instance,
        pytest.raises(NetworkError) as caught,
    ):
        peer.send(instance)
    assert str(caught.value) == told


def test_the_codes_of_failures_have_words() -> None:
    assert described(0xC122).endswith("(the server does not store this transfer syntax)")
    assert described(0xC001) == "Failure Reason C001 (error)"
    assert described(0xA901) == "Failure Reason A901 (does not match the SOP class)"
    assert described(0x0999) == "Failure Reason 0999"
