"""Sends files over one connection: plans each, converts it if it must, and sends it."""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import FileInfo, read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.engine.planning.plan import Refuse
from dicomtx.engine.planning.planner import plan
from dicomtx.engine.planning.policy import Subject
from dicomtx.errors import (
    DicomtxError,
    NetworkError,
    SourceError,
    UnreachableError,
    UnsupportedError,
)
from dicomtx.network.address import Address
from dicomtx.network.delivery import Connection, Delivery, Instance
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.location import Location
from dicomtx.storage.source import Source, temporary_folder
from dicomtx.storage.staging import staging_folder
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.convert.convert import ADDED_META, convert
from dicomtx.workflows.convert.failures import FAILURES
from dicomtx.workflows.convert.outcomes import hash_of
from dicomtx.workflows.convert.request import FileRules, Outcome, Request
from dicomtx.workflows.send.connections import connected
from dicomtx.workflows.send.leaving import Leaving, is_as_it_is, leaving, refusal_of
from dicomtx.workflows.send.options import SendOptions
from dicomtx.workflows.send.sent import Sent, not_sent
from dicomtx.workflows.send.survey import Examined, Survey, examined, survey

TEMPORARY = FileRules(sync="nothing", part10=True)
OF_FILES = ("preamble cleared", ADDED_META)
"""Warnings about parts of a file that are not sent."""
FAILED = frozenset(error.__name__ for error in FAILURES)
"""The errors of conversions after which another syntax is tried."""


@contextmanager
def opened(
    address: Address, files: Iterable[Location], options: SendOptions
) -> Iterator["Session"]:
    """Yields a session that can send these files to a peer.

    Nothing is connected before the first file needs it. Files that cannot be read are not an
    error here: ``Session.send`` reports them.
    """
    with Codecs(options.settings) as codecs:
        found = survey(files, options, codecs)
    with opened_for(address, found, options) as session:
        yield session


@contextmanager
def opened_for(address: Address, found: Survey, options: SendOptions) -> Iterator["Session"]:
    """Yields a session that can send the files of a survey to a peer.

    Raises:
        UnreachableError: the peer cannot be reached, or refuses the connection.
    """
    place = os.path.join(temporary_folder(), "dicomtx-send")
    with (
        Codecs(options.settings) as codecs,
        staging_folder(place) as folder,
        connected(address, found.contexts, options) as connection,
    ):
        means = Means(codecs, os.path.join(folder, "converted.dcm"), found.files)
        yield Session(connection, str(address), options, means)


class Means(NamedTuple):
    """What a session works with.

    Attributes:
        codecs: the open codecs.
        result: the path of the temporary file for results.
        known: files whose headers were read before.
    """

    codecs: Codecs
    result: str
    known: Mapping[Location, Examined]


