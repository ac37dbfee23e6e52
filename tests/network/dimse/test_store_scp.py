import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_network
from typing import Any

import pytest

from dicomtx.network.dimse.acceptance import Acceptance
from dicomtx.network.dimse.store_scp import Acceptor
from dicomtx.network.reception import Answer, Caller, Incoming, Limits, Receiver
from dicomtx.transfer_syntaxes import BY_UID
from tests.raw_peer import (
    CT,
    EXPLICIT,
    IMPLICIT,
    J2K,
    PATIENCE,
    VERIFICATION,
    RawPeer,
    associate,
    c_echo,
    c_store,
    command,
    context,
    data_set,
    fragments,
    item,
    pdu,
    pdv,
)

ABORT, REJECT = 7, 3
ANY = Acceptance(
    aet="RECEIVER",
    calling=frozenset(),
    networks=(),
    syntaxes=frozenset(BY_UID),
    takes_class=lambda uid: uid == CT,
)


class Kept:
    """A handler that keeps everything in memory."""

    def __init__(self) -> None:
        self.stored: list[tuple[Incoming, bytes]] = []
        self.discarded: list[str] = []
        self.notes: list[str] = []
        self.answer = Answer(0)
        self.unwanted: Answer | None = None

    def begin(self, incoming: Incoming) -> Receiver | Answer:
        return self.unwanted or _Kept(self, incoming)

    def note(self, caller: Caller | str, text: str) -> None:
        self.notes.append(text)


class _Kept:
    def __init__(self, kept: Kept, incoming: Incoming) -> None:
        self.kept, self.incoming, self.data = kept, incoming, bytearray()

    def write(self, data: memoryview) -> None:
        self.data += data

    def finish(self) -> Answer:
        self.kept.stored.append((self.incoming, bytes(self.data)))
        return self.kept.answer

    def discard(self) -> None:
        self.kept.discarded.append(self.incoming.sop_instance_uid)


class Scp:
    """An SCP in a thread, which serves one connection after the other."""

    def __init__(self) -> None:
        self.acceptance, self.limits, self.kept = ANY, Limits(), Kept()
        self.has_room = True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.acceptor = Acceptor(
                connection, self.acceptance, self.limits, self.kept, lambda: self.has_room
            )
            self.acceptor.serve()

    def accept(self, **changes: Any) -> None:
        fields = {name: getattr(ANY, name) for name in ANY._asdict()}
        self.acceptance = Acceptance(**{**fields, **changes})


@pytest.fixture
def scp() -> Iterator[Scp]:
    running = Scp()
    yield running
    running.listener.shutdown(socket.SHUT_RDWR)
    running.listener.close()
    running.thread.join(PATIENCE)
    assert not running.thread.is_alive()


def test_an_instance_arrives_byte_for_byte_in_any_fragments(scp: Scp) -> None:
    data = data_set("1.2.9") + os.urandom(300_001)
    for size in (1, 5000, 100_000):
        sent = data if size > 1 else data[:200]
        with RawPeer(scp.port).opens() as peer:
            peer.send(pdu(4, pdv(1, 3, c_store(CT, "1.2.9"))), *fragments(sent, size))
            assert peer.receive().status == 0
            assert peer.release().kind == 6
        incoming, got = scp.kept.stored.pop()
        assert got == sent
        assert incoming[:3] == (CT, "1.2.9", EXPLICIT)
        assert incoming.caller[:3] == ("SENDER", "RECEIVER", "127.0.0.1")


def test_command_and_data_set_can_share_a_pdu_and_be_split_anywhere(scp: Scp) -> None:
    asked, data = c_store(CT, "1.2.9"), data_set("1.2.9")
    parts = (
        pdv(1, 1, asked[:10]) + pdv(1, 3, asked[10:]) + pdv(1, 0, data[:7]) + pdv(1, 2, data[7:])
    )
    with RawPeer(scp.port).opens() as peer:
        for byte in pdu(4, parts):
            peer.send(bytes((byte,)))
        assert peer.receive().status == 0
        assert peer.echo().status == 0
        assert peer.release().kind == 6
    assert scp.kept.stored[0][1] == data


