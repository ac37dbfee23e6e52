"""A DICOM peer that sends whatever bytes a test wants, right or wrong (PS3.8 9.3)."""

import socket
import struct
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple, Self

APPLICATION = b"1.2.840.10008.3.1.1.1"
VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT, EXPLICIT, J2K = (f"1.2.840.10008.1.2{end}" for end in ("", ".1", ".4.90"))
PATIENCE = 60.0


def item(kind: int, value: bytes) -> bytes:
    """Returns an item of an A-ASSOCIATE PDU."""
    return struct.pack(">BxH", kind, len(value)) + value


def context(number: int, abstract: str, *transfer: str) -> bytes:
    """Returns the item of a proposed presentation context."""
    inner = item(0x30, abstract.encode()) + b"".join(item(0x40, uid.encode()) for uid in transfer)
    return item(0x20, bytes((number, 0, 0, 0)) + inner)


def pdu(kind: int, body: bytes) -> bytes:
    """Returns a PDU."""
    return struct.pack(">BxL", kind, len(body)) + body


def associate(
    *contexts: bytes,
    called: str = "RECEIVER",
    calling: str = "SENDER",
    version: int = 1,
    application: bytes = APPLICATION,
) -> bytes:
    """Returns an A-ASSOCIATE-RQ PDU."""
    user = item(0x50, item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3"))
    titles = called.encode("latin-1").ljust(16) + calling.encode("latin-1").ljust(16)
    head = struct.pack(">H2x", version) + titles + bytes(32)
    return pdu(1, head + item(0x10, application) + b"".join(contexts) + user)


def pdv(number: int, control: int, data: bytes) -> bytes:
    """Returns an item of a P-DATA-TF PDU; control is 1 for a command, plus 2 for the last one."""
    return struct.pack(">LBB", len(data) + 2, number, control) + data


def command(values: Mapping[int, bytes]) -> bytes:
    """Returns a command set of elements of group 0000."""
    body = b"".join(
        struct.pack("<HHL", 0, element, len(value) + len(value) % 2) + value + bytes(len(value) % 2)
        for element, value in sorted(values.items())
    )
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + body


def c_store(sop_class: str, sop_instance: str, message: int = 1) -> bytes:
    """Returns the command set of a C-STORE request."""
    return command(
        {
            0x0002: sop_class.encode("latin-1"),
            0x0100: struct.pack("<H", 1),
            0x0110: struct.pack("<H", message),
            0x0700: struct.pack("<H", 0),
            0x0800: struct.pack("<H", 1),
            0x1000: sop_instance.encode("latin-1"),
        }
    )


def c_echo() -> bytes:
    """Returns the command set of a C-ECHO request."""
    return command(
        {
            0x0002: VERIFICATION.encode(),
            0x0100: struct.pack("<H", 0x30),
            0x0110: struct.pack("<H", 7),
            0x0800: struct.pack("<H", 0x0101),
        }
    )


def element(tag: int, vr: str, value: bytes) -> bytes:
    """Returns an element in explicit VR little endian, with a short length."""
    value += (b"\0" if vr == "UI" else b" ") * (len(value) % 2)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), len(value)) + value


def data_set(
    sop_instance: str, sop_class: str = CT, *, study: str = "1.2.3", series: str = "1.2.3.4"
) -> bytes:
    """Returns a small data set in explicit VR little endian."""
    return b"".join(
        (
            element(0x00080016, "UI", sop_class.encode("latin-1")),
            element(0x00080018, "UI", sop_instance.encode("latin-1")),
            element(0x00080060, "CS", b"CT"),
            element(0x00100020, "LO", b"TEST"),
            element(0x0020000D, "UI", study.encode("latin-1")),
            element(0x0020000E, "UI", series.encode("latin-1")),
        )
    )


class Response(NamedTuple):
    """A received PDU: its type and its body."""

    kind: int
    body: bytes

    @property
    def status(self) -> int:
        """The status of a DIMSE response."""
        found = self.body.index(struct.pack("<HHL", 0, 0x0900, 2))
        return int.from_bytes(self.body[found + 8 : found + 10], "little")

    @property
    def results(self) -> dict[int, tuple[int, str]]:
        """The answers of an A-ASSOCIATE-AC PDU: result and transfer syntax by context ID."""
        found, at = {}, 68
        while at < len(self.body):
            kind, length = struct.unpack_from(">BxH", self.body, at)
            value = self.body[at + 4 : at + 4 + length]
            if kind == 0x21:
                found[value[0]] = (value[2], value[8:].decode())
            at += 4 + length
        return found


class RawPeer:
    """A connection to a server."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *parts: bytes) -> Self:
        """Sends bytes; a server that has closed the connection is not an error."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(b"".join(parts))
        return self

    def receive(self) -> Response:
        """Returns the next PDU; its type is 0 at the end of the connection."""
        head = self._read(6)
        if len(head) < 6:
            return Response(0, b"")
        kind, length = struct.unpack(">BxL", head)
        return Response(kind, self._read(length))

    def _read(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            try:
                more = self.socket.recv(length - len(data))
            except ConnectionResetError:
                break
            if not more:
                break
            data += more
        return data

    def opens(self, *contexts: bytes) -> Self:
        """Opens an association."""
        asked = contexts or (context(1, CT, EXPLICIT), context(3, VERIFICATION, IMPLICIT))
        assert self.send(associate(*asked)).receive().kind == 2
        return self

    def store(self, sop_instance: str, data: bytes = b"", sop_class: str = CT) -> Response:
        """Stores a data set in fragments, and returns the response."""
        data = data or data_set(sop_instance)
        self.send(pdu(4, pdv(1, 3, c_store(sop_class, sop_instance))))
        self.send(*fragments(data))
        return self.receive()

    def echo(self) -> Response:
        """Sends a C-ECHO request and returns the response."""
        return self.send(pdu(4, pdv(3, 3, c_echo()))).receive()

    def release(self) -> Response:
        """Releases the association and returns the response."""
        return self.send(pdu(5, bytes(4))).receive()


def fragments(data: bytes, size: int = 16000) -> Iterable[bytes]:
    """Returns the P-DATA-TF PDUs of a data set in context 1."""
    pieces = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
    ends = [0] * (len(pieces) - 1) + [2]
    return [pdu(4, pdv(1, end, piece)) for piece, end in zip(pieces, ends, strict=True)]
