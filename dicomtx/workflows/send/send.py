"""Sends many files: finds them, tries again what was not delivered, and remembers what was."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice

from dicomtx.codecs.registry import Codecs
from dicomtx.errors import SourceError, UnreachableError
from dicomtx.storage.local_file import Stat
from dicomtx.storage.location import Location
from dicomtx.workflows.inputs.arguments import Found, find
from dicomtx.workflows.send.crew import Crew
from dicomtx.workflows.send.job import Sending
from dicomtx.workflows.send.journal import Journal, open_journal
from dicomtx.workflows.send.sent import Sent, not_dicom, not_sent, skipped
from dicomtx.workflows.send.survey import survey

Note = Callable[[str], object]
AT_ONCE = 500
"""Files whose headers are read before they are sent, because an association has to name their SOP
classes and syntaxes."""


@contextmanager
def opened(asked: Sending, note: Note) -> Iterator["SendRun"]:
    """Yields a run that is ready to send.

    Args:
        asked: what to send.
        note: called with messages while the run waits.

    Raises:
        DestinationError: the journal cannot be used.
    """
    with ExitStack() as stack:
        journal = stack.enter_context(open_journal(asked.journal)) if asked.journal else None
        yield SendRun(asked, journal, note)


class SendRun:
    """Sends files and tries again, as the schedule says.

    Attributes:
        unreachable: why the run gave up on the peer; None if it did not.
    """

    def __init__(self, asked: Sending, journal: Journal | None, note: Note) -> None:
        """Takes what to send, and the open journal."""
        self._asked = asked
        self._journal = journal
        self._note = note
        self._destination = str(asked.address)
        self._crew = Crew(asked.address, asked.options, asked.jobs)
        self._tries: dict[Location, int] = {}  # of files that are sent again
        self.unreachable: UnreachableError | None = None

    def outcomes(self) -> Generator[Sent, None, None]:
        """Yields what became of each file, when that is final."""
        later: dict[Location, Sent] = {}
        for some in _groups(self._files()):
            yield from (one for one in some if isinstance(one, Sent))
            ready = [one for one in some if isinstance(one, Found)]
            in_folders = {one.source.name for one in ready if not one.named}
            for sent in self._all_sent([one.source for one in ready], later):
                left_out = sent.path in in_folders and not_dicom(sent)
                yield skipped(sent.path, self._destination, sent.error) if left_out else sent
        failures = 1
        while later:
            delay = None if self.unreachable else self._asked.retry.delay(failures)
            if delay is None:
                yield from later.values()
                return
            self._wait(delay, f"{len(later)} of the files were not delivered")
            files, failures = list(later), failures + 1
            later = {}
            yield from self._all_sent(files, later)

    def _files(self) -> Iterator[Sent | Found]:
        """Yields the files to send, and what became of those that are not sent."""
        for found in find(self._asked.sources, self._asked.selection):
            yield self._not_for_sending(found) or found

    def _not_for_sending(self, found: Found) -> Sent | None:
        name = found.source.name
        if found.error:
            return not_sent(name, self._destination, SourceError(found.error))
        if found.skipped:
            return skipped(name, self._destination, found.skipped)
        if self._journal and not self._asked.again:
            at = self._journal.delivered(self._destination, found.source)
            if at:
                return skipped(name, self._destination, f"the peer confirmed it at {at}")
        return None

    def _all_sent(self, files: Sequence[Location], later: dict[Location, Sent]) -> Iterator[Sent]:
        """Yields what became of files, and adds those to try again to ``later``."""
        failures = 0
        while files:
            delivered = False
            for source, sent in self._sent(files):
                delivered = True
                if sent.again and self._asked.retry:
                    later[source] = sent
                else:
                    yield sent
            files = list(self._crew.left)
            if not files:
                return
            error = self._crew.unreachable or UnreachableError("no connection")
            failures = 0 if delivered else failures + 1
            if not delivered and not self._waited(failures, error):
                self.unreachable = error
                yield from (self._given_up(source, error) for source in files)
                return

    def _sent(self, files: Sequence[Location]) -> Iterator[tuple[Location, Sent]]:
        """Yields files with what became of them in one try; the crew has those that are left."""
        if self.unreachable:
            yield from ((one, self._given_up(one, self.unreachable)) for one in files)
            self._crew.left.clear()
            return
        with Codecs(self._asked.options.settings) as codecs:
            found = survey(files, self._asked.options, codecs)
        for source, sent in self._crew.run(files, found):
            tries = self._tries.pop(source, 0) + sent.tries
            if sent.again:
                self._tries[source] = tries
            if sent.delivered and self._journal:
                self._journal.add(source, found.files[source].stat or Stat(), sent)
            yield source, sent._replace(tries=tries)

    def _given_up(self, source: Location, error: UnreachableError) -> Sent:
        sent = not_sent(source.name, self._destination, error)
        return sent._replace(tries=self._tries.get(source, 0))

    def _waited(self, failures: int, error: UnreachableError) -> bool:
        """Waits until the peer can be tried again; returns False if it is time to give up."""
        delay = self._asked.retry.delay(failures)
        if delay is None:
            return False
        self._wait(delay, str(error))
        return True

    def _wait(self, seconds: float, why: str) -> None:
        self._note(f"{why}; trying again in {seconds:g} s")
        time.sleep(seconds)


def _groups(found: Iterable[Sent | Found]) -> Iterator[list[Sent | Found]]:
    """Yields results and files in groups, in order."""
    left = iter(found)
    while group := list(islice(left, AT_ONCE)):
        yield group
