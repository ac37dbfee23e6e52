"""The run of a watch: takes complete files, has them converted, and delivers the results."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Final, NamedTuple

from dicomtx.errors import ExitCode
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.lock import locked
from dicomtx.storage.part_files import TOKEN, remove_folder, sweep_tree
from dicomtx.workflows.convert.request import Outcome, Request
from dicomtx.workflows.watch.arrivals import Arrivals, watching
from dicomtx.workflows.watch.delivery import Delivery, NotNowError
from dicomtx.workflows.watch.endings import Endings
from dicomtx.workflows.watch.incoming import Incoming, Taken
from dicomtx.workflows.watch.job import Watch
from dicomtx.workflows.watch.records import NAME, open_records

PAUSE: Final = 5.0  # seconds without new files after the destination could not be written


class Told(NamedTuple):
    """The functions that get what happens.

    Attributes:
        outcome: gets the outcome of each file, once it is delivered or moved.
        note: gets texts about the run.
    """

    outcome: Callable[[Outcome], None]
    note: Callable[[str], None]


class WatchRun:
    """A run that holds the locks of its folders.

    Attributes:
        stopping: set it to true to take no more files, and to end when the others are delivered.
    """

    def __init__(self, watch: Watch, incoming: Incoming, endings: Endings, told: Told) -> None:
        self.stopping = False
        self._watch = watch
        self._incoming = incoming
        self._endings = endings
        self._told = told
        self._begun: dict[str, Taken] = {}
        self._paused_until = 0.0

    def run(self) -> None:
        """Converts and delivers files until it should stop."""
        with closing(self._watch.executor.run(self._requests())) as results:
            for request, outcome in results:
                self._end(request, outcome)

    def _requests(self) -> Iterator[Request | None]:
        """Yields requests for files that are complete, and None between them."""
        while not self.stopping:
            self._incoming.look()
            paused = time.monotonic() < self._paused_until
            taken = None if paused else self._incoming.take()
            if taken:
                yield self._request(taken)
            elif self._watch.once and self._incoming.is_empty:
                return
            yield None  # so that no file is taken before there is a process for it

    def _request(self, taken: Taken) -> Request:
        token, places = os.urandom(TOKEN).hex(), self._watch.places
        request = self._watch.request._replace(
            source=LocalFile(os.path.join(self._watch.folder, self._incoming.relative(taken.path))),
            destination=places.staged(token),
            overwrite=True,
            listed=(taken.identity.size, taken.identity.mtime_ns),
            below=places.destination,
        )
        self._begun[request.destination] = taken
        return request

    def _end(self, request: Request, outcome: Outcome) -> None:
        """Delivers a result or buries a failure, and reports the outcome."""
        taken = self._begun.pop(request.destination)
        try:
            ended = self._endings.end(taken, os.path.basename(request.destination), outcome)
        except NotNowError as error:
            self._paused_until = time.monotonic() + PAUSE
            self._incoming.give_back(taken.path)
            code, name = int(ExitCode.DESTINATION), "DestinationError"
            ended = outcome._replace(
                status="failed", error=str(error), exit_code=code, error_class=name
            )
        else:
            self._incoming.see_again(taken.path)
        if ended:
            self._told.outcome(ended)


@contextmanager
def opened(watch: Watch, told: Told) -> Iterator[WatchRun]:
    """Yields a run, after finishing what an earlier run that was killed had begun.

    Raises:
        UsageError: the folders contain each other.
        SourceError: there is no folder to watch.
        DestinationError: another run uses one of the folders, or one cannot be written.
    """
    watch.check()
    places = watch.places
    with ExitStack() as stack:
        if not watch.keep or watch.dead_letter:
            stack.enter_context(locked(os.path.join(places.folder, NAME)))
        records = stack.enter_context(open_records(watch.journal_path, places.destination))
        delivery = Delivery(records, places)
        delivery.recover(told.note)
        remove_folder(os.path.dirname(places.staged("")))
        if places.dead_letter:
            sweep_tree(places.dead_letter)
        arrivals = Arrivals()
        if not watch.once:
            stack.enter_context(watching(places.folder, arrivals, watch.rescan, told.note))

        def fault(path: str, why: str) -> None:
            told.note(f"{path} {why}")

        incoming = Incoming(watch, records, arrivals, fault)
        yield WatchRun(watch, incoming, Endings(watch, delivery), told)
