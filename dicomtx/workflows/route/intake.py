"""Takes complete instances from the server: the rows are durable before the sender gets 0000."""

import sqlite3
import threading
from typing import Final, NamedTuple

from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.engine.planning.policy import Subject
from dicomtx.network.reception import OUT_OF_RESOURCES, SUCCESS, Answer
from dicomtx.storage.source import Written, reason
from dicomtx.workflows.convert.outcomes import content_hash
from dicomtx.workflows.receive.staging import Staged
from dicomtx.workflows.route.queue import Queue
from dicomtx.workflows.route.records import Received
from dicomtx.workflows.route.routes import Association, Route, Routes
from dicomtx.workflows.route.spool import Spool

NOT_AUTHORIZED: Final = 0x0124
"""No route matches: PS3.7 C.4.2 has this status for senders that may not do what they ask for."""


class Limits(NamedTuple):
    """How much a spool can hold; 0 is no limit.

    Attributes:
        instances: instances that are not delivered everywhere.
        bytes: the size of their received files.
    """

    instances: int = 0
    bytes: int = 0


class Intake:
    """Puts instances into a spool. Associations call it from several threads."""

    def __init__(self, spool: Spool, queue: Queue, routes: Routes, limits: Limits) -> None:
        self._spool = spool
        self._queue = queue
        self._routes = routes
        self._limits = limits
        self._lock = threading.Lock()  # for the queue

    def take(self, staged: Staged) -> Answer:
        """Puts a complete instance into the spool; returns the answer for the sender.

        Raises:
            DicomtxError: it is not a DICOM instance.
        """
        caller = staged.incoming.caller
        association = Association(caller.calling_aet, caller.called_aet)
        source = Written(fd=staged.fd)
        with open_part10(source) as part10:
            subject = Subject(read_file_info(part10), part10.data_set, source.size)
            route = self._routes.find(subject, association)
        if route is None:
            return Answer(NOT_AUTHORIZED, "no route matches this instance")
        digest = content_hash(source)
        try:
            with self._lock:
                if self._is_full(staged.size):
                    return Answer(OUT_OF_RESOURCES, "the spool is full")
                return self._store(staged, route, digest)
        except (OSError, sqlite3.Error) as error:
            told = reason(error) if isinstance(error, OSError) else str(error)
            return Answer(OUT_OF_RESOURCES, f"the spool cannot be written: {told}")

    def _is_full(self, size: int) -> bool:
        instances, held = self._queue.size()
        limits = self._limits
        too_many = 0 < limits.instances <= instances
        return too_many or 0 < limits.bytes < held + size

    def _store(self, staged: Staged, route: Route, digest: str) -> Answer:
        """Moves the file into the spool, and adds its rows."""
        incoming = staged.incoming
        name = self._spool.take(staged.path)
        received = Received(
            name,
            staged.size,
            digest,
            incoming.sop_class_uid,
            incoming.sop_instance_uid,
            incoming.transfer_syntax_uid,
            incoming.caller.calling_aet,
            incoming.caller.called_aet,
            incoming.caller.host,
            route.name,
        )
        targets = [(d.peer.name, d.conversion.as_text()) for d in route.destinations]
        try:
            self._queue.add(received, targets)
        except sqlite3.Error:
            self._spool.remove(name)
            raise
        return Answer(SUCCESS)
