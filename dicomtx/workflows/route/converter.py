"""Transcodes what waits for it, in worker processes."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing
from typing import Final

from dicomtx.errors import ExitCode
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.workflows.convert.request import FileRules, Outcome, Request
from dicomtx.workflows.route.queue import Queue
from dicomtx.workflows.route.records import Job, Output
from dicomtx.workflows.route.routes import Conversion
from dicomtx.workflows.route.spool import READY, Spool
from dicomtx.workflows.workers.executor import Executor

AT_ONCE: Final = 16  # conversions to take from the queue in one transaction
LATER: Final = 30.0  # seconds until the next try if the spool could not be written
RULES: Final = FileRules(part10=True, hashed=True)
WRITTEN: Final = ("done", "kept")


class Converter:
    """Converts the instances of a spool.

    Attributes:
        stopping: set it to true to take no more instances, and to end when the others are done.
    """

    def __init__(self, queue: Queue, spool: Spool, settings: Settings) -> None:
        self.stopping = False
        self._queue = queue
        self._spool = spool
        self._settings = settings
        self._begun: dict[str, Job] = {}

    def run(self, executor: Executor) -> None:
        """Converts instances until it should stop."""
        self._queue.recover_conversions()
        with closing(executor.run(self._requests())) as results:
            for request, outcome in results:
                self._end(request, outcome)

    def _requests(self) -> Iterator[Request | None]:
        """Yields requests for what waits, and None between them."""
        while not self.stopping:
            for job in self._queue.conversions(AT_ONCE):
                yield self._request(job)
            yield None

    def _request(self, job: Job) -> Request:
        conversion = Conversion.read(job.conversion)
        name = self._spool.path(output_name(job))
        self._begun[name] = job
        return Request(
            LocalFile(self._spool.path(job.file)),
            name,
            overwrite=True,
            settings=self._settings,
            rules=RULES,
            policy=conversion.policy,
            on_failure=conversion.on_failure,
        )

    def _end(self, request: Request, outcome: Outcome) -> None:
        """Records the outcome of a conversion."""
        job = self._begun.pop(request.destination)
        if outcome.status in WRITTEN:
            if not self._queue.converted(job, _output(job, outcome)):  # dropped meanwhile
                self._spool.remove(output_name(job))
            return
        retries = outcome.exit_code == ExitCode.DESTINATION
        self._queue.not_converted(job, outcome.error, again_after=LATER if retries else None)


def output_name(job: Job) -> str:
    """Returns the name of a result in the spool, always the same for the same conversion."""
    digest = hashlib.blake2b(job.conversion.encode(), digest_size=6).hexdigest()
    return os.path.join(READY, f"{job.instance}-{digest}.dcm")


def _output(job: Job, outcome: Outcome) -> Output:
    kept = outcome.status == "kept" and outcome.warnings
    return Output(
        output_name(job),
        outcome.target_syntax,
        outcome.output_hash,
        outcome.new_sop_instance_uid or outcome.sop_instance_uid,
        outcome.verification,
        outcome.warnings[0] if kept else "",
    )
