"""Retrieves instances from Orthanc by its REST API, one file at a time.

Orthanc can also send a study as one ZIP archive. If it cannot read an instance, that archive ends
early, or lacks the instance, with status 200. A file has a status, a length and a checksum of its
own, and one that fails does not take others with it.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from dicomtx.network.address import WebAddress
from dicomtx.network.http.client import Client, HttpOptions
from dicomtx.network.http.json_answer import json_objects
from dicomtx.network.http.orthanc_peer import check_orthanc
from dicomtx.network.retrieval import Arrival, Place, Receive, is_uid, not_there

TAGS: Final = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
MD5: Final = 32  # hexadecimal digits


@contextmanager
def connect(address: WebAddress, options: HttpOptions) -> Iterator["OrthancRetriever"]:
    """Yields a connection to an Orthanc server.

    Raises:
        NetworkError: it cannot be reached, or refuses the credentials, or it is not Orthanc.
    """
    client = Client(address, options)
    try:
        check_orthanc(client)
        yield OrthancRetriever(client)
    finally:
        client.close()


class OrthancRetriever:
    """Retrieves files as Orthanc stores them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ids: dict[Place, str] = {}

    def listed(self, wanted: Place) -> Sequence[Place]:
        """Returns the instances that Orthanc has of a study, a series, or one instance.

        Raises:
            NetworkError: the connection is lost, or the answer is invalid.
        """
        self._ids = {}
        for series in self._find("Series", wanted, wanted[:2]):
            uid = _main_tag(series, TAGS[1])
            for instance in self._find("Instance", wanted, (wanted.study, uid, wanted.instance)):
                place = Place(wanted.study, uid, _main_tag(instance, TAGS[2]))
                name = _tag(instance, "ID")
                if not all(map(is_uid, place)) or not _is_name(name):
                    raise self._client.failure(
                        "its list of instances has something that is not a UID"
                    )
                self._ids[place] = name
        return list(self._ids)

    def _find(self, level: str, wanted: Place, uids: Sequence[str]) -> list[dict[str, Any]]:
        query = {tag: uid for tag, uid in zip(TAGS, uids, strict=False) if uid}
        asked = {"Level": level, "Query": query, "Expand": True, "CaseSensitive": True}
        answer = self._client.ask("POST", "/tools/find", json.dumps(asked).encode())
        found = json_objects(answer.body) if answer.status == 200 else None
        if found is None:
            told = f"HTTP {answer.status}, {self._client.message(answer)}"
            raise self._client.failure(f"it does not list {wanted}: {told}")
        return found

    def retrieve(self, wanted: Place, receive: Receive) -> None:
        """Retrieves the instances of the last list that are in a study or series, or one of them.

        Raises:
            NetworkError: the connection is lost, or a file is cut off or damaged.
            SourceError: Orthanc does not have an instance any more.
        """
        for place, name in list(self._ids.items()):
            if all(uid in ("", own) for uid, own in zip(wanted, place, strict=True)):
                self._retrieve(place, name, receive)

    def _retrieve(self, place: Place, name: str, receive: Receive) -> None:
        md5 = self._client.ask("GET", f"/instances/{name}/attachments/dicom/md5")
        expected = md5.body.decode("latin-1").strip() if md5.status == 200 else ""
        with self._client.stream("GET", f"/instances/{name}/file") as (answer, chunks):
            if answer.status == 404:
                raise not_there(self._client.address, place)
            if answer.status != 200:
                told = self._client.complete(answer, chunks)
                reason = f"HTTP {told.status}, {self._client.message(told)}"
                raise self._client.failure(f"it does not send {place.instance}: {reason}")
            receive(Arrival(chunks=self._checked(place, expected, chunks)))

    def _checked(self, place: Place, expected: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yields the bytes of a file, and compares them with the checksum of Orthanc."""
        found = hashlib.md5(usedforsecurity=False)
        for chunk in chunks:
            found.update(chunk)
            yield chunk
        if len(expected) == MD5 and found.hexdigest() != expected:
            raise self._client.failure(f"the bytes of {place.instance} do not have its checksum")


def _tag(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _main_tag(item: dict[str, Any], name: str) -> str:
    tags = item.get("MainDicomTags")
    return _tag(tags, name).strip(" \0") if isinstance(tags, dict) else ""


def _is_name(text: str) -> bool:
    """Whether a text is an identifier of Orthanc, such as 66c8e41e-ac3a9029-0b85e42a-8195ee0a."""
    return 0 < len(text) <= 64 and text.replace("-", "").isalnum() and text.isascii()
