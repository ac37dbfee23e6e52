"""Command sets of DIMSE messages (PS3.7 6.3): always implicit VR little endian, without nesting."""

import struct
from typing import Final, NamedTuple

from dicomtx.network.dimse.implicit_elements import elements, written
from dicomtx.network.dimse.pdu import PduError

C_STORE_RQ: Final = 0x0001
C_GET_RQ: Final = 0x0010
C_FIND_RQ: Final = 0x0020
C_ECHO_RQ: Final = 0x0030
C_CANCEL_RQ: Final = 0x0FFF
RESPONSE: Final = 0x8000
NO_DATA_SET: Final = 0x0101
NUMBER: Final = struct.Struct("<H")
GROUP_LENGTH, SOP_CLASS, FIELD, ANSWERED_TO = 0x0000, 0x0002, 0x0100, 0x0120
MESSAGE, DATA_SET, STATUS, COMMENT, INSTANCE = 0x0110, 0x0800, 0x0900, 0x0902, 0x1000
PRIORITY: Final = 0x0700
COMPLETED, FAILED, WITH_WARNINGS = 0x1021, 0x1022, 0x1023
VERIFICATION: Final = "1.2.840.10008.1.1"
LONGEST_COMMENT: Final = 64  # characters (PS3.5 6.2, LO)


class Command(NamedTuple):
    """The parts of a request that an SCP of the Storage and Verification classes needs.

    Attributes:
        field: which command it is (0000,0100).
        message: Message ID (0000,0110).
        has_data_set: whether a data set follows (0000,0800).
        sop_class_uid: Affected SOP Class UID (0000,0002).
        sop_instance_uid: Affected SOP Instance UID (0000,1000).
    """

    field: int
    message: int
    has_data_set: bool
    sop_class_uid: str
    sop_instance_uid: str


class Response(NamedTuple):
    """The parts of a response that an SCU needs.

    Attributes:
        field: which command it answers, such as 8001 for C-STORE-RSP.
        answered: Message ID of the request (0000,0120).
        status: the status (PS3.7 C).
        comment: Error Comment (0000,0902); empty if there is none.
        has_data_set: whether a data set follows.
    """

    field: int
    answered: int
    status: int
    comment: str = ""
    has_data_set: bool = False


def command(data: bytes) -> Command:
    """Returns the request in a complete command set.

    Raises:
        PduError: it is damaged, or an element is missing.
    """
    values = _values(data)
    return Command(
        _number(values, FIELD),
        _number(values, MESSAGE, 0),
        _number(values, DATA_SET) != NO_DATA_SET,
        _text(values, SOP_CLASS),
        _text(values, INSTANCE),
    )


def read_response(data: bytes) -> Response:
    """Returns the response in a complete command set.

    Raises:
        PduError: it is damaged, or not a response.
    """
    values = _values(data)
    field = _number(values, FIELD)
    if not field & RESPONSE:
        raise PduError("the command set is not a response")
    return Response(
        field,
        _number(values, ANSWERED_TO, 0),
        _number(values, STATUS),
        _text(values, COMMENT),
        _number(values, DATA_SET, NO_DATA_SET) != NO_DATA_SET,
    )


def store_request(message: int, sop_class_uid: str, sop_instance_uid: str) -> bytes:
    """Returns the command set of a C-STORE-RQ with medium priority (PS3.7 9.3.1.1)."""
    return _command_set(
        {
            SOP_CLASS: _padded(sop_class_uid, b"\0"),
            FIELD: NUMBER.pack(C_STORE_RQ),
            MESSAGE: NUMBER.pack(message),
            PRIORITY: NUMBER.pack(0),
            DATA_SET: NUMBER.pack(1),
            INSTANCE: _padded(sop_instance_uid, b"\0"),
        }
    )


def query_request(field: int, message: int, sop_class_uid: str) -> bytes:
    """Returns the command set of a C-FIND-RQ or C-GET-RQ with medium priority (PS3.7 9.3)."""
    return _command_set(
        {
            SOP_CLASS: _padded(sop_class_uid, b"\0"),
            FIELD: NUMBER.pack(field),
            MESSAGE: NUMBER.pack(message),
            PRIORITY: NUMBER.pack(0),
            DATA_SET: NUMBER.pack(1),
        }
    )


def is_response(data: bytes) -> bool:
    """Returns whether a complete command set is a response.

    Raises:
        PduError: it is damaged, or an element is missing.
    """
    return bool(_number(_values(data), FIELD) & RESPONSE)


def sub_operations(data: bytes) -> tuple[int, int]:
    """Returns the sub-operations of a C-GET-RSP that stored an instance, and those that failed.

    Raises:
        PduError: it is damaged.
    """
    values = _values(data)
    completed = _number(values, COMPLETED, 0) + _number(values, WITH_WARNINGS, 0)
    return completed, _number(values, FAILED, 0)


def echo_request(message: int) -> bytes:
    """Returns the command set of a C-ECHO-RQ (PS3.7 9.3.5.1)."""
    return _command_set(
        {
            SOP_CLASS: _padded(VERIFICATION, b"\0"),
            FIELD: NUMBER.pack(C_ECHO_RQ),
            MESSAGE: NUMBER.pack(message),
            DATA_SET: NUMBER.pack(NO_DATA_SET),
        }
    )


def response(asked: Command, status: int, comment: str = "") -> bytes:
    """Returns the command set of the response to a request.

    Args:
        asked: the request.
        status: the status (PS3.7 C).
        comment: Error Comment (0000,0902); it is shortened to 64 characters.
    """
    values = {
        SOP_CLASS: _padded(asked.sop_class_uid, b"\0"),
        FIELD: NUMBER.pack(asked.field | RESPONSE),
        ANSWERED_TO: NUMBER.pack(asked.message),
        DATA_SET: NUMBER.pack(NO_DATA_SET),
        STATUS: NUMBER.pack(status),
        COMMENT: _padded(comment[:LONGEST_COMMENT].replace("\\", "/"), b" "),
        INSTANCE: _padded(asked.sop_instance_uid, b"\0"),
    }
    return _command_set(values)


def _command_set(values: dict[int, bytes]) -> bytes:
    """Returns a command set with these elements, in the order of their tags; none is empty."""
    body = written({element: value for element, value in values.items() if value})
    return written({GROUP_LENGTH: struct.pack("<L", len(body))}) + body


def _values(data: bytes) -> dict[int, bytes]:
    """Returns the values of a command set by element number.

    Raises:
        PduError: it is damaged.
    """
    values = dict(elements(data))
    if any(tag >> 16 for tag in values):
        raise PduError("a command set has elements of another group")
    return values


def _number(values: dict[int, bytes], element: int, default: int | None = None) -> int:
    value = values.get(element, b"")
    if len(value) >= NUMBER.size:
        return int(NUMBER.unpack_from(value)[0])
    if default is None:
        raise PduError(f"the command set has no valid (0000,{element:04X})")
    return default


def _text(values: dict[int, bytes], element: int) -> str:
    return values.get(element, b"").decode("latin-1").rstrip("\0 ")


def _padded(text: str, padding: bytes) -> bytes:
    value = text.encode("latin-1", "replace")
    return value + padding * (len(value) % 2)
