"""Transcodes stored instances as a policy says, in processes of their own.

The sender has its answer before. A result replaces the original in one step, and only if the
original is still what arrived. Whatever goes wrong, the original stays, and the record says why.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from types import FrameType
from typing import Final

from dicomtx.errors import DestinationError
from dicomtx.storage.atomic_write import adopt
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.source import reason
from dicomtx.workflows.convert.request import Outcome, Request
from dicomtx.workflows.receive.journal import Journal, Waiting, open_journal
from dicomtx.workflows.receive.received import LONGEST, Received
from dicomtx.workflows.receive.supervisor import Channel
from dicomtx.workflows.workers.executor import Executor

RESULT: Final = ".result"
"""The ending of finished results in the private folder, before they replace the original."""
AT_ONCE: Final = 256  # rows of the journal that are read at once


class Ingest:
    """Transcodes what waits in the journal of a destination."""

    def __init__(self, folder: str, private: str, request: Request, executor: Executor) -> None:
        """Prepares to transcode.

        Args:
            folder: the destination.
            private: the private folder in it, with the journal.
            request: the request for each instance, without places.
            executor: converts the files.
        """
        self._folder = folder
        self._private = private
        self._request = request
        self._executor = executor
        self._running: dict[str, Waiting] = {}
        self._next: list[Waiting] = []
        self._stopping = False

    def run(self, channel: Channel) -> None:
        """Transcodes until SIGTERM, and finishes the files in progress."""

        def handle(_number: int, _frame: FrameType | None) -> None:
            self._stopping = True

        signal.signal(signal.SIGTERM, handle)
        remove_results(self._private)
        journal = open_journal(self._private)
        for request, outcome in self._executor.run(self._requests(journal)):
            waiting = self._running.pop(request.source.path)
            channel.send(self._ended(journal, waiting, request.destination, outcome))

    def _requests(self, journal: Journal) -> Iterator[Request | None]:
        """Yields a request for each instance that waits; None if there is none now."""
        while not self._stopping:
            waiting = self._pulled(journal)
            if waiting is None:
                yield None
                continue
            self._running[waiting.path] = waiting
            name = f"{waiting.digest.hex()[:32]}-{len(self._running)}-{os.urandom(4).hex()}{RESULT}"
            yield self._request._replace(
                source=LocalFile(waiting.path), destination=os.path.join(self._private, name)
            )

    def _pulled(self, journal: Journal) -> Waiting | None:
        if not self._next:
            found = journal.waiting(AT_ONCE + len(self._running))
            self._next = [waiting for waiting in found if waiting.path not in self._running][::-1]
        while self._next:
            waiting = self._next.pop()
            if waiting.path not in self._running:
                return waiting
        return None

    def _ended(self, journal: Journal, waiting: Waiting, result: str, outcome: Outcome) -> Received:
        """Replaces the original by a result, if there is one; returns the final record."""
        record = waiting.record
        with journal.transaction():
            if not journal.is_pending(waiting.path, waiting.digest):
                told = "another instance replaced it before it was transcoded"
                final = record._replace(reason=told)
            else:
                final = self._replaced(record, result, outcome)
                journal.done(waiting.path)
        with suppress(OSError):
            os.unlink(result)
        return final

    def _replaced(self, record: Received, result: str, outcome: Outcome) -> Received:
        if outcome.status != "done":
            told = outcome.error or next(iter(outcome.warnings), "")
            return record._replace(reason=f"not transcoded: {told}"[:LONGEST])
        try:
            adopt(result, record.path, overwrite=True, below=self._folder)
        except DestinationError as error:
            return record._replace(reason=f"not transcoded: {error}"[:LONGEST])
        return record._replace(
            target_syntax=outcome.target_syntax,
            new_sop_instance_uid=outcome.new_sop_instance_uid or "",
            verification=outcome.verification,
            bytes_out=outcome.bytes_out,
            warnings=(*record.warnings, *outcome.warnings)[:20],
        )


def remove_results(private: str) -> None:
    """Removes the results of a run that was killed: their instances still wait.

    Raises:
        DestinationError: the folder cannot be read.
    """
    try:
        for name in os.listdir(private):
            if name.endswith(RESULT):
                os.unlink(os.path.join(private, name))
    except OSError as error:
        raise DestinationError(f"{private}: {reason(error)}") from error