def test_the_status_of_the_handler_is_the_answer(scp: Scp) -> None:
    scp.kept.answer = Answer(0xA700, "full")
    with RawPeer(scp.port).opens() as peer:
        answer = peer.store("1.2.9")
        assert (answer.status, b"full" in answer.body) == (0xA700, True)
        scp.kept.unwanted = Answer(0x0117)
        assert peer.store("1.2.9").status == 0x0117
        scp.kept.unwanted, scp.kept.answer = None, Answer(0)
        assert peer.store("1.2.9").status == 0


@pytest.mark.parametrize(
    ("changes", "asked", "answer"),
    [
        ({}, {"called": "OTHER"}, (1, 1, 7)),
        ({"calling": frozenset({"CT1"})}, {}, (1, 1, 3)),
        ({"networks": (ip_network("10.0.0.0/8"),)}, {}, (1, 1, 1)),
        ({}, {"application": b"1.2.3"}, (1, 1, 2)),
        ({}, {"version": 2}, (1, 2, 2)),
    ],
)
def test_associations_that_are_not_allowed_are_rejected_with_the_reason(
    scp: Scp, changes: dict[str, Any], asked: dict[str, Any], answer: tuple[int, int, int]
) -> None:
    scp.accept(**changes)
    with RawPeer(scp.port).send(associate(context(1, CT, EXPLICIT), **asked)) as peer:
        response = peer.receive()
    assert (response.kind, tuple(response.body[1:])) == (REJECT, answer)


def test_allowed_callers_are_accepted(scp: Scp) -> None:
    scp.accept(aet="", calling=frozenset({"CT1", "SENDER"}), networks=(ip_network("127.0.0.0/30"),))
    with RawPeer(scp.port).opens() as peer:
        assert peer.echo().status == 0


def test_an_association_too_many_is_rejected_for_the_moment(scp: Scp) -> None:
    scp.has_room = False
    with RawPeer(scp.port).send(associate(context(1, CT, EXPLICIT))) as peer:
        response = peer.receive()
    assert (response.kind, tuple(response.body[1:])) == (REJECT, (2, 3, 2))


@pytest.mark.parametrize(
    ("preferred", "proposed", "chosen"),
    [
        ((), (J2K, EXPLICIT), J2K),
        ((), (EXPLICIT, J2K), EXPLICIT),
        ((), (IMPLICIT, J2K, EXPLICIT), EXPLICIT),
        ((EXPLICIT,), (J2K, IMPLICIT, EXPLICIT), EXPLICIT),
        ((J2K,), (EXPLICIT, J2K), J2K),
        ((J2K,), (IMPLICIT, EXPLICIT), EXPLICIT),
    ],
)
def test_the_senders_order_decides_and_explicit_vr_comes_before_implicit(
    scp: Scp, preferred: tuple[str, ...], proposed: tuple[str, ...], chosen: str
) -> None:
    scp.accept(preferred=preferred)
    with RawPeer(scp.port).send(associate(context(1, CT, *proposed))) as peer:
        assert peer.receive().results == {1: (0, chosen)}


def test_classes_and_syntaxes_that_are_not_accepted_are_refused_each_in_its_context(
    scp: Scp,
) -> None:
    scp.accept(syntaxes=frozenset({EXPLICIT}))
    asked = (
        context(1, CT, J2K),
        context(3, "1.2.3.4", EXPLICIT),
        context(5, CT, J2K, EXPLICIT),
        context(7, VERIFICATION, J2K),
        context(9, VERIFICATION, IMPLICIT),
    )
    with RawPeer(scp.port).send(associate(*asked)) as peer:
        results = peer.receive().results
    assert {number: result for number, (result, _) in results.items()} == {
        1: 4,
        3: 3,
        5: 0,
        7: 4,
        9: 0,
    }


def test_a_class_that_is_not_that_of_the_context_is_refused(scp: Scp) -> None:
    with RawPeer(scp.port).opens() as peer:
        assert peer.store("1.2.9", sop_class="1.2.840.10008.5.1.4.1.1.4").status == 0x0122
        assert peer.store("1.2.9").status == 0


