"""Sends instances by STOW-RS (PS3.18 10.5)."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from dicomtx.network.address import WebAddress
from dicomtx.network.delivery import Delivery, Instance
from dicomtx.network.http.client import Answer, Client, HttpOptions, NoAnswerError
from dicomtx.network.http.store_answer import Stored, UnreadableError, read_answer

ACCEPT: Final = "application/dicom+json, application/dicom+xml;q=0.9"
HAS_RESULT: Final = (200, 202, 409)
"""The statuses whose answers list what was stored, and what was not (PS3.18 10.5.3)."""
DUPLICATE: Final = 0x0111
REASONS: Final = {
    0x0110: "processing failure",
    0x0111: "the server has the instance already",
    0x0117: "invalid SOP Instance UID",
    0x0122: "the server does not store this SOP class",
    0x0124: "not authorized",
    0xC122: "the server does not store this transfer syntax",
}
"""Failure Reasons (0008,1197) (PS3.3 C.14.1.1, PS3.18 10.5.3)."""
FAMILIES: Final = {0xA7: "out of resources", 0xA9: "does not match the SOP class", 0xC0: "error"}


@contextmanager
def connect(address: WebAddress, options: HttpOptions) -> Iterator["StowConnection"]:
    """Yields a connection to a DICOMweb server. Nothing is sent before the first instance."""
    connection = StowConnection(Client(address, options))
    try:
        yield connection
    finally:
        connection.close()


class StowConnection:
    """Sends one instance per request: each has an answer of its own, and fails alone."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def accepts(self, sop_class_uid: str, transfer_syntax_uid: str) -> bool:  # noqa: ARG002
        """Returns True: a server says only in its answer what it does not accept."""
        return True

    def send(self, instance: Instance) -> Delivery:
        """Sends one instance as it is. The bytes come from the disk as they are sent.

        Raises:
            NetworkError: the server cannot be reached, or the connection is lost.
        """
        boundary = secrets.token_hex(16)
        head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        tail = f"\r\n--{boundary}--\r\n".encode()
        file = instance.file

        def body() -> Iterator[bytes]:
            yield head
            yield from file.chunks(0, file.size)
            yield tail

        headers = {
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
            "Content-Length": str(len(head) + file.size + len(tail)),
            "Accept": ACCEPT,
        }
        try:
            answer = self._client.ask("POST", "/studies", body(), headers)
        except NoAnswerError as error:
            return Delivery(delivered=False, reason=str(error), again=True)
        return self._delivery(answer, instance.sop_instance_uid)

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()

    def _delivery(self, answer: Answer, uid: str) -> Delivery:
        """Returns what an answer says about the instance."""
        status = f"HTTP {answer.status}"
        told = self._client.message(answer)
        failed = Delivery(
            delivered=False, status=status, reason=told, again=answer.again, wait=answer.wait
        )
        if answer.status not in HAS_RESULT:
            return failed
        try:
            stored = read_answer(answer.headers.get("content-type", ""), answer.body)
        except UnreadableError as error:
            reason = f"the answer of the server cannot be read: {error}"
            return failed if answer.status == 409 else failed._replace(reason=reason)
        return _judged(stored, uid, failed)


def _judged(stored: Stored, uid: str, failed: Delivery) -> Delivery:
    """Returns what the lists of an answer say about one instance."""
    if stored.failed:
        code = stored.failed.get(uid, next(iter(stored.failed.values())))
        if code == DUPLICATE:
            return failed._replace(delivered=True, again=False, reason=described(code))
        return failed._replace(reason=described(code), again=code >> 8 == 0xA7)
    if uid in stored.kept:
        warning = stored.kept[uid]
        told = f"Warning Reason {warning:04X}" if warning else ""
        return failed._replace(delivered=True, again=False, reason=told)
    if failed.status == "HTTP 409":
        return failed
    return failed._replace(reason="the answer of the server does not name the instance")


def described(code: int) -> str:
    """Returns a Failure Reason in words.

    >>> described(0xA700)
    'Failure Reason A700 (out of resources)'
    """
    family = FAMILIES.get(code >> 8 & (0xF0 if code >> 12 == 0xC else 0xFF), "")
    words = REASONS.get(code, family)
    return f"Failure Reason {code:04X}{f' ({words})' if words else ''}"
