"""A buffer of P-DATA-TF PDUs of full size, for the bytes of large data sets."""

from dicomtx.network.dimse import pdu
from dicomtx.storage.source import Source

AT_ONCE = 1 << 20
"""Bytes to read from a file and to give to the system at once."""


class FullPdus:
    """PDUs whose headers stay in place, while data is read between them.

    So the bytes of a data set are copied once on their way from the file to the system, and Python
    does the same work for a MiB as for one PDU.

    Attributes:
        context: ID of the presentation context.
        content: bytes of the data set that all PDUs hold together.
        pdus: the PDUs.
    """

    def __init__(self, context: int, room: int) -> None:
        """Makes the headers; each PDU holds ``room`` bytes of a data set that goes on."""
        heading = pdu.heading(context, 0, room)
        count = max(AT_ONCE // room, 1)
        self.context = context
        self.content = count * room
        self.pdus = bytearray((heading + bytes(room)) * count)
        view, whole = memoryview(self.pdus), len(heading) + room
        starts = range(len(heading), len(self.pdus), whole)
        self._parts = [view[start : start + room] for start in starts]

    def fill(self, file: Source, offset: int) -> bytearray:
        """Returns the PDUs with the content of a file at an offset, valid until the next call.

        Raises:
            SourceError: the file cannot be read.
        """
        file.read_into(self._parts, offset)
        return self.pdus