def test_other_commands_get_an_answer_and_the_association_goes_on(scp: Scp) -> None:
    find = command({0x0100: struct.pack("<H", 0x20), 0x0800: struct.pack("<H", 1)})
    delete = command({0x0100: struct.pack("<H", 0x150), 0x0800: struct.pack("<H", 0x101)})
    with RawPeer(scp.port).opens() as peer:
        peer.send(pdu(4, pdv(1, 3, find)), *fragments(b"identifier"))
        assert peer.receive().status == 0x0211
        assert peer.send(pdu(4, pdv(1, 3, delete))).receive().status == 0x0211
        assert peer.echo().status == 0


ACCEPTED = "accepted"
STORING = "storing"
HOSTILE = {
    "an HTTP request": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", ""),
    "random bytes": (bytes(range(7, 250)) * 3, ""),
    "a TLS handshake": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300), ""),
    "a request of 4 GB": (struct.pack(">BxL", 1, 0xFFFFFFFF) + bytes(100), ""),
    "a request that is too short": (pdu(1, bytes(20)), ""),
    "an item longer than the request": (pdu(1, b"\0\1" + bytes(66) + b"\x10\0\xff\xff1.2"), ""),
    "a truncated item": (pdu(1, b"\0\1" + bytes(66) + b"\x10\0\0"), ""),
    "an inner item longer than its item": (
        associate(item(0x20, bytes((1, 0, 0, 0)) + b"\x30\0\xff\xff1.2")),
        "",
    ),
    "an even context ID": (associate(context(2, CT, EXPLICIT)), ""),
    "a context ID twice": (associate(context(1, CT, EXPLICIT), context(1, CT, J2K)), ""),
    "data before the request": (pdu(4, pdv(1, 3, c_echo())), ""),
    "a release before the request": (pdu(5, bytes(4)), ""),
    "a second request": (associate(context(1, CT, EXPLICIT)), ACCEPTED),
    "an unknown PDU": (pdu(9, bytes(10)), ACCEPTED),
    "a response PDU": (pdu(6, bytes(4)), ACCEPTED),
    "a PDU of 4 GB": (struct.pack(">BxL", 4, 0xFFFFFFFF) + bytes(1000), ACCEPTED),
    "a release of 4 GB": (struct.pack(">BxL", 5, 0xFFFFFFFF) + bytes(1000), ACCEPTED),
    "an item longer than its PDU": (pdu(4, struct.pack(">LBB", 5000, 1, 0) + bytes(99)), ACCEPTED),
    "an item without a header": (pdu(4, struct.pack(">LBB", 1, 1, 0)), ACCEPTED),
    "a PDU with half an item": (pdu(4, b"\0\0\0"), ACCEPTED),
    "a context that was not accepted": (pdu(4, pdv(99, 3, c_echo())), ACCEPTED),
    "a data set without a command": (pdu(4, pdv(1, 2, b"data")), ACCEPTED),
    "a command that is not one": (pdu(4, pdv(1, 3, b"\xff" * 40)), ACCEPTED),
    "a command without its field": (pdu(4, pdv(1, 3, command({0x110: b"\1\0"}))), ACCEPTED),
    "an endless command": (pdu(4, pdv(1, 1, bytes(16000))) * 4, ACCEPTED),
    "a response that nobody asked for": (
        pdu(4, pdv(1, 3, command({0x0100: b"\x01\x80", 0x0800: b"\x01\x01"}))),
        ACCEPTED,
    ),
    "a command inside a data set": (pdu(4, pdv(1, 3, c_echo())), STORING),
    "a data set that changes its context": (pdu(4, pdv(3, 2, b"data")), STORING),
    "a release inside a data set": (pdu(5, bytes(4)), STORING),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_peer_is_aborted_and_the_next_one_is_served(scp: Scp, name: str) -> None:
    sent, state = HOSTILE[name]
    with RawPeer(scp.port) as peer:
        if state:
            peer.opens()
        if state == STORING:
            peer.send(pdu(4, pdv(1, 3, c_store(CT, "1.2.9"))), pdu(4, pdv(1, 0, b"some")))
        assert peer.send(sent).receive().kind == ABORT
        assert peer.receive().kind == 0
    with RawPeer(scp.port).opens() as peer:
        assert peer.store("1.2.10").status == 0
    assert [incoming.sop_instance_uid for incoming, _ in scp.kept.stored] == ["1.2.10"]
    assert scp.kept.discarded == ["1.2.9"] * (state == STORING)
    assert scp.kept.notes


