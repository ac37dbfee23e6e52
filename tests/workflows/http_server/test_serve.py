"""Real clients of the server over HTTP, good and bad ones."""

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from dicomtx import transcode_bytes
from tests import corpus, file_trees, http_server, plugins, warm_server
from tests.conftest import Run
from tests.http_server import Server

JPEG2000 = "1.2.840.10008.1.2.4.90"
CODEC = "to=EncapsulatedUncompressedExplicitVRLittleEndian&codecs=moody"
CT = corpus.file("CT_small.dcm").read_bytes()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    settings = folder / "dicomtx.toml"
    settings.write_text('[[policy.archive.rule]]\nmodality = "CT"\nrefuse = "no CT here"\n')
    options = ("--jobs", "2", "--max-body", "100k")
    with http_server.running(folder, *options, DICOMTX_CONFIG=str(settings)) as running:
        yield running


def _nothing_is_left(server: Server) -> bool:
    return not list((server.folder / "tmp").iterdir())


def test_a_file_comes_back_as_dicomtx_converts_it(server: Server) -> None:
    answer = server.transcode("to=jpeg2000-lossless", CT)
    assert (answer.status, answer.outcome["status"]) == (200, "done")
    assert answer.outcome["target_syntax"] == JPEG2000
    assert answer.outcome["verification"] != "none"
    assert answer.body == transcode_bytes(CT, to="jpeg2000-lossless")[0]
    assert _nothing_is_left(server)


def test_a_file_that_is_kept_is_not_sent_back(server: Server) -> None:
    answer = server.transcode("to=rle", corpus.file("rtplan.dcm").read_bytes())
    assert (answer.status, answer.body, answer.outcome["status"]) == (204, b"", "kept")


@pytest.mark.parametrize(
    ("query", "body", "status", "error"),
    [
        ("to=jpeg-xl-lossless", CT, "refused", "unsigned"),
        ("policy=archive", CT, "refused", "no CT here"),
        ("to=rle", b"not DICOM", "failed", "DICOM"),
        ("to=rle", b"", "failed", ""),
        ("to=rle", CT[:-1000], "failed", ""),
    ],
)
def test_a_file_that_cannot_be_converted_comes_back_as_an_outcome(
    server: Server, query: str, body: bytes, status: str, error: str
) -> None:
    answer = server.transcode(query, body)
    assert (answer.status, answer.outcome["status"]) == (422, status)
    assert error in answer.error
    assert json.loads(answer.body) == answer.outcome


@pytest.mark.parametrize(
    ("method", "place", "status", "error"),
    [
        ("POST", "/transcode?in_place=true", 400, "in_place: unknown option"),
        ("POST", "/transcode?policy=%2Fetc%2Fpasswd", 400, "use one of archive"),
        ("POST", "/transcode?to=rle&quality=80", 400, "--quality needs a lossy target"),
        ("POST", "/transcode?to=jpeg2000", 400, "needs a goal"),
        ("GET", "/transcode", 405, "POST"),
        ("POST", "/health", 405, "GET"),
        ("GET", "/../etc/passwd", 404, "/transcode"),
    ],
)
def test_a_wrong_request_says_what_is_wrong(
    server: Server, method: str, place: str, status: int, error: str
) -> None:
    answer = server.ask(method, place, CT if method == "POST" else None)
    assert answer.status == status
    assert error in answer.error


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(server: Server, *, chunked: bool) -> None:
    pieces = [bytes(60_000)] * 2
    answer = server.ask("POST", "/transcode?to=rle", iter(pieces) if chunked else b"".join(pieces))
    assert (answer.status, "--max-body" in answer.error) == (413, True)
    assert _nothing_is_left(server)


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_a_web_page_gets_nothing(server: Server, headers: dict[str, str]) -> None:
    assert server.ask("POST", "/transcode?to=rle", CT, headers).status == 403
    assert server.ask("GET", "/metrics", None, headers).status == 403


