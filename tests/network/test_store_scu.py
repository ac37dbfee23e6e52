"""C-STORE against DCMTK's storescp, and against peers that misbehave."""

import os
import random
import socket
import struct
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from pydicom import dcmread

from dicomtx.errors import NetworkError, SourceError
from dicomtx.network.address import DicomAddress
from dicomtx.network.delivery import Delivery, Instance
from dicomtx.network.dimse.association import Association, DimseOptions
from dicomtx.network.dimse.command_set import VERIFICATION, Response
from dicomtx.network.dimse.store_scu import connect, delivery_of, grouped
from dicomtx.network.tls import TlsOptions
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.source import Source
from dicomtx.transfer_syntaxes import BY_UID, find
from tests import certificates
from tests.certificates import Certificates
from tests.corpus import file
from tests.dicom_peers import (
    Fake,
    QueryScp,
    StoreScp,
    accept,
    data_set_of,
    instance,
    read_message,
    read_pdu,
    respond,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT, EXPLICIT, BIG, RLE = (find(n).uid for n in ("implicit", "explicit", "big-endian", "rle"))
SHORT = DimseOptions(connect_seconds=60, acse_seconds=60, dimse_seconds=60)
pytestmark = pytest.mark.peer("storescp")


@pytest.fixture(scope="module")
def scp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreScp]:
    with StoreScp(tmp_path_factory.mktemp("scp") / "received") as running:
        yield running


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates.made(tmp_path_factory.mktemp("tls") / "pem")


def sent(address: DicomAddress, path: Path, options: DimseOptions = SHORT) -> Delivery:
    with (
        instance(path) as one,
        connect(address, {one.sop_class_uid: (one.transfer_syntax_uid,)}, options) as connection,
    ):
        return connection.send(one)


def failure(
    play: Callable[[socket.socket], None], path: Path, options: DimseOptions = SHORT
) -> str:
    """Returns the error of sending to a peer, without its address."""
    with Fake(play) as peer, pytest.raises(NetworkError) as error:
        sent(peer.address, path, options)
    start = f"{peer.address}: "
    assert str(error.value).startswith(start)
    return str(error.value).removeprefix(start)


@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm",
        "MR_small_implicit.dcm",
        "MR_small_bigendian.dcm",
        "image_dfl.dcm",
        "MR_small_RLE.dcm",
        "JPEG-LL.dcm",
        "US1_J2KR.dcm",
    ],
)
def test_the_bytes_of_a_data_set_arrive_as_they_are(scp: StoreScp, name: str) -> None:
    path = file(name)
    assert sent(scp.address, path) == Delivery(delivered=True, status="0000")
    with instance(path) as one:
        (arrived,) = [p for p in scp.files() if p.name.endswith(one.sop_instance_uid)]
        assert dcmread(arrived).file_meta.TransferSyntaxUID == one.transfer_syntax_uid
    padding = b"\0" * (len(data_set_of(path)) % 2)  # of a deflated data set (PS3.5 A.5)
    assert data_set_of(arrived) == data_set_of(path) + padding


def test_each_syntax_is_answered_for_itself(tmp_path: Path, ct: Path) -> None:
    contexts = {CT: (IMPLICIT, EXPLICIT, RLE), "1.2.3": (IMPLICIT,)}
    with (
        StoreScp(tmp_path / "received", [EXPLICIT, RLE]) as peer,
        connect(peer.address, contexts) as connection,
    ):
        assert [connection.accepts(CT, uid) for uid in (IMPLICIT, EXPLICIT, RLE, BIG)] == [
            *(False, True, True, False)
        ]
        assert connection.answer(CT, IMPLICIT) == "transfer syntax not supported"
        assert connection.answer("1.2.3", IMPLICIT) == "SOP class not supported"
        with instance(ct) as one:
            refused = connection.send(one._replace(transfer_syntax_uid=IMPLICIT))
        assert refused == Delivery(
            delivered=False, reason="the peer: transfer syntax not supported"
        )
        assert peer.files() == []


