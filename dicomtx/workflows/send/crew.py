"""Sends files over several connections at once: a thread for each."""

import queue
import threading
from collections import deque
from collections.abc import Iterator, Sequence

from dicomtx.errors import UnreachableError
from dicomtx.network.address import Address
from dicomtx.storage.location import Location
from dicomtx.workflows.send.options import SendOptions
from dicomtx.workflows.send.sent import Sent
from dicomtx.workflows.send.session import Session, opened_for
from dicomtx.workflows.send.survey import Survey

Result = tuple[Location, Sent]
Results = queue.SimpleQueue[Result | BaseException | None]
"""Results of threads. Each ends with None, or with the error that ended it."""


class Crew:
    """Connections to one peer.

    Threads do, because Python releases its lock while it sends, and codecs do while they work. An
    association is never shared.

    Attributes:
        left: the files that could not be sent because no connection was left.
        unreachable: why.
    """

    def __init__(self, address: Address, options: SendOptions, jobs: int) -> None:
        """Takes the peer, and the number of connections."""
        self._address = address
        self._options = options
        self._jobs = jobs
        self.left: deque[Location] = deque()
        self.unreachable: UnreachableError | None = None

    def run(self, files: Sequence[Location], found: Survey) -> Iterator[Result]:
        """Yields each file with what became of it, as they are done.

        A connection that cannot be made, perhaps because the peer limits their number, leaves its
        files to the others.
        """
        self.left = deque(files)
        self.unreachable = None
        if min(self._jobs, len(files)) <= 1:
            yield from self._work(found)
        else:
            yield from self._together(min(self._jobs, len(files)), found)

    def _work(self, found: Survey) -> Iterator[Result]:
        """Sends files over one connection until none is left, or it cannot be made."""
        try:
            with opened_for(self._address, found, self._options) as session:
                while self.left:
                    yield from self._next(session)
        except UnreachableError as error:
            self.unreachable = error

    def _next(self, session: Session) -> Iterator[Result]:
        try:
            source = self.left.popleft()
        except IndexError:  # another thread took it
            return
        try:
            sent = session.send(source)
        except UnreachableError:
            self.left.appendleft(source)
            raise
        yield source, sent

    def _together(self, jobs: int, found: Survey) -> Iterator[Result]:
        """Yields the results of several threads; an error in one of them ends all."""
        results = Results()
        stopping = threading.Event()
        work = (found, results, stopping)
        threads = [threading.Thread(target=self._fill, args=work, daemon=True) for _ in range(jobs)]
        for thread in threads:
            thread.start()
        try:
            yield from _collected(results, jobs)
        finally:
            stopping.set()  # each thread finishes its file
            for thread in threads:
                thread.join()

    def _fill(self, found: Survey, results: Results, stopping: threading.Event) -> None:
        """Works in a thread until nothing is left to do."""
        try:
            for result in self._work(found):
                results.put(result)
                if stopping.is_set():
                    break
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            results.put(error)
        else:
            results.put(None)


def _collected(results: Results, jobs: int) -> Iterator[Result]:
    """Yields results until all threads have ended."""
    while jobs:
        result = results.get()
        if isinstance(result, BaseException):
            raise result
        if result is None:
            jobs -= 1
        else:
            yield result
