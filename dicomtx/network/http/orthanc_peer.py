"""Sends instances to Orthanc by its REST API, as Orthanc does to its peers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from dicomtx.errors import NetworkError
from dicomtx.network.address import WebAddress
from dicomtx.network.delivery import Delivery, Instance
from dicomtx.network.http.client import Answer, Client, HttpOptions, NoAnswerError
from dicomtx.network.http.json_answer import json_object

STORED: Final = {"Success": "", "AlreadyStored": "the server has the instance already"}
"""The answers that mean that Orthanc has the instance now."""


@contextmanager
def connect(address: WebAddress, options: HttpOptions) -> Iterator["OrthancConnection"]:
    """Yields a connection to an Orthanc server.

    Raises:
        NetworkError: it cannot be reached, or refuses the credentials, or it is not Orthanc.
    """
    client = Client(address, options)
    try:
        check_orthanc(client)
        yield OrthancConnection(client)
    finally:
        client.close()


def check_orthanc(client: Client) -> None:
    """Checks that the server is Orthanc, and that it takes the credentials.

    Raises:
        NetworkError: it cannot be reached, or refuses the credentials, or it is not Orthanc.
    """
    answer = client.ask("GET", "/system")
    if answer.status in (401, 403):
        raise NetworkError(f"{client.address}: {client.message(answer)}")
    if answer.status != 200 or "ApiVersion" not in json_object(answer.body):
        raise NetworkError(
            f"{client.address}: this is not Orthanc's REST API (GET /system gave HTTP"
            f" {answer.status})"
        )


class OrthancConnection:
    """Sends one instance per request, as Orthanc's own peers do."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def accepts(self, sop_class_uid: str, transfer_syntax_uid: str) -> bool:  # noqa: ARG002
        """Returns True: Orthanc stores every class and syntax that comes by HTTP."""
        return True

    def send(self, instance: Instance) -> Delivery:
        """Sends one instance as it is. The bytes come from the disk as they are sent.

        Raises:
            NetworkError: the server cannot be reached, or the connection is lost.
        """
        file = instance.file
        headers = {"Content-Type": "application/dicom", "Content-Length": str(file.size)}
        try:
            answer = self._client.ask("POST", "/instances", file.chunks(0, file.size), headers)
        except NoAnswerError as error:
            return Delivery(delivered=False, reason=str(error), again=True)
        return self._delivery(answer)

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()

    def _delivery(self, answer: Answer) -> Delivery:
        status = f"HTTP {answer.status}"
        if answer.status != 200:
            told = self._client.message(answer)
            return Delivery(
                delivered=False, status=status, reason=told, again=answer.again, wait=answer.wait
            )
        word = str(json_object(answer.body).get("Status", ""))
        if word in STORED:
            return Delivery(delivered=True, status=status, reason=STORED[word])
        reason = f"Orthanc answered {word[:40]!r}" if word else "the answer is not Orthanc's"
        return Delivery(delivered=False, status=status, reason=reason)