def test_more_than_128_contexts_use_further_associations(scp: StoreScp, ct: Path) -> None:
    syntaxes = tuple(BY_UID)[:40]
    classes = [f"1.2.840.10008.5.1.4.1.1.{n}" for n in (1, 4, 7, 128, 481, 20)]
    contexts = dict.fromkeys([*classes, CT], (*syntaxes, EXPLICIT))
    assert [len(group) <= 128 for group in grouped(contexts)] == [True] * 3
    assert sum(map(len, grouped(contexts))) == 7 * 40
    with connect(scp.address, contexts) as connection, instance(ct) as one:
        assert connection.accepts(classes[0], EXPLICIT)
        assert connection.send(one).delivered
        assert connection.accepts(classes[3], EXPLICIT)


def test_a_class_with_more_than_128_syntaxes_is_split() -> None:
    groups = grouped({CT: tuple(f"1.2.{n}" for n in range(300)), "1.9": ("1.2.1",)})
    assert [len(group) for group in groups] == [128, 128, 45]


def test_small_pdus_hold_a_message_in_many_pieces(tmp_path: Path, ct: Path) -> None:
    pieces: list[bytes] = []

    def play(connection: socket.socket) -> None:
        accept(connection, max_pdu=64)
        while True:
            kind, body = read_pdu(connection)
            assert kind == 4
            assert len(body) <= 64
            if not body[5] & 1:
                pieces.append(body[6:])
            if body[5] == 2:
                break
        respond(connection, 1, 0)
        read_pdu(connection)

    with Fake(play) as peer:
        assert sent(peer.address, ct).delivered
    assert b"".join(pieces) == data_set_of(ct)


@pytest.mark.parametrize(
    ("status", "delivered", "again", "reason"),
    [
        (0x0000, True, False, ""),
        (0x0111, True, False, "already has"),
        (0xB000, True, False, "changed"),
        (0xB006, True, False, "discarded"),
        (0xB007, True, False, "does not match"),
        (0xA700, False, True, "out of resources: disk full"),
        (0xA7FF, False, True, "out of resources"),
        (0xA900, False, False, "does not match"),
        (0xC123, False, False, "cannot understand"),
        (0x0110, False, True, "processing failure"),
        (0x0122, False, False, "SOP class not supported"),
        (0x0124, False, False, "not authorized"),
        (0xB001, False, False, "unknown status"),
        (0xFE00, False, False, "unknown status"),
    ],
)
def test_statuses_say_whether_the_peer_has_the_instance(
    status: int, *, delivered: bool, again: bool, reason: str
) -> None:
    comment = "disk full" if status == 0xA700 else ""
    said = delivery_of(Response(0x8001, 1, status, comment))
    assert (said.delivered, said.again, said.status) == (delivered, again, f"{status:04X}")
    assert reason in said.reason


def test_a_status_comes_back_from_the_wire(ct: Path) -> None:
    def play(connection: socket.socket) -> None:
        accept(connection)
        context, _ = read_message(connection)
        respond(connection, context, 0xA700)
        read_pdu(connection)

    with Fake(play) as peer:
        assert sent(peer.address, ct) == Delivery(
            delivered=False, status="A700", reason="out of resources", again=True
        )


def answering(data: bytes) -> Callable[[socket.socket], None]:
    """Returns a peer that answers the request for an association with bytes."""

    def play(connection: socket.socket) -> None:
        read_pdu(connection)
        connection.sendall(data)

    return play


