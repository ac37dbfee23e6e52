"""Retrieves instances by WADO-RS, and lists them by QIDO-RS (PS3.18 10.4 and 10.6)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from dicomtx.errors import NetworkError
from dicomtx.network.address import WebAddress
from dicomtx.network.http.client import Answer, Client, HttpOptions
from dicomtx.network.http.json_answer import json_objects
from dicomtx.network.http.multipart import media_type, parts
from dicomtx.network.retrieval import Arrival, Place, Receive, is_uid, not_there

AS_STORED: Final = 'multipart/related; type="application/dicom"; transfer-syntax=*'
"""Without ``transfer-syntax=*``, a server sends Explicit VR Little Endian (PS3.18 8.7.3.5.2)."""
JSON: Final = "application/dicom+json"
INSTANCE: Final = "application/dicom"
UIDS: Final = ("0020000D", "0020000E", "00080018")  # Study, Series, SOP Instance
PAGE: Final = 1000
MOST: Final = 1_000_000  # instances of a list
NO_SEARCH: Final = frozenset({400, 404, 405, 406, 415, 501})
"""The statuses of servers without QIDO-RS, or without this form of it."""


@contextmanager
def connect(address: WebAddress, options: HttpOptions) -> Iterator["WadoRetriever"]:
    """Yields a connection to a DICOMweb server. Nothing is sent yet."""
    client = Client(address, options)
    try:
        yield WadoRetriever(client)
    finally:
        client.close()


class WadoRetriever:
    """Retrieves as stored: the server converts nothing."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def listed(self, wanted: Place) -> Sequence[Place] | None:
        """Returns the instances that the server lists; None if it lists none.

        Raises:
            NetworkError: it cannot be reached, refuses access, or its answer is invalid.
        """
        found: dict[Place, None] = {}
        while len(found) < MOST:
            page = self._page(wanted, len(found))
            if page is None:
                return None
            before = len(found)
            found.update(dict.fromkeys(page))
            if len(found) == before:  # the end; or the server ignores the offset
                return list(found)
        raise self._client.failure(f"it lists more than {MOST} instances")

    def _page(self, wanted: Place, offset: int) -> list[Place] | None:
        series = f"/series/{wanted.series}" if wanted.series else ""
        only = f"&SOPInstanceUID={wanted.instance}" if wanted.instance else ""
        path = f"/studies/{wanted.study}{series}/instances?limit={PAGE}&offset={offset}{only}"
        answer = self._client.ask("GET", path, headers={"Accept": JSON})
        if answer.status == 204:
            return []
        if answer.status in NO_SEARCH:
            return None
        found = json_objects(answer.body) if answer.status == 200 else None
        if found is None:
            raise self._refused(answer, "its list of instances cannot be read")
        return [self._place(wanted, item) for item in found]

    def _place(self, wanted: Place, item: dict[str, Any]) -> Place:
        """Returns the UIDs of an item of a list; some servers leave out those that were asked."""
        texts = [_first(item, tag) or asked for tag, asked in zip(UIDS, wanted, strict=True)]
        for text in texts:
            if not is_uid(text):
                raise self._client.failure(
                    f"its list of instances has {text[:80]!r}, which is not a UID"
                )
        return Place(*texts)

    def retrieve(self, wanted: Place, receive: Receive) -> None:
        """Retrieves a study, a series or an instance, in one answer.

        Raises:
            NetworkError: the connection is lost, or the answer is cut off or invalid.
            SourceError: the server does not have it.
        """
        levels = zip(("/studies/", "/series/", "/instances/"), wanted, strict=True)
        path = "".join(f"{level}{uid}" for level, uid in levels if uid)
        with self._client.stream("GET", path, headers={"Accept": AS_STORED}) as (answer, chunks):
            if answer.status in (404, 410):
                raise not_there(self._client.address, wanted)
            if answer.status not in (200, 206):
                told = self._client.complete(answer, chunks)
                raise self._refused(told, "it does not send the instances")
            for content in self._contents(answer, chunks):
                receive(Arrival(chunks=content))
            if answer.status == 206:
                raise self._client.failure("it sent only some of the instances (HTTP 206)")

    def _contents(self, answer: Answer, chunks: Iterator[bytes]) -> Iterator[Iterator[bytes]]:
        """Yields the bytes of each instance in an answer."""
        kind, boundary = media_type(answer.headers.get("content-type", ""))
        if kind == INSTANCE:
            yield chunks
            return
        if kind != "multipart/related":
            raise self._client.failure(f"it answered with {kind[:80]!r} instead of instances")
        for part in parts(boundary, chunks):
            found = media_type(part.headers.get("content-type", INSTANCE))[0]
            if found != INSTANCE:
                raise self._client.failure(f"a part of its answer is {found[:80]!r}")
            yield part.content

    def _refused(self, answer: Answer, told: str) -> NetworkError:
        return self._client.failure(f"{told}: HTTP {answer.status}, {self._client.message(answer)}")


def _first(item: dict[str, Any], tag: str) -> str:
    """Returns the first value of an attribute in DICOM JSON; empty if there is none."""
    element = item.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return str(values[0]).strip(" \0") if isinstance(values, list) and values else ""
