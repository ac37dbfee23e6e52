"""Lists instances by C-FIND, and retrieves them by C-GET (PS3.4 C.4.1, C.4.3)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from dicomtx.errors import NetworkError
from dicomtx.network.address import DicomAddress
from dicomtx.network.dimse import command_set
from dicomtx.network.dimse.association import MOST_CONTEXTS, DimseOptions
from dicomtx.network.dimse.conversation import Conversation
from dicomtx.network.dimse.identifier import (
    INSTANCE,
    MODALITY,
    SERIES,
    SOP_CLASS,
    STUDY,
    identifier,
    read_identifier,
)
from dicomtx.network.dimse.storage_classes import storage_classes
from dicomtx.network.retrieval import Arrival, Place, Receive, is_uid
from dicomtx.transfer_syntaxes import ROOT, TABLE

FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"  # Study Root
GET: Final = "1.2.840.10008.5.1.4.1.2.2.3"
PENDING: Final = (0xFF00, 0xFF01)
SUCCESS, NOT_STORED, NOT_NEGOTIATED = 0x0000, 0xC000, 0x0122
MOST: Final = 1_000_000  # instances of a list
NATIVE: Final = (f"{ROOT}.1", ROOT)
COMMON: Final = tuple(f"{ROOT}.{end}" for end in ("4.90", "4.70", "5", "4.50", "4.80", "4.91"))
SYNTAXES: Final = tuple(dict.fromkeys((*NATIVE, *COMMON, *(one.uid for one in TABLE))))
"""What is proposed for each SOP class, most common first: as many as there is room for."""


@contextmanager
def connect(
    address: DicomAddress, options: DimseOptions, sop_classes: Sequence[str] = ()
) -> Iterator["GetRetriever"]:
    """Yields a retriever. It opens an association for each request."""
    yield GetRetriever(address, options, sop_classes)


class GetRetriever:
    """Retrieves in the syntax that the peer has, if it accepts it.

    Each syntax has a context of its own. So the peer does not choose one of several, and does not
    convert what it has in another.
    """

    def __init__(
        self, address: DicomAddress, options: DimseOptions, sop_classes: Sequence[str] = ()
    ) -> None:
        """Takes the SOP Class UIDs to ask for; none to ask for those that the peer has."""
        self._address = address
        self._options = options
        self._asked = tuple(sop_classes)
        self._classes = self._asked

    def listed(self, wanted: Place) -> Sequence[Place]:
        """Returns the instances that the peer has, and remembers their SOP classes.

        Raises:
            NetworkError: it cannot be reached, does not accept C-FIND, or its answer is invalid.
        """
        found: dict[Place, None] = {}
        classes: set[str] = set()
        modalities: set[str] = set()
        with self._conversation([(FIND, ROOT)], ()) as peer:
            series = {STUDY: wanted.study, SERIES: wanted.series, MODALITY: ""}
            for one in self._find(peer, "SERIES", series):
                modalities.add(one.get(MODALITY, ""))
                query = {STUDY: wanted.study, SERIES: one.get(SERIES, "")}
                asked = query | {INSTANCE: wanted.instance, SOP_CLASS: ""}
                for image in self._find(peer, "IMAGE", asked):
                    place = Place(query[STUDY], query[SERIES], image.get(INSTANCE, ""))
                    if not all(map(is_uid, place)):
                        raise NetworkError(f"its list has {place[1:]!r}, which are not UIDs")
                    classes.add(image.get(SOP_CLASS, ""))
                    found[place] = None
        known = all(map(is_uid, classes))  # many peers do not return the SOP Class UID
        self._classes = self._asked or (
            tuple(sorted(classes)) if known else storage_classes(modalities)
        )
        return list(found)

    def _find(
        self, peer: Conversation, level: str, uids: Mapping[int, str]
    ) -> list[dict[int, str]]:
        """Returns the matches of a query."""
        number = peer.context_of(FIND)
        request = command_set.query_request(command_set.C_FIND_RQ, 1, FIND)
        peer.send(number, request, identifier(level, uids))
        found: list[dict[int, str]] = []
        while len(found) < MOST:
            _, command = peer.command()
            answer = command_set.read_response(command)
            if answer.status not in PENDING:
                if answer.status != SUCCESS:
                    raise NetworkError(f"C-FIND failed: {_told(answer)}")
                return found
            if answer.has_data_set:
                found.append(read_identifier(peer.identifier()))
        raise NetworkError(f"lists more than {MOST} instances")

    def retrieve(self, wanted: Place, receive: Receive) -> None:
        """Retrieves a study, a series or an instance. The counts decide, not the final status.

        Raises:
            NetworkError: the connection is lost, or sub-operations failed, or the peer counts more
                than it sent.
        """
        classes = self._classes[: (MOST_CONTEXTS - 1) // len(NATIVE)]
        each = SYNTAXES[: (MOST_CONTEXTS - 1) // max(1, len(classes))]
        contexts = [(GET, ROOT), *((one, syntax) for one in classes for syntax in each)]
        with self._conversation(contexts, classes) as peer:
            level = "IMAGE" if wanted.instance else "SERIES" if wanted.series else "STUDY"
            uids = dict(zip((STUDY, SERIES, INSTANCE), wanted, strict=True))
            request = command_set.query_request(command_set.C_GET_RQ, 1, GET)
            asked = identifier(level, {tag: uid for tag, uid in uids.items() if uid})
            peer.send(peer.context_of(GET), request, asked)
            _sub_operations(peer, receive)

    @contextmanager
    def _conversation(
        self, contexts: Sequence[tuple[str, str]], received: Sequence[str]
    ) -> Iterator[Conversation]:
        """Yields an association, which is aborted if the block ends with an error."""
        peer = Conversation(self._address, contexts, received, self._options)
        try:
            with peer.named():
                yield peer
        except BaseException:
            peer.abort()
            raise
        peer.release()


def _sub_operations(peer: Conversation, receive: Receive) -> None:
    """Answers the C-STORE requests of the peer until it ends the C-GET.

    Raises:
        NetworkError: sub-operations failed, or the peer counts more than it sent.
    """
    sent = 0
    while True:
        number, command = peer.command()
        if not command_set.is_response(command):
            sent += 1
            _store(peer, number, command_set.command(command), receive)
            continue
        answer = command_set.read_response(command)
        if answer.has_data_set:
            peer.identifier()
        if answer.status not in PENDING:
            break
    completed, failed = command_set.sub_operations(command)
    if failed or completed > sent:
        total = completed + failed
        raise NetworkError(f"{total - min(sent, completed)} of {total} sub-operations failed")
    if answer.status != SUCCESS:
        raise NetworkError(f"C-GET failed: {_told(answer)}")


def _store(peer: Conversation, number: int, asked: command_set.Command, receive: Receive) -> None:
    """Stores an instance that the peer sends, and answers with a status."""
    if asked.field != command_set.C_STORE_RQ or not asked.has_data_set:
        raise NetworkError(f"sent the request {asked.field:04X} instead of an instance")
    sop_class, syntax = peer.accepted.get(number, ("", ""))
    chunks = peer.data_set()
    status = NOT_NEGOTIATED
    if sop_class == asked.sop_class_uid and is_uid(asked.sop_instance_uid):
        arrival = Arrival(
            chunks=chunks,
            sop_class_uid=sop_class,
            sop_instance_uid=asked.sop_instance_uid,
            transfer_syntax_uid=syntax,
        )
        status = SUCCESS if receive(arrival) else NOT_STORED
    for _ in chunks:
        pass
    peer.send(number, command_set.response(asked, status))


def _told(answer: command_set.Response) -> str:
    return f"status {answer.status:04X}" + (f" ({answer.comment})" if answer.comment else "")
