"""An SCP of the Storage and Verification service classes (PS3.4 A and B), for one association.

The bytes of a data set go from the socket to the handler as they came. pynetdicom collects a data
set in memory or in a file of its own, and its threads wait for each other: 12 times the CPU time of
DCMTK's storescp for small instances. Here one thread reads PDUs from a socket.
"""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from dicomtx.network.dimse import pdu
from dicomtx.network.dimse.acceptance import FULL, REASONS, Acceptance, Rejection
from dicomtx.network.dimse.association_pdus import (
    ACCEPTED,
    AssociationRequest,
    accepted,
    association_request,
)
from dicomtx.network.dimse.command_set import (
    C_CANCEL_RQ,
    C_ECHO_RQ,
    C_STORE_RQ,
    RESPONSE,
    Command,
    command,
    response,
)
from dicomtx.network.dimse.pdu import PDV, PduError
from dicomtx.network.dimse.pdu_stream import PduStream, PeerGoneError, bounded
from dicomtx.network.reception import (
    NO_SUCH_CLASS,
    SUCCESS,
    UNKNOWN_OPERATION,
    Answer,
    Caller,
    Handler,
    Incoming,
    Limits,
    Receiver,
)

LONGEST_REQUEST: Final = 1 << 20  # bytes of A-ASSOCIATE-RQ; 128 contexts of 60 syntaxes take 300 kB
LONGEST_COMMAND: Final = 1 << 14
MAPPED: Final = "::ffff:"  # before an IPv4 address that reached a socket for IPv6
LENIENT: Final = 12  # bytes: some peers do not count headers in the length of a PDU
UNRECOGNIZED, UNEXPECTED = 1, 2  # reasons of A-ABORT (PS3.8 9.3.8)
OPENING: Final = 30.0  # seconds for the request to arrive (the ARTIM timer of PS3.8 9.1.5)
LINGER: Final = 5.0  # seconds for the peer to close the connection


