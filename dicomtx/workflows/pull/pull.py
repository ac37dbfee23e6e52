"""Retrieves what was asked for, then converts it as a batch."""

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from dicomtx.errors import DicomtxError, NetworkError, SourceError
from dicomtx.network.retrieval import Place, Retriever, not_there
from dicomtx.storage.lock import locked
from dicomtx.workflows.batch.batch import BatchRun, check
from dicomtx.workflows.batch.batch import opened as opened_batch
from dicomtx.workflows.batch.journal import Journal, open_journal
from dicomtx.workflows.batch.journal_copy import journal_copy
from dicomtx.workflows.batch.journal_entry import WRITTEN
from dicomtx.workflows.batch.resume import output_is_unchanged
from dicomtx.workflows.convert.request import Outcome
from dicomtx.workflows.pull.job import Pull
from dicomtx.workflows.pull.staging import ENDING, MOST_MORE, NAME, Stage

IN_A_ROW: Final = 3  # instances that fail one after another before the others are given up
Journals = Callable[[str], AbstractContextManager[Journal]]
DONE: Final = "done in an earlier run"


@dataclass(eq=False)
class PullRun:
    """A pull that has begun.

    Attributes:
        pull: what to retrieve.
        stage: where instances arrive.
        retriever: the connection to the peer.
        listed: the instances that the peer has; None if it does not tell.
        finished: those that an earlier run retrieved and converted.
        missing: why instances are missing.
    """

    pull: Pull
    stage: Stage
    retriever: Retriever
    listed: Sequence[Place] | None
    finished: frozenset[Place] = frozenset()
    missing: dict[Place, DicomtxError] = field(default_factory=dict)

    def to_do(self) -> list[Place]:
        """Returns the listed instances that are neither here nor finished."""
        return [p for p in self.listed or () if p not in self.finished and not self.stage.has(p)]

    def retrieve(self) -> None:
        """Retrieves what is missing: all at once if nothing is here yet, then one by one.

        Raises:
            NetworkError: nothing could be retrieved.
            SourceError: the peer does not have what was asked for.
            DestinationError: the instances cannot be written.
        """
        if self.listed is not None:
            self.stage.most = 3 * len(self.listed) + MOST_MORE  # an attempt at all, and singly
        if self.listed is None or len(self.to_do()) == len(self.listed):
            self._retrieve(self.pull.wanted)
        if self.listed is not None:
            self.missing.clear()
            left = self.to_do()
            self._retrieve_singly(left)
            self.stage.forget_unknown(len(left))
        if self.missing and not self.stage.arrived and len(self.missing) == len(self.listed or "1"):
            raise next(iter(self.missing.values()))

    def _retrieve_singly(self, places: Sequence[Place]) -> None:
        """Retrieves instances one by one; gives up after some that fail one after another."""
        failed = 0
        for place in places:
            if failed < IN_A_ROW:
                self._retrieve(place)
                failed = failed + 1 if place in self.missing else 0
            else:
                self.missing[place] = NetworkError(f"not tried: {IN_A_ROW} others failed before")

    def _retrieve(self, wanted: Place) -> None:
        """Retrieves a part of what was asked for, or notes why it is missing."""
        self.stage.asked = wanted
        try:
            self.retriever.retrieve(wanted, self.stage.receive)
        except (NetworkError, SourceError) as error:
            self.missing[wanted] = error
            return
        failed = wanted.instance in self.stage.failures
        if wanted.instance and not failed and not self.stage.has(wanted):
            self.missing[wanted] = NetworkError(f"{self.pull.address}: it sent something else")

    @contextmanager
    def converted(self) -> Iterator[BatchRun]:
        """Yields the batch that converts what arrived.

        Raises:
            DestinationError: another run uses the destination, or it cannot be written.
        """
        with opened_batch(replace(self.pull.batch, sources=(self.stage.folder,))) as run:
            yield run

    def outcomes(self, run: BatchRun) -> Generator[Outcome, None, None]:
        """Yields the outcome of each instance: of those that are finished or missing first."""
        for place in sorted(self.finished):
            if not self.stage.has(place):
                yield Outcome(
                    path=self.pull.name_of(place),
                    destination="",
                    status="skipped",
                    warnings=(DONE,),
                )
        for place, error in self.missing.items():
            yield self._failed(self.pull.name_of(place), error)
        for name, error in self.stage.failures.items():
            yield self._failed(self.pull.name_of(name), error)
        with closing(run.outcomes()) as outcomes:
            for outcome in outcomes:
                yield outcome._replace(path=self._name_of(outcome.path))

    @property
    def files(self) -> int:
        """The number of outcomes beside those of the batch."""
        here = sum(map(self.stage.has, self.finished))
        return len(self.finished) - here + len(self.missing) + len(self.stage.failures)

    def _failed(self, name: str, error: DicomtxError) -> Outcome:
        return Outcome(
            path=name,
            destination="",
            status="failed",
            error=" ".join(str(error).split()),
            error_class=type(error).__name__,
            exit_code=int(error.exit_code),
            messages=error.lines,
        )

    def _name_of(self, path: str) -> str:
        """Returns the name in reports of a file in the stage."""
        inside = os.path.relpath(path, self.stage.folder).removesuffix(ENDING)
        return self.pull.name_of(inside)