class Session:
    """A connection to one destination, and what is needed to convert files for it.

    One thread uses it at a time. Its files must be among those that it was opened for.
    """

    def __init__(
        self,
        connection: Connection,
        destination: str,
        options: SendOptions,
        means: Means,
    ) -> None:
        """Takes an open connection, and what to work with."""
        self._connection = connection
        self._destination = destination
        self._options = options
        self._codecs, self._result, self._known = means

    def send(self, source: Location) -> Sent:
        """Sends one file, and returns what became of it.

        Raises:
            UnreachableError: there is no connection, so no other file could be sent, either.
        """
        started = time.perf_counter()
        try:
            with boundary():
                sent = self._send(source)
        except UnreachableError:
            raise
        except DicomtxError as error:
            lost = isinstance(error, NetworkError)
            sent = not_sent(source.name, self._destination, error, again=lost)
            sent = sent._replace(tries=int(lost))
        return sent._replace(seconds=round(time.perf_counter() - started, 6))

    def accepts(self, sop_class_uid: str, transfer_syntax_uid: str) -> bool:
        """Returns whether the peer takes instances of the class in the syntax."""
        return self._connection.accepts(sop_class_uid, transfer_syntax_uid)

    def plan(self, source: Location) -> tuple[FileInfo, Leaving]:
        """Returns how a file would leave: its header and the decision. Nothing is sent.

        Raises:
            NetworkError: the peer cannot be asked what it accepts.
            DicomtxError: the file cannot be read, or is not for sending.
        """
        with boundary(), self._opened(source) as (_, found, subject):
            checked(found.header)
            return found.header, self._leaving(found, subject, {})

    @contextmanager
    def _opened(self, source: Location) -> Iterator[tuple[Source, Examined, Subject]]:
        """Yields a file, what its header says, and how policies see it."""
        known = self._known.get(source)
        if known and not self._options.policy and known.stat and known.stat == source.stat():
            with source.open() as file:
                yield file, known, known.subject()
            return
        salvage = self._options.settings.salvage
        with source.open() as file, open_part10(file, salvage=salvage) as part10:
            found = examined(part10)
            yield file, found, found.subject(part10.data_set)

    def _leaving(self, found: Examined, subject: Subject, failed: dict[str, str]) -> Leaving:
        header = found.header

        def accepts(uid: str) -> bool:
            return self._connection.accepts(header.sop_class_uid, uid)

        left = leaving(subject, accepts, self._options, self._codecs, failed)
        if not is_as_it_is(left) or not found.wrong:
            return left
        repaired = plan(header, header.syntax, self._codecs, left.settings)
        return left._replace(plan=repaired)

    def _send(self, source: Location) -> Sent:
        failed: dict[str, str] = {}
        while True:
            with self._opened(source) as (file, found, subject):
                checked(found.header)
                left = self._leaving(found, subject, failed)
                if isinstance(left.plan, Refuse):
                    return self._refused(source, found.header, left, left.plan)
                if is_as_it_is(left):
                    made = self._unchanged(source, found.header, left, file.size)
                    return self._delivered(made, found.header, left, file, found.data_set)
            made = self._converted(source, left)
            target = left.plan.target.uid
            others = left.rule == "37c" or left.keeps  # there are other syntaxes to try
            if not others or made.error_class not in FAILED or target in failed:
                break
            failed[target] = made.error
        if made.error:
            return Sent(**made._asdict() | {"destination": self._destination})
        with LocalFile(self._result).open() as file, open_part10(file) as part10:
            return self._delivered(made, read_file_info(part10), left, file, part10.start)

    def _refused(self, source: Location, header: FileInfo, left: Leaving, made: Refuse) -> Sent:
        sent = not_sent(source.name, self._destination, refusal_of(left, made))
        return sent._replace(
            source_syntax=header.syntax.uid,
            sop_class_uid=header.sop_class_uid,
            sop_instance_uid=header.sop_instance_uid,
            modality=header.modality,
            rule=left.rule,
        )

    def _unchanged(self, source: Location, header: FileInfo, left: Leaving, size: int) -> Outcome:
        return Outcome(
            path=source.name,
            destination=self._destination,
            status="done",
            action=left.plan.action.value,
            source_syntax=header.syntax.uid,
            target_syntax=header.syntax.uid,
            sop_instance_uid=header.sop_instance_uid,
            bytes_in=size,
            bytes_out=size,
            verification="bytes-only",
            warnings=header.warnings,
            modality=header.modality,
        )

    def _converted(self, source: Location, left: Leaving) -> Outcome:
        """Converts a file to the temporary file; the outcome has its hash.

        It is never kept in its own syntax.
        """
        request = Request(
            source,
            self._result,
            left.plan.target,
            overwrite=True,
            settings=left.settings,
            rules=TEMPORARY,
        )
        made = convert(request, codecs=self._codecs)
        return made if made.error else made._replace(output_hash=hash_of(self._result))

    def _delivered(
        self, made: Outcome, header: FileInfo, left: Leaving, file: Source, data_set: int
    ) -> Sent:
        """Sends the data set of a file, and returns what became of it."""
        instance = Instance(
            sop_class_uid=header.sop_class_uid,
            sop_instance_uid=header.sop_instance_uid,
            transfer_syntax_uid=made.target_syntax,
            file=file,
            data_set=data_set,
        )
        answer = self._connection.send(instance)
        sent = Sent(
            **made._asdict()
            | {
                "destination": self._destination,
                "rule": left.rule,
                "warnings": _warnings(made, left, answer),
                "status": "kept" if left.kept else "done",
                "sop_class_uid": header.sop_class_uid,
                "peer_status": answer.status,
                "peer_reason": answer.reason,
                "tries": 1,
            }
        )
        if answer.delivered:
            return sent
        status = f"status {answer.status}: " if answer.status else ""
        return sent._replace(
            status="failed",
            error=f"not delivered: {status}{answer.reason}",
            error_class=NetworkError.__name__,
            exit_code=int(NetworkError.exit_code),
            again=answer.again,
        )


def _warnings(made: Outcome, left: Leaving, answer: Delivery) -> tuple[str, ...]:
    """Returns why a file is kept, the warnings of the conversion, and those of the peer."""
    kept = (f"not sent as asked: {left.kept}",) if left.kept else ()
    peer = answer.delivered and answer.status not in ("0000", "") and answer.reason
    told = (f"the peer answered {answer.status}: {answer.reason}",) if peer else ()
    texts = dict.fromkeys((*kept, *made.warnings, *left.plan.warnings, *told))
    return tuple(text for text in texts if not text.startswith(OF_FILES))


def checked(header: FileInfo) -> None:
    """Checks that a file can be sent.

    Raises:
        UnsupportedError: it is a DICOMDIR.
        SourceError: it has no SOP class or instance UID.
    """
    if header.file_set:
        raise UnsupportedError("cannot be sent: it is a DICOMDIR, which is not an instance")
    for name, uid in (("Class", header.sop_class_uid), ("Instance", header.sop_instance_uid)):
        if not uid:
            raise SourceError(f"cannot be sent: it has no SOP {name} UID")
