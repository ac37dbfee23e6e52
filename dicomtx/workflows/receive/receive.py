"""Receives instances into a folder until a signal."""

import os
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from dicomtx.dicom import tags
from dicomtx.frozen import Frozen
from dicomtx.network.reception import DUPLICATE, Answer, Caller, Handler, Incoming
from dicomtx.storage.lock import locked
from dicomtx.storage.part_files import sweep
from dicomtx.workflows.convert.request import Request
from dicomtx.workflows.inputs.layout import Layout, Placeholder
from dicomtx.workflows.receive.acceptors import Service
from dicomtx.workflows.receive.ingest import Ingest
from dicomtx.workflows.receive.journal import open_journal, path_in
from dicomtx.workflows.receive.keeper import Arrived, Duplicates, Keeper
from dicomtx.workflows.receive.received import Received, refused
from dicomtx.workflows.receive.server import serve
from dicomtx.workflows.receive.staging import Staging, confine, prepare
from dicomtx.workflows.receive.studies import Studies, study_folder
from dicomtx.workflows.receive.supervisor import Channel, Role, Told
from dicomtx.workflows.workers.executor import Executor

LAYOUT: Final = "{StudyInstanceUID}/{SeriesInstanceUID}/{SOPInstanceUID}.dcm"


class Receive(Frozen):
    """A receiver.

    Attributes:
        folder: where instances are stored.
        service: what to accept.
        processes: how many processes receive.
        layout: the names of the files.
        duplicates: what to do with an instance that is stored already.
        min_free: bytes of the file system that stay free.
        request: how to transcode instances after their arrival; None keeps them as they came.
        executor: transcodes.
        command: the arguments of a command for each complete study; empty for none.
        study_idle: seconds without a new instance after which a study is complete.
    """

    folder: str
    service: Service
    processes: int
    layout: Layout
    duplicates: Duplicates
    min_free: int
    request: Request | None
    executor: Executor
    command: tuple[str, ...]
    study_idle: float


def receive(
    job: Receive,
    listener: socket.socket,
    tell: Callable[[Received], None],
    note: Callable[[str], None],
) -> int:
    """Receives until SIGTERM or SIGINT; returns a second one, or 0.

    Args:
        job: what to receive, and where to store it.
        listener: the socket of ``acceptors.listening``.
        tell: called with the record of each instance.
        note: called with a line for the log.

    Raises:
        DestinationError: the folder cannot be used, or another receiver uses it.
    """
    private = prepare(job.folder)
    with locked(path_in(private)):
        told = _Told(job, tell, note)
        others = []
        if job.request:
            ingest = Ingest(job.folder, private, job.request, job.executor)
            others = [Role("transcoder", ingest.run)]
        number = serve(
            listener,
            job.service,
            job.processes,
            partial(_handler, job, private),
            Told(message=told.message, note=note, tick=told.tick, ends=told.ends),
            others,
        )
        told.close()
        return number


def _handler(job: Receive, private: str, channel: Channel) -> Handler:
    """Returns the handler of one process, after removing what a killed one has left."""
    confine(private)
    sweep(private)
    waits = job.request is not None
    journal = open_journal(private) if waits or os.path.exists(path_in(private)) else None

    def refuse(incoming: Incoming, answer: Answer, size: int) -> None:
        if answer.status != DUPLICATE:  # the keeper has told of it
            channel.send(refused(incoming, answer, size))

    return Staging(
        folder=private,
        take=Keeper(job.folder, job.layout, job.duplicates, channel, journal, waits=waits),
        refused=refuse,
        tell=lambda caller, text: channel.send(f"{_named(caller)}: {text}"),
        min_free=job.min_free,
        hashed=journal is not None,
    )


def _named(caller: Caller | str) -> str:
    """Returns how the log names a peer."""
    return caller if isinstance(caller, str) else f"{caller.calling_aet}@{caller.host}"


class _Told:
    """What the parent does with the messages of its children."""

    def __init__(
        self, job: Receive, tell: Callable[[Received], None], note: Callable[[str], None]
    ) -> None:
        self._tell = tell
        self._note = note
        self._studies: Studies | None = None
        if job.command:
            folder_of = partial(study_folder, levels=_levels(job.layout))
            self._studies = Studies(job.command, job.study_idle, folder_of, note)

    def message(self, message: Any) -> None:
        """Tells of an instance, and notes that its study has one more."""
        if isinstance(message, Arrived):
            if self._studies:
                self._studies.arrived(message.record, waits=True)
            return
        record: Received = message
        self._tell(record)
        if self._studies and record.status == "stored":
            self._studies.ended(record)

    def tick(self) -> None:
        """Starts the commands whose time has come."""
        if self._studies:
            self._studies.tick()

    def ends(self) -> None:
        """Tells that no new associations are accepted."""
        self._note("stopping: finishing the instances in flight (again: discard them)")

    def close(self) -> None:
        """Waits for the commands that run."""
        if self._studies:
            self._studies.close()


def _levels(layout: Layout) -> int:
    """Returns how many folders a file is below the folder of its study."""
    study = Placeholder(tags.STUDY_INSTANCE_UID)
    for level, component in enumerate(layout.components):
        if study in component:
            return max(1, len(layout.components) - 1 - level)
    return 1