@contextmanager
def opened(pull: Pull) -> Iterator[PullRun]:
    """Yields a run that knows what the peer has, and what an earlier run finished.

    What arrived stays in the destination if the block ends with an error, so that the same command
    goes on from there.

    Raises:
        UsageError: the destination is not a folder.
        NetworkError: the peer cannot be reached, or refuses access.
        SourceError: the peer does not have what was asked for.
        DestinationError: another run uses the destination, or it cannot be written.
    """
    check(pull.batch)
    stage = pull.stage
    with pull.connect() as retriever:
        listed = known(pull, retriever)
        with locked(os.path.join(os.path.dirname(stage.folder), f"{NAME}.sqlite")), stage.opened():
            yield PullRun(
                pull, stage, retriever, listed, finished(pull, listed or (), open_journal)
            )


def preview(pull: Pull) -> Iterator[tuple[Place, bool]]:
    """Yields what the peer has, and whether an earlier run finished it. Writes nothing.

    If the peer does not list its instances, this is only what was asked for.

    Raises:
        NetworkError: the peer cannot be reached, or refuses access.
        SourceError: it does not have what was asked for.
    """
    with pull.connect() as retriever:
        listed = known(pull, retriever) or (pull.wanted,)
        there = finished(pull, listed, journal_copy)
    yield from ((place, place in there) for place in listed)


def known(pull: Pull, retriever: Retriever) -> Sequence[Place] | None:
    """Returns the instances that the peer has; None if it does not tell.

    Raises:
        NetworkError: it cannot be reached, or refuses access.
        SourceError: it does not have what was asked for.
    """
    listed = retriever.listed(pull.wanted)
    if listed is not None and not listed:
        raise not_there(pull.address, pull.wanted)
    return listed


def finished(pull: Pull, listed: Sequence[Place], opened: Journals) -> frozenset[Place]:
    """Returns the instances whose results of an earlier run, with the same options, are there.

    Args:
        pull: what to retrieve.
        listed: the instances that the peer has.
        opened: opens the journal.
    """
    batch = pull.batch
    if batch.choice.overwrite or not os.path.exists(batch.journal_path):
        return frozenset()
    digest, stage = batch.plan_digest(), pull.stage
    with opened(batch.journal_path) as book:
        entries = {place: book.entry(stage.path_of(place), "") for place in listed}
    return frozenset(
        place
        for place, entry in entries.items()
        if entry
        and entry.key.plan == digest
        and entry.status in WRITTEN
        and output_is_unchanged(entry.output, entry)
    )
