"""An association for queries: requests go out, and messages of any kind come back."""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from dicomtx.errors import NetworkError, UnreachableError
from dicomtx.network.address import DicomAddress
from dicomtx.network.dimse import pdu
from dicomtx.network.dimse.association import LARGEST_PDU, Context, DimseOptions
from dicomtx.network.dimse.association_pdus import associate_request, association_answer
from dicomtx.network.dimse.channel import Channel

OURS: Final = 1 << 17  # bytes of the P-DATA-TF that we take
GOODBYE: Final = 5.0  # seconds for the answer to a release, when all has arrived
LARGEST_COMMAND: Final = 1 << 16
LARGEST_IDENTIFIER: Final = 1 << 20


class Conversation:
    """An open association on which both sides send messages. One thread uses it at a time.

    Attributes:
        address: the peer.
        accepted: the accepted contexts by their ID.
    """

    def __init__(
        self,
        address: DicomAddress,
        contexts: Sequence[Context],
        received: Sequence[str],
        options: DimseOptions,
    ) -> None:
        """Requests an association.

        Args:
            address: the peer.
            contexts: what to propose, at most 128.
            received: SOP Class UIDs of what the peer will send.
            options: our AE title and time limits.

        Raises:
            UnreachableError: the peer cannot be reached, or rejects the association.
        """
        self.address = address
        self._seconds = options.dimse_seconds
        self._body = b""
        with self.named(UnreachableError):
            self._channel = Channel(address, options.connect_seconds, options.tls)
            try:
                request = associate_request(
                    address.called_aet, options.calling_aet, contexts, OURS, received
                )
                self._channel.send(request, options.acse_seconds)
                self._open(contexts, *self._channel.receive(options.acse_seconds, OURS))
            except BaseException:
                self._channel.close()
                raise

    def _open(self, contexts: Sequence[Context], kind: int, body: bytes) -> None:
        """Reads the answer to the request for an association."""
        if kind == pdu.ASSOCIATE_RJ:
            raise NetworkError(pdu.rejection(body))
        if kind != pdu.ASSOCIATE_AC:
            raise NetworkError(f"answered the request for an association with PDU {kind:02X}")
        said = association_answer(body)
        self.accepted = {
            number: context
            for number, context in zip(range(1, 256, 2), contexts, strict=False)
            if said.contexts.get(number) == (0, context[1])
        }
        self._room = (min(said.max_pdu or LARGEST_PDU, LARGEST_PDU) - pdu.PDV.size) // 2 * 2
        if self._room <= 0:
            raise NetworkError(f"takes PDUs of {said.max_pdu} bytes, in which no message fits")

    @contextmanager
    def named(self, kind: type[NetworkError] = NetworkError) -> Iterator[None]:
        """Adds the peer to the message of an error."""
        try:
            yield
        except NetworkError as error:
            told = str(error)
            known = told.startswith(str(self.address))
            raise kind(told if known else f"{self.address}: {told}") from error

    def context_of(self, sop_class_uid: str) -> int:
        """Returns the ID of an accepted context of a SOP class.

        Raises:
            NetworkError: there is none.
        """
        for number, context in self.accepted.items():
            if context[0] == sop_class_uid:
                return number
        raise NetworkError(f"does not accept the SOP class {sop_class_uid}")

    def send(self, number: int, command: bytes, data_set: bytes = b"") -> None:
        """Sends a message on a context."""
        pieces = pdu.fragments(number, pdu.COMMAND, memoryview(command), self._room, last=True)
        if data_set:
            pieces += pdu.fragments(number, 0, memoryview(data_set), self._room, last=True)
        self._channel.send(b"".join(pieces), self._seconds)

    def command(self) -> tuple[int, bytes]:
        """Returns the context ID and the command set of the next message."""
        collected, number, flags = b"", 0, 0
        while flags != pdu.COMMAND | pdu.LAST:
            number, flags, value = self._value()
            if not flags & pdu.COMMAND:
                raise NetworkError("sent a data set instead of a command")
            collected += value
            if len(collected) > LARGEST_COMMAND:
                raise NetworkError("sent a command that does not end")
        return number, collected

    def data_set(self) -> Iterator[bytes]:
        """Yields the bytes of the data set of the message, as they come."""
        flags = 0
        while not flags & pdu.LAST:
            _, flags, value = self._value()
            if flags & pdu.COMMAND:
                raise NetworkError("sent a command instead of the rest of a data set")
            yield value

    def identifier(self) -> bytes:
        """Returns a data set that is short: the identifier of a response."""
        collected = b""
        for value in self.data_set():
            collected += value
            if len(collected) > LARGEST_IDENTIFIER:
                raise NetworkError("sent an identifier that does not end")
        return collected

    def _value(self) -> tuple[int, int, bytes]:
        """Returns context ID, flags and bytes of the next presentation data value."""
        while not self._body:
            kind, self._body = self._channel.receive(self._seconds, OURS)
            if kind == pdu.RELEASE_RQ:
                raise NetworkError("released the association instead of answering")
            if kind != pdu.P_DATA:
                raise NetworkError(f"answered with PDU {kind:02X}")
        try:
            size, number, flags = pdu.PDV.unpack_from(self._body)
        except struct.error as error:
            raise NetworkError("sent a P-DATA-TF that ends too early") from error
        if not 2 <= size <= len(self._body) - 4:
            raise NetworkError(f"sent a P-DATA-TF with a PDV of {size} bytes, which does not fit")
        value, self._body = self._body[pdu.PDV.size : 4 + size], self._body[4 + size :]
        return number, flags & (pdu.COMMAND | pdu.LAST), value

    def release(self) -> None:
        """Releases the association. Never fails."""
        with suppress(NetworkError):
            self._channel.send(pdu.release_request(), GOODBYE)
            self._channel.receive(GOODBYE, OURS)
        self._channel.close()

    def abort(self) -> None:
        """Aborts the association. Never fails."""
        with suppress(NetworkError):
            self._channel.send(pdu.aborted(), 1)
        self._channel.close()