class _Refused:
    """Receives a data set that is not wanted, because the answer must wait for its end."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def write(self, data: memoryview) -> None:
        pass

    def finish(self) -> Answer:
        return self._answer

    def discard(self) -> None:
        pass


class Acceptor:
    """One association, from the connection to its end.

    Attributes:
        host: the address of the peer.
        is_open: whether the association was accepted.
    """

    def __init__(
        self,
        connection: socket.socket,
        acceptance: Acceptance,
        limits: Limits,
        handler: Handler,
        has_room: Callable[[], bool] = lambda: True,
    ) -> None:
        """Prepares to answer a peer.

        Args:
            connection: the socket of the connection.
            acceptance: which associations and contexts to accept.
            limits: the limits of the association.
            handler: gets the instances.
            has_room: called before the association is accepted; false rejects it.
        """
        self._socket = connection
        self._acceptance = acceptance
        self._limits = limits
        self._handler = handler
        host, self._port = connection.getpeername()[:2]
        self.host = host.removeprefix(MAPPED)
        self._forever = time.monotonic() + limits.total if limits.total else float("inf")
        self._stream = PduStream(connection, min(limits.idle, OPENING), self._forever)
        self._contexts: dict[int, tuple[str, str]] = {}
        self._caller: Caller | str = self.host
        self._command = bytearray()
        self._context = 0
        self._asked: Command | None = None
        self._receiver: Receiver | None = None
        self._size = 0
        self._has_room = has_room
        self._stopping = False
        self.is_open = False

    def stop(self) -> None:
        """Ends the association after the instance in flight. Any thread can call it."""
        self._stopping = True
        if self._receiver is None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RD)

    def serve(self) -> None:
        """Answers the peer until the association ends."""
        try:
            if self._opens():
                self._answer_messages()
        except PduError as error:
            self._handler.note(self._caller, f"aborted: {error}")
            self._discard()
            self._close(pdu.aborted(error.reason))
        except PeerGoneError as error:
            if not (self._stopping or self._stream.was_only_a_check):
                self._handler.note(self._caller, f"lost: {error}")
            self._discard()
            self._close(pdu.aborted(0))
        finally:
            self._discard()
            self._socket.close()

    def _discard(self) -> None:
        """Gives up the instance that is not complete, if there is one."""
        receiver, self._receiver = self._receiver, None
        if receiver:
            receiver.discard()

    def _opens(self) -> bool:
        """Negotiates the association; returns whether it is open."""
        kind, length = self._stream.next_pdu()
        if kind != pdu.ASSOCIATE_RQ:
            raise _unexpected(kind)
        request = association_request(self._stream.read(bounded(length, LONGEST_REQUEST)))
        self._caller = Caller(request.calling_aet, request.called_aet, self.host, self._port)
        if len(request.contexts) > self._limits.contexts:
            raise PduError(f"{len(request.contexts)} presentation contexts are too many")
        rejection = self._acceptance.rejection(request, self.host)
        if rejection is None and not self._has_room():
            rejection = FULL
        if rejection:
            self._reject(rejection)
            return False
        self.is_open = True
        self._accept(request)
        return True

    def _reject(self, rejection: Rejection) -> None:
        self._handler.note(self._caller, f"rejected: {REASONS[rejection]}")
        self._close(pdu.rejected(*rejection))

    def _accept(self, request: AssociationRequest) -> None:
        answers = tuple(map(self._acceptance.answer, request.contexts))
        for asked, answer in zip(request.contexts, answers, strict=True):
            if answer.result == ACCEPTED:
                self._contexts[answer.number] = (asked.abstract_syntax, answer.transfer_syntax)
        self._stream.wait_for(self._limits.idle)
        self._send(accepted(request, answers, self._limits.max_pdu))

    def _answer_messages(self) -> None:
        """Reads PDUs until the peer releases or aborts the association."""
        while not (self._stopping and self._receiver is None):
            kind, length = self._stream.next_pdu()
            if kind == pdu.P_DATA:
                self._take_data(bounded(length, self._limits.max_pdu + LENIENT))
                continue
            self._stream.read(bounded(length, LONGEST_COMMAND))
            if kind == pdu.RELEASE_RQ and self._receiver is None:
                self._close(pdu.released())
                return
            if kind == pdu.ABORT:
                self._handler.note(self._caller, "aborted by the peer")
                return
            raise _unexpected(kind)
        self._close(pdu.aborted(0))

    def _take_data(self, length: int) -> None:
        """Reads the values of a P-DATA-TF PDU (PS3.8 9.3.5, E)."""
        while length:
            if length < PDV.size:
                raise PduError("a P-DATA-TF PDU is damaged")
            inner, context, control = PDV.unpack(self._stream.read(PDV.size))
            if not 2 <= inner <= length - 4:
                raise PduError("an item of a P-DATA-TF PDU is longer than the PDU")
            length -= 4 + inner
            if context not in self._contexts:
                raise PduError(f"presentation context {context} was not accepted")
            if control & pdu.COMMAND:
                self._take_command(context, inner - 2, last=bool(control & pdu.LAST))
            else:
                self._take_fragment(context, inner - 2, last=bool(control & pdu.LAST))

    def _take_command(self, context: int, length: int, *, last: bool) -> None:
        if self._receiver is not None or (self._command and context != self._context):
            raise PduError("a command arrived inside another message", UNEXPECTED)
        bounded(len(self._command) + length, LONGEST_COMMAND)
        self._command += self._stream.read(length)
        self._context = context
        if last:
            asked = command(bytes(self._command))
            self._command.clear()
            self._take_request(asked)

    def _take_request(self, asked: Command) -> None:
        """Answers a request, or prepares to receive its data set."""
        if asked.field == C_ECHO_RQ and not asked.has_data_set:
            self._respond(asked, Answer(SUCCESS))
        elif asked.field == C_STORE_RQ and asked.has_data_set:
            self._begin(asked, self._receiver_of(asked))
        elif asked.field & RESPONSE:
            raise PduError("a response arrived, but nothing was asked", UNEXPECTED)
        elif asked.field != C_CANCEL_RQ:
            answer = Answer(UNKNOWN_OPERATION, "only C-STORE and C-ECHO are supported")
            if asked.has_data_set:
                self._begin(asked, _Refused(answer))
            else:
                self._respond(asked, answer)

    def _begin(self, asked: Command, receiver: Receiver) -> None:
        self._asked, self._receiver, self._size = asked, receiver, 0
        if self._limits.instance:
            self._stream.until = min(self._forever, time.monotonic() + self._limits.instance)

    def _receiver_of(self, asked: Command) -> Receiver:
        """Returns what receives the data set of a C-STORE request."""
        sop_class, syntax = self._contexts[self._context]
        if asked.sop_class_uid != sop_class:
            told = "SOP class differs from that of the presentation context"
            return _Refused(Answer(NO_SUCH_CLASS, told))
        assert isinstance(self._caller, Caller)
        incoming = Incoming(sop_class, asked.sop_instance_uid, syntax, self._caller)
        found = self._handler.begin(incoming)
        return _Refused(found) if isinstance(found, Answer) else found

    def _take_fragment(self, context: int, length: int, *, last: bool) -> None:
        receiver, asked = self._receiver, self._asked
        if receiver is None or asked is None or context != self._context:
            raise PduError("a data set arrived without a command", UNEXPECTED)
        self._size += length
        if self._limits.size and self._size > self._limits.size:
            raise PduError(f"the data set is larger than {self._limits.size} bytes")
        for piece in self._stream.pieces(length):
            receiver.write(piece)
        if last:
            answer = receiver.finish()
            self._receiver = self._asked = None
            self._stream.until = self._forever
            self._respond(asked, answer)

    def _respond(self, asked: Command, answer: Answer) -> None:
        body = response(asked, answer.status, answer.comment)
        head = PDV.pack(len(body) + 2, self._context, pdu.COMMAND | pdu.LAST)
        self._send(pdu.pdu(pdu.P_DATA, head + body))

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise PeerGoneError(f"the connection is lost: {error.strerror or error}") from error

    def _close(self, last: bytes) -> None:
        """Sends a last PDU and waits for the peer to close, so that the PDU is not lost."""
        with suppress(OSError):
            self._socket.settimeout(LINGER)
            self._socket.sendall(last)
            self._socket.shutdown(socket.SHUT_WR)
            until = time.monotonic() + LINGER
            while time.monotonic() < until and self._socket.recv(1 << 16):
                pass


def _unexpected(kind: int) -> PduError:
    known = pdu.ASSOCIATE_RQ <= kind <= pdu.ABORT
    return PduError(f"unexpected PDU of type {kind:02X}", UNEXPECTED if known else UNRECOGNIZED)