def test_health_and_metrics_say_how_it_goes(server: Server) -> None:
    assert json.loads(server.ask("GET", "/health").body).keys() == {"version"}
    before = server.metric('dicomtx_requests_total{result="done"}')
    server.transcode("to=rle", CT)
    assert server.metric('dicomtx_requests_total{result="done"}') == before + 1
    assert server.metric("dicomtx_request_seconds_sum") > 0
    assert server.metric('dicomtx_bytes_total{direction="in"}') >= len(CT)
    assert (
        server.metric("dicomtx_requests_running") == server.metric("dicomtx_requests_queued") == 0
    )


def test_hostile_clients_hold_up_nobody(server: Server) -> None:
    head = b"POST /transcode?to=rle HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"
    texts = [
        b"",
        b"GET",
        b"\x16\x03\x01 not HTTP\r\n\r\n",
        head % (len(CT) + 1) + CT,  # waits for one more byte
        head % len(CT) + CT[:1000],
        head % 10**30 + CT,
        head % len(CT) + CT + b"garbage\r\n\r\n",
        b"POST /transcode HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ]
    opened = [socket.create_connection(("127.0.0.1", server.port)) for _ in texts]
    for connection, text in zip(opened, texts, strict=True):
        connection.sendall(text)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: server.transcode("to=rle", CT), range(10)))
    assert [answer.status for answer in answers] == [200] * 10
    assert len({answer.body for answer in answers}) == 1
    for connection in opened:
        connection.close()
    warm_server.until(lambda: warm_server.status(server.folder)["running"] == "0")
    assert server.ask("GET", "/health").status == 200
    assert _nothing_is_left(server)


@pytest.mark.long
def test_silent_connections_are_closed(tmp_path: Path) -> None:
    with http_server.running(tmp_path) as server:
        silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(128)]
        silent[0].sendall(b"GET /health HTTP/1.1\r\nHost: ")
        assert server.ask("GET", "/health").status == 503
        warm_server.until(lambda: server.ask("GET", "/health").status == 200)
        assert {connection.recv(1) for connection in silent} == {b""}


def test_a_remote_address_needs_a_token(run: Run, tmp_path: Path) -> None:
    arguments = ("serve", "--http", "0.0.0.0:0", "--allow-remote", "--socket", tmp_path / "s")
    done = run(*arguments)
    assert (done.returncode, b"--token-file" in done.stderr) == (2, True)


def test_a_port_in_use_is_an_error(server: Server, run: Run, tmp_path: Path) -> None:
    done = run("serve", "--http", f"127.0.0.1:{server.port}", "--socket", tmp_path / "s")
    assert (done.returncode, b"Address already in use" in done.stderr) == (7, True)


@pytest.mark.long
def test_a_socket_in_use_is_an_error(server: Server, run: Run) -> None:
    done = run("serve", "--http", "127.0.0.1:0", "--socket", server.folder / "s")
    assert (done.returncode, b"another server is running" in done.stderr) == (7, True)


@pytest.mark.long
def test_stop_ends_the_worker_and_the_http_server(tmp_path: Path, run: Run) -> None:
    with http_server.running(tmp_path) as server:
        worker = server.worker
        assert run("serve", "--stop", "--socket", tmp_path / "s").returncode == 0
        assert server.process.wait(30) == 0
        assert not http_server.is_alive(worker)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_a_request_finish(tmp_path: Path, number: int) -> None:
    with http_server.running(tmp_path) as server, closing(server.connect()) as client:
        worker = server.worker
        client.putrequest("POST", "/transcode?to=rle")
        client.putheader("Content-Length", str(len(CT)))
        client.endheaders(CT[:1000])
        time.sleep(0.3)
        server.process.send_signal(number)
        time.sleep(0.3)
        client.send(CT[1000:])
        assert client.getresponse().status == 200
        assert server.process.wait(30) == 0
        assert not http_server.is_alive(worker)


