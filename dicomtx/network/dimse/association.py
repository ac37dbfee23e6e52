"""An association with a peer that takes instances (PS3.7 D, PS3.8 7)."""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from dicomtx.errors import NetworkError, UnreachableError
from dicomtx.frozen import Frozen
from dicomtx.network.address import DicomAddress
from dicomtx.network.dimse import command_set, pdu
from dicomtx.network.dimse.association_pdus import RESULTS, associate_request, association_answer
from dicomtx.network.dimse.channel import Channel
from dicomtx.network.dimse.full_pdus import FullPdus
from dicomtx.network.tls import TlsOptions
from dicomtx.storage.source import Source

MOST_CONTEXTS: Final = 128
"""Presentation contexts of an association: their IDs are odd and fit in a byte (PS3.8 9.3.2.2)."""
LARGEST_PDU: Final = 1 << 17
"""Bytes of the P-DATA-TF that we send, even if the peer takes larger ones."""

Context = tuple[str, str]
"""SOP Class UID and Transfer Syntax UID."""


class DimseOptions(Frozen):
    """How to associate.

    Attributes:
        calling_aet: our AE title.
        connect_seconds: the time limit to connect.
        acse_seconds: the time limit for answers to requests and releases of associations.
        dimse_seconds: the time limit for the answer to an instance, and for each MiB sent.
        max_pdu: the largest PDU that we take, in bytes.
        tls: the certificates for an address with TLS; None uses those of the system.
    """

    calling_aet: str = "DICOMTX"
    connect_seconds: float = 30
    acse_seconds: float = 30
    dimse_seconds: float = 60
    max_pdu: int = 1 << 14
    tls: TlsOptions | None = None


DEFAULTS: Final = DimseOptions()


class _Proposal(NamedTuple):
    """The peer's answer to a presentation context."""

    context_id: int
    result: int


