"""The values of the queue: what was received, and each delivery of it."""

from typing import Any, Final, Literal, NamedTuple

State = Literal["waiting", "sending", "delivered", "dead", "dropped"]
STATES: Final = ("waiting", "sending", "delivered", "dead", "dropped")
ENDED: Final = ("delivered", "dropped")
"""The states of deliveries that need the files of the instance no more."""


class Received(NamedTuple):
    """An instance as it arrived.

    Attributes:
        file: its name in the spool.
        bytes: the size of the file.
        hash: BLAKE2b of the file, 32 bytes in hexadecimal.
        sop_class_uid: SOP Class UID.
        sop_instance_uid: SOP Instance UID.
        syntax: Transfer Syntax UID.
        calling_aet: AE title of the sender.
        called_aet: the AE title that it called.
        sender: the IP address of the sender.
        route: the route that decides.
    """

    file: str
    bytes: int
    hash: str
    sop_class_uid: str
    sop_instance_uid: str
    syntax: str
    calling_aet: str
    called_aet: str
    sender: str
    route: str


class Job(NamedTuple):
    """A conversion to do.

    Attributes:
        instance: the number of the instance.
        file: its name in the spool.
        conversion: the text of the conversion, see ``Conversion.read``.
    """

    instance: int
    file: str
    conversion: str


class Output(NamedTuple):
    """The result of a conversion.

    Attributes:
        file: its name in the spool; empty if the file is sent as received.
        syntax: Transfer Syntax UID.
        hash: BLAKE2b of the file, 32 bytes in hexadecimal.
        sop_instance_uid: SOP Instance UID; a lossy conversion makes a new one.
        verification: how the result was verified.
        reason: why the file is unchanged although a conversion was asked for; else empty.
    """

    file: str
    syntax: str
    hash: str
    sop_instance_uid: str
    verification: str
    reason: str = ""


class Delivery(NamedTuple):
    """The delivery of one instance to one destination: a row of the queue and of the audit.

    Attributes:
        id: the number of the delivery.
        instance: the number of the instance.
        destination: the name of the destination.
        state: waiting, sending, delivered, dead (not tried any more) or dropped (by the user).
        reason: why the last attempt failed, or the peer's warning; empty if all went well.
        status: the last status of the peer, such as "0000".
        attempts: how often sending began.
        sop_class_uid: SOP Class UID.
        sop_instance_uid: SOP Instance UID as received.
        syntax_in: Transfer Syntax UID as received.
        hash_in: BLAKE2b of the received file.
        bytes: the size of the received file.
        sop_instance_uid_out: SOP Instance UID as sent.
        syntax_out: Transfer Syntax UID as sent; empty before the conversion.
        hash_out: BLAKE2b of the file as sent.
        verification: how the conversion was verified; ``bytes-only`` for unchanged files.
        calling_aet: AE title of the sender.
        called_aet: the AE title that it called.
        sender: the IP address of the sender.
        route: the route that decided.
        received: when it was received, in seconds since 1970.
        changed: when the delivery last changed.
        due: when the next attempt begins.
        file: the name of the received file in the spool.
        output: the name of the file to send in the spool; empty if it is the received one.
        conversion: the text of its conversion, see ``Conversion.read``.
    """

    id: int
    instance: int
    destination: str
    state: State
    reason: str
    status: str
    attempts: int
    sop_class_uid: str
    sop_instance_uid: str
    syntax_in: str
    hash_in: str
    bytes: int
    sop_instance_uid_out: str
    syntax_out: str
    hash_out: str
    verification: str
    calling_aet: str
    called_aet: str
    sender: str
    route: str
    received: float
    changed: float
    due: float
    file: str
    output: str
    conversion: str

    def as_json(self) -> dict[str, Any]:
        """Returns the object that ``queue list --json`` prints."""
        hidden = ("file", "output", "conversion")
        return {name: value for name, value in self._asdict().items() if name not in hidden}


COLUMNS: Final = """
  d.id, d.instance, d.destination, d.state, d.reason, d.status, d.attempts, i.sop_class_uid,
  i.sop_instance_uid, i.syntax, i.hash, i.bytes, d.output_uid, d.output_syntax, d.output_hash,
  d.verification, i.calling_aet, i.called_aet, i.sender, i.route, i.received, d.changed, d.due,
  i.file, d.output, d.conversion
"""
"""The columns of a ``Delivery``, of deliveries d and their instances i."""