def after_message(data: bytes) -> Callable[[socket.socket], None]:
    """Returns a peer that answers an instance with bytes."""

    def play(connection: socket.socket) -> None:
        accept(connection)
        read_message(connection)
        connection.sendall(data)

    return play


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\3\0\0\0\0\4\0\1\1\7", "rejected the association: called AE title not recognized"),
        (b"\3\0\0\0\0\4\0\1\1\3", "rejected the association: calling AE title not recognized"),
        (
            b"\3\0\0\0\0\4\0\2\3\2",
            "rejected the association: local limit of associations exceeded (transient)",
        ),
        (b"\3\0\0\0\0\4\0\1\t\x09", "rejected the association: reason 9 of source 9"),
        (b"\7\0\0\0\0\4\0\0\0\0", "aborted the association"),
        (b"\7\0\0\0\0\4\0\0\2\1", "aborted the association: unrecognized PDU"),
        (b"", "closed the connection"),
        (b"\2\0\0", "closed the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "sent an invalid PDU (type 48"),
        (b"\2\0\xff\xff\xff\xff", "sent an invalid PDU (type 02, 4294967295 bytes)"),
        (b"\4\0\0\0\0\0", "answered the request for an association with PDU 04"),
        (
            b"\2\0\0\0\0\x4a" + bytes(68) + b"\x21\0\xff\xff\1\0",
            "an item of a PDU is longer than the PDU",
        ),
    ],
)
def test_a_peer_that_does_not_associate_is_named_with_the_reason(
    ct: Path, data: bytes, reason: str
) -> None:
    assert reason in failure(answering(data), ct)


def p_data(*pdvs: bytes) -> bytes:
    body = b"".join(pdvs)
    return b"\4\0" + len(body).to_bytes(4) + body


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\7\0\0\0\0\4\0\0\2\6", "aborted the association: invalid PDU parameter"),
        (b"", "closed the connection"),
        (b"\5\0\0\0\0\4\0\0\0\0", "released the association instead of answering"),
        (b"\2\0\0\0\0\0", "answered with PDU 02"),
        (p_data(b"\0\0"), "sent a P-DATA-TF that ends too early"),
        (p_data(b"\0\0\1\0\1\3"), "sent a P-DATA-TF with a PDV of 256 bytes, which does not fit"),
        (p_data(b"\0\0\0\0\1\3"), "sent a P-DATA-TF with a PDV of 0 bytes, which does not fit"),
        (p_data(b"\0\0\0\2\1\2"), "sent a data set instead of a response"),
        (p_data(b"\0\0\0\6\1\3abcd"), "command set or identifier is truncated"),
        (b"\4\0\0\xff\0\0", "sent an invalid PDU (type 04, 16711680 bytes)"),
    ],
)
def test_a_peer_that_does_not_answer_an_instance_is_named_with_the_reason(
    ct: Path, data: bytes, reason: str
) -> None:
    assert reason in failure(after_message(data), ct)


def test_a_response_to_another_request_is_refused(ct: Path) -> None:
    def play(connection: socket.socket) -> None:
        accept(connection)
        context, _ = read_message(connection)
        respond(connection, context, 0, message=7)
        read_pdu(connection)

    assert failure(play, ct) == "answered another request than C-STORE 1"


def test_a_response_that_never_ends_is_refused(ct: Path) -> None:
    def play(connection: socket.socket) -> None:
        accept(connection)
        read_message(connection)
        for _ in range(100):
            connection.sendall(p_data((1002).to_bytes(4) + b"\1\1" + bytes(1000)))

    assert failure(play, ct) == "sent a response that does not end"


