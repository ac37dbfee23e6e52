"""Command sets of DIMSE messages (PS3.7 6.3): implicit VR little endian elements of group 0000."""

import struct
from typing import Final, NamedTuple

from dicomtx.errors import NetworkError

STORE_RQ: Final = 0x0001
ECHO_RQ: Final = 0x0030
RESPONSE: Final = 0x8000
NO_DATA_SET: Final = 0x0101
VERIFICATION: Final = "1.2.840.10008.1.1"

_SOP_CLASS: Final = 0x0002
_FIELD: Final = 0x0100
_MESSAGE: Final = 0x0110
_ANSWERED: Final = 0x0120
_PRIORITY: Final = 0x0700
_DATA_SET: Final = 0x0800
_STATUS: Final = 0x0900
_COMMENT: Final = 0x0902
_SOP_INSTANCE: Final = 0x1000


class Response(NamedTuple):
    """A response to a request.

    Attributes:
        field: the Command Field, such as 8001 for C-STORE-RSP.
        answered: the Message ID of the request.
        status: the Status (PS3.7 C).
        comment: the Error Comment; empty if there is none.
        data_set: whether a data set follows.
    """

    field: int
    answered: int
    status: int
    comment: str = ""
    data_set: bool = False


def store_request(message: int, sop_class_uid: str, sop_instance_uid: str) -> bytes:
    """Returns the command set of a C-STORE-RQ with medium priority (PS3.7 9.3.1.1)."""
    return _command(
        _uid(_SOP_CLASS, sop_class_uid),
        _us(_FIELD, STORE_RQ),
        _us(_MESSAGE, message),
        _us(_PRIORITY, 0),
        _us(_DATA_SET, 0x0001),
        _uid(_SOP_INSTANCE, sop_instance_uid),
    )


def echo_request(message: int) -> bytes:
    """Returns the command set of a C-ECHO-RQ (PS3.7 9.3.5.1)."""
    return _command(
        _uid(_SOP_CLASS, VERIFICATION),
        _us(_FIELD, ECHO_RQ),
        _us(_MESSAGE, message),
        _us(_DATA_SET, NO_DATA_SET),
    )


def read_response(data: bytes) -> Response:
    """Returns the response that a command set holds.

    Raises:
        NetworkError: it is not a response.
    """
    found: dict[int, bytes] = {}
    at = 0
    while at + 8 <= len(data):
        group, element, size = struct.unpack_from("<HHI", data, at)
        if group == 0 and at + 8 + size <= len(data):
            found[element] = data[at + 8 : at + 8 + size]
        at += 8 + size
    field, status = _number(found, _FIELD), _number(found, _STATUS)
    if field is None or status is None or not field & RESPONSE:
        raise NetworkError("sent a command set that is not a response")
    comment = found.get(_COMMENT, b"").rstrip(b"\0 ").decode("latin-1")
    return Response(
        field=field,
        answered=_number(found, _ANSWERED) or 0,
        status=status,
        comment=comment,
        data_set=_number(found, _DATA_SET) not in (None, NO_DATA_SET),
    )


def _number(found: dict[int, bytes], element: int) -> int | None:
    value = found.get(element, b"")
    return int.from_bytes(value, "little") if len(value) == 2 else None


def _command(*elements: bytes) -> bytes:
    body = b"".join(elements)
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def _uid(element: int, uid: str) -> bytes:
    value = uid.encode("ascii")
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HHI", 0, element, len(value)) + value


def _us(element: int, number: int) -> bytes:
    return struct.pack("<HHIH", 0, element, 2, number)