class Association:
    """An open association. One thread uses it at a time."""

    def __init__(
        self, address: DicomAddress, contexts: Sequence[Context], options: DimseOptions = DEFAULTS
    ) -> None:
        """Requests an association.

        Args:
            address: the peer.
            contexts: what to propose: at most 128, each in a context of its own, so that the peer
                answers for each syntax.
            options: our AE title and time limits.

        Raises:
            UnreachableError: the peer cannot be reached, or rejects the association.
            UsageError: a certificate of ours cannot be used.
        """
        self._address = address
        self._options = options
        self._message = 0
        self._pdus: FullPdus | None = None
        with self._named(UnreachableError):
            self._channel = Channel(address, options.connect_seconds, options.tls)
        try:
            with self._named(UnreachableError):
                self._answers, self._room = self._negotiated(contexts)
        except BaseException:
            self._channel.close()
            raise

    @contextmanager
    def _named(self, kind: type[NetworkError] = NetworkError) -> Iterator[None]:
        """Adds the peer to the message of an error."""
        try:
            yield
        except NetworkError as error:
            raise kind(f"{self._address}: {error}") from error

    def _negotiated(self, contexts: Sequence[Context]) -> tuple[dict[Context, _Proposal], int]:
        """Returns the answers to the contexts, and the bytes of a message in each PDU."""
        options = self._options
        self._channel.send(
            associate_request(
                self._address.called_aet, options.calling_aet, contexts, options.max_pdu
            ),
            options.acse_seconds,
        )
        kind, body = self._channel.receive(options.acse_seconds, pdu.LARGEST_ANSWER)
        if kind == pdu.ASSOCIATE_RJ:
            raise NetworkError(pdu.rejection(body))
        if kind != pdu.ASSOCIATE_AC:
            raise NetworkError(f"answered the request for an association with PDU {kind:02X}")
        said = association_answer(body)
        answers = {}
        for index, context in enumerate(contexts):
            result, syntax = said.contexts.get(2 * index + 1, (2, ""))
            if result == 0 and syntax != context[1]:  # it was not asked for this one
                result = 4
            answers[context] = _Proposal(2 * index + 1, result)
        largest = min(said.max_pdu or LARGEST_PDU, LARGEST_PDU)
        room = (largest - pdu.PDV.size) // 2 * 2
        if room <= 0:
            raise NetworkError(f"takes PDUs of {said.max_pdu} bytes, in which no message fits")
        return answers, room

    def accepts(self, context: Context) -> bool:
        """Returns whether the peer takes the SOP class in the syntax."""
        return context in self._answers and self._answers[context].result == 0

    def answer(self, context: Context) -> str:
        """Returns the peer's answer to a proposed context, such as "SOP class not supported"."""
        result = self._answers[context].result
        return RESULTS[result] if result < len(RESULTS) else f"result {result}"

    def idle(self) -> bool:
        """Whether the association can be used: the peer has neither closed nor aborted it."""
        return self._channel.idle()

    def echo(self) -> command_set.Response:
        """Asks whether the peer is there; the Verification SOP class must be accepted.

        Raises:
            NetworkError: it does not answer.
        """
        contexts = [
            c for c in self._answers if c[0] == command_set.VERIFICATION and self.accepts(c)
        ]
        with self._named():
            if not contexts:
                raise NetworkError("does not accept the Verification SOP class")
            request = command_set.echo_request(self._next())
            pieces = self._pieces(contexts[0], pdu.COMMAND, request, last=True)
            self._channel.send(b"".join(pieces), self._options.dimse_seconds)
            return self._response(command_set.C_ECHO_RQ)

    def store(
        self, context: Context, sop_instance_uid: str, file: Source, data_set: int
    ) -> command_set.Response:
        """Sends the bytes of a data set as they are, and returns the peer's response.

        An odd number of bytes is padded with one zero.

        Args:
            context: an accepted context; the data set is in its transfer syntax.
            sop_instance_uid: of the data set.
            file: the file with the data set.
            data_set: its offset; it goes to the end of the file.

        Raises:
            NetworkError: the connection is lost; the peer may have the instance.
            SourceError: the file cannot be read; the association is aborted.
        """
        request = command_set.store_request(self._next(), context[0], sop_instance_uid)
        pieces = self._pieces(context, pdu.COMMAND, request, last=True)
        pdus, seconds = self._full_pdus(context), self._options.dimse_seconds
        with self._named():
            while file.size - data_set > pdus.content:
                if pieces:
                    self._channel.send(b"".join(pieces), seconds)
                    pieces = []
                self._channel.send(pdus.fill(file, data_set), seconds)
                data_set += pdus.content
            data = b"".join(file.chunks(data_set, file.size - data_set))
            data += b"\0" * (len(data) % 2)  # a deflated data set (PS3.5 A.5)
            pieces += self._pieces(context, 0, data, last=True)
            self._channel.send(b"".join(pieces), seconds)
            return self._response(command_set.C_STORE_RQ)

    def _full_pdus(self, context: Context) -> FullPdus:
        """Returns the buffer for large data sets in a context."""
        number = self._answers[context].context_id
        if self._pdus is None or self._pdus.context != number:
            self._pdus = FullPdus(number, self._room)
        return self._pdus

    def _next(self) -> int:
        self._message = self._message % 0xFFFF + 1
        return self._message

    def _pieces(self, context: Context, kind: int, data: bytes, *, last: bool) -> list[bytes]:
        number = self._answers[context].context_id
        return pdu.fragments(number, kind, memoryview(data), self._room, last=last)

    def _response(self, request: int) -> command_set.Response:
        """Returns the response to the last request."""
        answered = command_set.read_response(self._command_set())
        if answered.field != request | command_set.RESPONSE or answered.answered != self._message:
            raise NetworkError(f"answered another request than C-STORE {self._message}")
        if answered.has_data_set:
            raise NetworkError("sent a response with a data set, which it must not have")
        return answered

    def _command_set(self) -> bytes:
        """Returns the bytes of the command set that comes next."""
        collected = b""
        largest = max(self._options.max_pdu, 1 << 14)
        while len(collected) <= largest:
            kind, body = self._channel.receive(self._options.dimse_seconds, largest)
            if kind == pdu.RELEASE_RQ:
                raise NetworkError("released the association instead of answering")
            if kind != pdu.P_DATA:
                raise NetworkError(f"answered with PDU {kind:02X}")
            while body:
                size, _context, flags = _first_pdv(body)
                collected += body[pdu.PDV.size : 4 + size]
                body = body[4 + size :]
                if flags == pdu.COMMAND | pdu.LAST:
                    return collected
                if flags != pdu.COMMAND:
                    raise NetworkError("sent a data set instead of a response")
        raise NetworkError("sent a response that does not end")

    def release(self) -> None:
        """Releases the association. Never fails: all instances are answered by now."""
        seconds = self._options.acse_seconds
        with suppress(NetworkError):
            self._channel.send(pdu.release_request(), seconds)
            kind, _ = self._channel.receive(seconds, pdu.LARGEST_ANSWER)
            if kind == pdu.RELEASE_RQ:  # both sides at once (PS3.8 7.2.2.7)
                self._channel.send(pdu.released(), seconds)
        self._channel.close()

    def abort(self) -> None:
        """Aborts the association. Never fails."""
        with suppress(NetworkError):
            self._channel.send(pdu.aborted(), 1)
        self._channel.close()


def _first_pdv(body: bytes) -> tuple[int, int, int]:
    """Returns length, context ID and flags of the first presentation data value.

    Raises:
        NetworkError: it does not fit in the PDU.
    """
    try:
        size, context, flags = pdu.PDV.unpack_from(body)
    except struct.error as error:
        raise NetworkError("sent a P-DATA-TF that ends too early") from error
    if not 2 <= size <= len(body) - 4:
        raise NetworkError(f"sent a P-DATA-TF with a PDV of {size} bytes, which does not fit")
    return size, context, flags
