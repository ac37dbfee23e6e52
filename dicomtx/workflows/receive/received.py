"""What became of one instance that arrived."""

from typing import Any, Final, Literal

from dicomtx.frozen import Frozen
from dicomtx.network.reception import Answer, Incoming

Status = Literal["stored", "duplicate", "refused"]
LONGEST: Final = 500
"""Characters of a text in a record, so that a peer cannot make it longer than a message."""


class Received(Frozen):
    """What became of one instance; the fields are those of ``--json``.

    Attributes:
        path: where it is stored; empty if it is not.
        status: stored; duplicate, if the same instance was stored before; or refused.
        dimse_status: the status that the sender got, in four hexadecimal digits.
        reason: why it was refused, or why it was not transcoded; empty otherwise.
        sop_class_uid: its SOP class.
        sop_instance_uid: its SOP instance, as it arrived.
        new_sop_instance_uid: of the result, if the transcoding was lossy; else empty.
        study_instance_uid: its study; empty if it was refused.
        calling_aet: the AE title of the sender.
        called_aet: the AE title that the sender called.
        address: the IP address of the sender.
        source_syntax: UID of the transfer syntax it arrived in.
        target_syntax: UID of the transfer syntax it is stored in; empty if it is not stored.
        verification: how the transcoding was verified, one of ``verification.WORDS``.
        bytes_in: bytes of the data set that arrived.
        bytes_out: bytes of the file; 0 if it is not stored.
        warnings: messages for the user.
    """

    path: str
    status: Status
    dimse_status: str
    reason: str
    sop_class_uid: str
    sop_instance_uid: str
    new_sop_instance_uid: str
    study_instance_uid: str
    calling_aet: str
    called_aet: str
    address: str
    source_syntax: str
    target_syntax: str
    verification: str
    bytes_in: int
    bytes_out: int
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Returns the object that ``--json`` prints (cli/schemas/received.schema.json)."""
        return self._asdict() | {"warnings": list(self.warnings)}


def refused(incoming: Incoming, answer: Answer, size: int) -> Received:
    """Returns the record of an instance that was not stored."""
    return arrived(incoming, size)._replace(
        status="refused", dimse_status=f"{answer.status:04X}", reason=answer.comment[:LONGEST]
    )


def arrived(incoming: Incoming, size: int) -> Received:
    """Returns the record of an instance with what the command says."""
    caller = incoming.caller
    return Received(
        path="",
        status="stored",
        dimse_status="0000",
        reason="",
        sop_class_uid=incoming.sop_class_uid[:LONGEST],
        sop_instance_uid=incoming.sop_instance_uid[:LONGEST],
        new_sop_instance_uid="",
        study_instance_uid="",
        calling_aet=caller.calling_aet,
        called_aet=caller.called_aet,
        address=caller.host,
        source_syntax=incoming.transfer_syntax_uid,
        target_syntax="",
        verification="none",
        bytes_in=size,
        bytes_out=0,
        warnings=(),
    )


def record_of(values: dict[str, Any]) -> Received:
    """Returns the record that ``as_json`` described."""
    return Received(**values | {"warnings": tuple(values["warnings"])})