def test_a_peer_that_stays_silent_ends_with_the_time_limit(ct: Path) -> None:
    def play(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.recv(1 << 16)  # until dicomtx closes the connection

    impatient = SHORT._replace(acse_seconds=0.2)
    assert failure(play, ct, impatient) == "did not answer within 0.2 s"


def test_a_peer_that_drips_bytes_ends_with_the_time_limit(ct: Path) -> None:
    def play(connection: socket.socket) -> None:
        connection.settimeout(0.02)
        for byte in b"\2\0\0\0\1\0" + bytes(256):
            connection.sendall(bytes([byte]))
            try:
                while connection.recv(1 << 16):
                    pass
            except TimeoutError:
                continue
            return

    impatient = SHORT._replace(acse_seconds=0.4)
    assert failure(play, ct, impatient) == "did not answer within 0.4 s"


class _Zeros(Source):
    """A source of zeros that takes no memory."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def read(self, offset: int, size: int) -> bytes:
        return bytes(min(size, self.size - offset))

    def read_into(self, parts: Sequence[memoryview], offset: int) -> None:
        pass


def zeros(size: int) -> Instance:
    return Instance(
        sop_class_uid=CT,
        sop_instance_uid="1.2.3",
        transfer_syntax_uid=EXPLICIT,
        file=_Zeros(size),
        data_set=0,
    )


def test_a_peer_that_stops_to_read_ends_with_the_time_limit() -> None:
    def play(connection: socket.socket) -> None:
        accept(connection)
        read_pdu(connection)
        silent.append(connection.dup())  # stays open until the test ends

    silent: list[socket.socket] = []
    with (
        Fake(play) as peer,
        connect(peer.address, {CT: (EXPLICIT,)}, SHORT._replace(dimse_seconds=0.3)) as connection,
        pytest.raises(NetworkError, match=r"does not read what is sent \(for 0.3 s\)"),
    ):
        connection.send(zeros(1 << 28))
    silent[0].close()


def test_a_peer_that_closes_in_the_middle_ends_with_an_error() -> None:
    def play(connection: socket.socket) -> None:
        accept(connection)
        read_pdu(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with (
        Fake(play) as peer,
        connect(peer.address, {CT: (EXPLICIT,)}, SHORT) as connection,
        pytest.raises(NetworkError, match=r"FAKE@.*: the connection is lost: "),
    ):
        connection.send(zeros(1 << 28))


def test_nobody_listens(ct: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NetworkError, match="cannot be reached: connection refused"):
        sent(DicomAddress("NOBODY", "127.0.0.1", port), ct)
    with pytest.raises(NetworkError, match="cannot be reached: "):
        sent(DicomAddress("NOBODY", "no-such-host.invalid", port), ct)


def test_an_association_that_the_peer_closed_while_idle_is_made_again(ct: Path) -> None:
    def play(connection: socket.socket) -> None:
        accept(connection)
        context, _ = read_message(connection)
        respond(connection, context, 0)

    with (
        Fake(play) as peer,
        instance(ct) as one,
        connect(peer.address, {CT: (EXPLICIT,)}, SHORT) as connection,
    ):
        for _ in range(3):
            assert connection.send(one).delivered
            while connection._open and connection._open.idle():
                pass
        assert peer.connections == 3


@pytest.mark.parametrize("uid", ["", "1.2.3\\4", "1.2.é", "1." + "2" * 63, "../../etc"])
def test_what_is_not_a_uid_is_not_sent(scp: StoreScp, ct: Path, uid: str) -> None:
    with instance(ct) as one, connect(scp.address, {CT: (EXPLICIT,)}) as connection:
        refused = connection.send(one._replace(sop_instance_uid=uid))
    assert not refused.delivered
    assert "is not a UID" in refused.reason


@pytest.mark.parametrize("more", [-2, 0, 2, 16378, 1048192, 1048194, 3_000_000])
@pytest.mark.parametrize("on_disk", [True, False])
def test_large_data_sets_arrive_as_they_are(tmp_path: Path, more: int, *, on_disk: bool) -> None:
    """What is sent at once are 64 PDUs with 16378 bytes of content each."""
    data = random.Random(more).randbytes(64 * 16378 + more)
    received: list[bytes] = []

    def play(connection: socket.socket) -> None:
        accept(connection)
        context, arrived = read_message(connection)
        received.append(arrived)
        respond(connection, context, 0)
        read_pdu(connection)

    path = tmp_path / "large"
    path.write_bytes(b"before" + data)
    with (
        LocalFile(str(path)).open() as opened,
        Fake(play) as peer,
        connect(peer.address, {CT: (EXPLICIT,)}, SHORT) as connection,
    ):
        source = opened if on_disk else Source(b"before" + data)
        one = zeros(0)._replace(file=source, data_set=6)
        assert connection.send(one).delivered
    assert received == [data]


@pytest.mark.parametrize("left", [0, 1 << 20, (5 << 20) + 100])
def test_a_file_that_is_truncated_while_it_is_sent_aborts(tmp_path: Path, left: int) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(6 << 20))
    ended: list[str] = []

    def play(connection: socket.socket) -> None:
        accept(connection)
        try:
            read_message(connection)
        except OSError as error:
            ended.append(str(error))

    with (
        LocalFile(str(path)).open() as opened,
        Fake(play) as peer,
        connect(peer.address, {CT: (EXPLICIT,)}, SHORT) as connection,
    ):
        os.truncate(path, left)
        with pytest.raises(SourceError, match="truncated"):
            connection.send(zeros(0)._replace(file=opened))
    assert ended == ["PDU 7"]


def test_a_data_set_of_odd_length_is_not_sent(scp: StoreScp) -> None:
    odd = zeros(1001)
    with connect(scp.address, {CT: (EXPLICIT,)}) as connection:
        refused = connection.send(odd)
    assert not refused.delivered
    assert "odd length" in refused.reason


def test_memory_does_not_grow_with_the_instance() -> None:
    def play(connection: socket.socket) -> None:
        accept(connection)
        while read_pdu(connection)[1][5] != 2:
            pass
        respond(connection, 1, 0)
        read_pdu(connection)

    with Fake(play) as peer, connect(peer.address, {CT: (EXPLICIT,)}, SHORT) as connection:
        tracemalloc.start()
        try:
            assert connection.send(zeros(1 << 26)).delivered
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()


@pytest.mark.peer("dcmqrscp")
def test_an_archive_answers_an_echo_and_stores(tmp_path: Path, ct: Path) -> None:
    with QueryScp(tmp_path / "archive") as archive:
        association = Association(archive.address, [(VERIFICATION, IMPLICIT)])
        assert association.echo().status == 0
        association.release()
        assert sent(archive.address, ct).delivered


def test_tls_verifies_both_sides(tmp_path: Path, pem: Certificates, ct: Path) -> None:
    server = ("+tls", str(pem.server_key), str(pem.server), "+cf", str(pem.ca))
    ours = TlsOptions(ca_file=str(pem.ca), certificate=str(pem.client), key=str(pem.client_key))
    with StoreScp(tmp_path / "received", None, *server) as peer:
        address = peer.address._replace(tls=True)
        assert sent(address, ct, SHORT._replace(tls=ours)).delivered
        assert data_set_of(peer.files()[0]) == data_set_of(ct)
        with pytest.raises(NetworkError, match=r"certificate is not accepted.*--tls-ca"):
            sent(address, ct, SHORT)
        with pytest.raises(NetworkError, match="dicoms://STORESCP@"):  # no certificate of ours
            sent(address, ct, SHORT._replace(tls=TlsOptions(ca_file=str(pem.ca))))
        with pytest.raises(NetworkError, match="dicom://STORESCP@"):
            sent(peer.address, ct, SHORT)
        assert len(peer.files()) == 1


def test_a_certificate_for_another_host_is_refused(
    tmp_path: Path, pem: Certificates, ct: Path
) -> None:
    """The client's certificate names no host, so a server must not use it."""
    server = ("+tls", str(pem.client_key), str(pem.client), "-ic")
    ours = TlsOptions(ca_file=str(pem.ca))
    with StoreScp(tmp_path / "received", None, *server) as peer:
        address = peer.address._replace(tls=True)
        with pytest.raises(NetworkError, match="certificate is not accepted"):
            sent(address, ct, SHORT._replace(tls=ours))
        lenient = ours._replace(verify_host=False)
        assert sent(address, ct, SHORT._replace(tls=lenient)).delivered