@pytest.mark.parametrize("sent", [b"", b"\1\0", associate(context(1, CT, EXPLICIT))[:50]])
def test_a_half_open_connection_ends_in_time(scp: Scp, sent: bytes) -> None:
    scp.limits = Limits(idle=0.2)
    with RawPeer(scp.port).send(sent) as peer:
        assert peer.receive().kind == ABORT
        assert peer.receive().kind == 0
    assert any("too slow" in note for note in scp.kept.notes)


@pytest.mark.parametrize("sent", [b"", b"\1", associate(context(1, CT, EXPLICIT))])
def test_a_check_for_an_open_port_is_not_in_the_log(scp: Scp, sent: bytes) -> None:
    with RawPeer(scp.port).send(sent) as peer:
        peer.socket.shutdown(socket.SHUT_WR)
        while peer.receive().kind:
            pass
    with RawPeer(scp.port).opens():  # served after the first one
        told = [note for note in scp.kept.notes if note.startswith("lost: ")]
    assert bool(told) == bool(sent)


def test_a_sender_that_stops_in_an_instance_is_aborted(scp: Scp) -> None:
    with RawPeer(scp.port).opens() as peer:
        scp.acceptor._stream.wait_for(0.05)  # not before, so that a busy machine is no failure
        peer.send(pdu(4, pdv(1, 3, c_store(CT, "1.2.9"))), pdu(4, pdv(1, 0, b"some")))
        assert peer.receive().kind == ABORT
    assert scp.kept.discarded == ["1.2.9"]


@pytest.mark.parametrize("limit", ["instance", "association"])
def test_a_sender_that_is_slow_but_steady_meets_the_limits_of_time(scp: Scp, limit: str) -> None:
    scp.limits = Limits(instance=0.2 * (limit == "instance"))
    with RawPeer(scp.port).opens() as peer:
        if limit == "association":
            scp.acceptor._forever = scp.acceptor._stream.until = time.monotonic() + 0.2
        peer.send(pdu(4, pdv(1, 3, c_store(CT, "1.2.9"))))
        peer.socket.settimeout(0.02)
        answered = 0
        while not answered:
            peer.send(pdu(4, pdv(1, 0, b"x")))
            with suppress(TimeoutError):
                answered = peer.receive().kind or ABORT
    assert any("too slow" in note for note in scp.kept.notes)
    assert scp.kept.discarded == ["1.2.9"]


def test_a_data_set_without_end_meets_the_limit_of_size(scp: Scp) -> None:
    scp.limits = Limits(size=1_000_000)
    with RawPeer(scp.port).opens() as peer:
        peer.send(pdu(4, pdv(1, 3, c_store(CT, "1.2.9"))))
        peer.send(pdu(4, pdv(1, 0, bytes(16000))) * 100)
        assert peer.receive().kind in (ABORT, 0)  # 0: what was not read resets the connection
    assert any("larger than 1000000 bytes" in note for note in scp.kept.notes)
    assert scp.kept.discarded == ["1.2.9"]


def test_too_many_contexts_are_refused(scp: Scp) -> None:
    scp.limits = Limits(contexts=3)
    asked = [context(n, CT, EXPLICIT) for n in (1, 3, 5, 7)]
    with RawPeer(scp.port).send(associate(*asked)) as peer:
        assert peer.receive().kind == ABORT
    with RawPeer(scp.port).send(associate(*asked[:3])) as peer:
        assert peer.receive().kind == 2


def test_an_abort_of_the_peer_discards_the_instance(scp: Scp) -> None:
    with RawPeer(scp.port).opens() as peer:
        peer.send(pdu(4, pdv(1, 3, c_store(CT, "1.2.9"))), pdu(7, bytes(4)))
        assert peer.receive().kind == 0
    assert scp.kept.discarded == ["1.2.9"]