@pytest.mark.long
def test_a_remote_client_needs_the_token(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text("secret-0123456789\n")
    options = ("--allow-remote", "--token-file", str(token))
    with http_server.running(tmp_path, *options, address="0.0.0.0:0") as server:
        assert server.transcode("to=rle", CT).status == 401
        headers = {"Authorization": "Bearer secret-0123456789", "Host": "example.org"}
        assert server.ask("POST", "/transcode?to=rle", CT, headers).status == 200


@pytest.fixture
def moody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Installs codecs that fail, each in its own way; returns the variables that they need."""
    site = tmp_path / "site"
    plugins.install(plugins.FAULT_CODECS, site, monkeypatch)
    return {"PYTHONPATH": str(site), "MOODY_LOG": str(tmp_path / "log")}


def _of(folder: Path, first: int) -> bytes:
    """Returns a file with a first byte of Pixel Data that decides what the codec does."""
    tree = file_trees.make(folder / f"files-{first}", [first])
    return next(path for path in tree.rglob("*") if path.is_file()).read_bytes()


@pytest.mark.long
def test_a_codec_that_crashes_costs_its_own_request_only(
    tmp_path: Path, moody: dict[str, str]
) -> None:
    with http_server.running(tmp_path, **moody) as server, ThreadPoolExecutor(6) as pool:
        files = [_of(tmp_path, first) for first in (255, 0, 251)] * 2
        answers = list(pool.map(lambda data: server.transcode(CODEC, data), files))
        assert [answer.status for answer in answers] == [422, 200, 500] * 2
        assert "SIGABRT" in answers[0].error
        assert _nothing_is_left(server)


@pytest.mark.long
def test_a_conversion_that_takes_too_long_is_ended(tmp_path: Path, moody: dict[str, str]) -> None:
    with http_server.running(tmp_path, "--request-timeout", "2", **moody) as server:
        answer = server.transcode(CODEC.replace("moody", "hangs"), _of(tmp_path, 255))
        assert (answer.status, "--request-timeout" in answer.error) == (504, True)
        assert server.transcode("to=rle", CT).status == 200
        assert _nothing_is_left(server)


def _hang(server: Server, data: bytes) -> socket.socket:
    """Returns the connection of a client whose conversion does not end."""
    query = CODEC.replace("moody", "hangs").encode()
    head = b"POST /transcode?%b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"
    client = socket.create_connection(("127.0.0.1", server.port))
    client.sendall(head % (query, len(data)) + data)
    warm_server.until(lambda: server.metric("dicomtx_requests_running") == 1)
    return client


@pytest.mark.long
def test_a_client_that_leaves_ends_its_conversion(tmp_path: Path, moody: dict[str, str]) -> None:
    with http_server.running(tmp_path, **moody) as server:
        _hang(server, _of(tmp_path, 255)).close()
        warm_server.until(lambda: warm_server.status(tmp_path)["running"] == "0")
        assert server.metric('dicomtx_requests_total{result="abandoned"}') == 1
        assert server.metric("dicomtx_requests_running") == 0


@pytest.mark.long
def test_a_worker_that_dies_is_replaced(tmp_path: Path, moody: dict[str, str]) -> None:
    with http_server.running(tmp_path, **moody) as server:
        client = _hang(server, _of(tmp_path, 255))
        worker = server.worker
        os.kill(worker, signal.SIGKILL)
        assert b"503" in client.recv(100)
        warm_server.until(lambda: server.ask("GET", "/health").status == 200)
        assert server.worker != worker
        assert server.transcode("to=rle", CT).status == 200
        assert _nothing_is_left(server)


@pytest.mark.long
@pytest.mark.parametrize("delay", [0.0, 0.03, 0.2])
def test_a_killed_server_leaves_no_file_and_no_process(tmp_path: Path, delay: float) -> None:
    shutil.copy(corpus.file("CT_small.dcm"), tmp_path)
    with http_server.running(tmp_path) as server:
        worker = server.worker
        head = b"POST /transcode?to=jpeg2000-lossless HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(4)]
        for client in clients:
            client.sendall(head + b"Content-Length: %d\r\n\r\n" % len(CT) + CT)
        time.sleep(delay)
        server.process.kill()
        server.process.wait()
        warm_server.until(lambda: not http_server.is_alive(worker))
        assert _nothing_is_left(server)
