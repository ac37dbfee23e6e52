"""Converts a tree: finds the files, plans them, runs workers, and records the outcomes."""

import os
import pickle
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

from dicomtx.errors import DicomtxError, ExitCode, NotDicomError, UsageError
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.outputs import outputs_at
from dicomtx.urls import refuse, without_secrets
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.batch.journal import REFERENCES, Journal, open_journal
from dicomtx.workflows.batch.journal_entry import Key
from dicomtx.workflows.batch.named_options import options_of
from dicomtx.workflows.batch.plan_options import Earlier
from dicomtx.workflows.batch.planning import WorkItem, enter
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.convert.outcomes import failure
from dicomtx.workflows.convert.request import Outcome, Request


@dataclass(frozen=True, slots=True)
class BatchRun:
    """A planned batch: no output is written yet, and no two outputs have the same path.

    Attributes:
        known: number of files whose outcome is already known.
        to_do: number of files to convert.
    """

    batch: Batch
    journal: Journal
    known: int
    to_do: int

    def earlier(self) -> Iterator[Earlier]:
        """Yields how many files were finished with other options, and which options these are."""
        return self.journal.earlier.compared(options_of(self.batch))

    def outcomes(self) -> Generator[Outcome, None, None]:
        """Yields the outcome of each file, starting with those that are already known.

        If the generator is closed early, partial output is discarded.
        """
        failed = False
        for content in self.journal.work.items(known=True):
            outcome, entered = pickle.loads(content)  # noqa: S301 - of this very run
            failed |= outcome.status == "failed"
            yield self._set_aside(outcome, entered)
        if failed and self.batch.fail_fast:
            return
        begun: dict[str, WorkItem] = {}  # by output: no two have the same

        def lost(request: Request) -> Request | Outcome:
            from dicomtx.workflows.batch.recovery import after_death  # noqa: PLC0415 - seldom needed

            return after_death(request, begun[request.destination].key)

        with closing(self.batch.executor.run(self._requests(begun), lost)) as results:
            for request, outcome in results:
                entered = begun.pop(request.destination)
                told = self._set_aside(outcome, entered)
                self.journal.add(entered.key, outcome)
                yield told
                if outcome.status == "failed" and self.batch.fail_fast:
                    return
        if self.batch.updates_references and self.journal.is_pending(REFERENCES):
            yield from self._remapped()

    def _remapped(self) -> Iterator[Outcome]:
        """Updates references to instances with new UIDs; yields failures only.

        If a file fails, the next run updates references again.
        """
        book, in_place = self.journal, not self.batch.destination
        failed = False
        if book.uids:
            for key, output in book.outputs(self.batch.plan_digest(), in_place=in_place):
                outcome = self._remap(key, output)
                if outcome:
                    failed = True
                    yield outcome
        if not failed:
            book.clear_pending(REFERENCES)

    def _remap(self, key: Key, output: str) -> Outcome | None:
        """Updates the references in one output, and records its new content."""
        from dicomtx.workflows.batch.reference_pass import remap  # noqa: PLC0415 - seldom needed

        book, below, preserve = self.journal, self.batch.destination, self.batch.rules.preserve
        record = partial(book.update_output, key)
        try:
            with boundary():
                remap(
                    output,
                    book.uids,
                    below=below,
                    preserve=preserve,
                    predecessors=self.batch.renews_uids,
                    record=record,
                )
        except NotDicomError:  # it was skipped, or copied
            return None
        except DicomtxError as error:
            source = LocalFile(output)
            request = self.batch.request()._replace(source=source, destination=output)
            told = f"written, but its references were not changed: {error}"
            return failure(request, told, error.exit_code, type(error).__name__)
        return None

    def _requests(self, begun: dict[str, WorkItem]) -> Iterator[Request]:
        base = self.batch.request()
        for content in self.journal.work.items(known=False):
            entered: WorkItem = pickle.loads(content)  # noqa: S301 - of this very run
            begun[entered.destination] = entered
            yield entered.request(base)

    def _set_aside(self, outcome: Outcome, entered: WorkItem) -> Outcome:
        """Copies a file that the policy refused to ``rejected``; returns the outcome to report."""
        if not self.batch.rejected or outcome.exit_code != ExitCode.POLICY:
            return outcome
        from dicomtx.workflows.batch.quarantine import place_of, set_aside  # noqa: PLC0415 - seldom needed

        path = place_of(entered.found, self.batch.rejected)
        whose = (entered.key.source, entered.key.member)
        overwrite = self.batch.choice.overwrite or self.journal.wrote(path) == whose
        try:
            set_aside(entered.found, path, below=self.batch.rejected, overwrite=overwrite)
        except DicomtxError as error:
            told = f"{outcome.error}; it could not be set aside: {error}"
            code, name = int(error.exit_code), type(error).__name__
            return outcome._replace(status="failed", error=told, exit_code=code, error_class=name)
        self.journal.claim(path, *whose)
        return outcome._replace(warnings=(*outcome.warnings, f"set aside: {path}"))


@contextmanager
def opened(batch: Batch) -> Iterator[BatchRun]:
    """Yields the run of a batch; no other run can use the destination meanwhile.

    Raises:
        UsageError: two outputs would have the same path, or a source is the destination.
        DestinationError: another run uses the destination, or it cannot be written.
    """
    check(batch)
    outputs = outputs_at(batch.destination, listed=True)
    with open_journal(batch.journal_path, outputs) as book:
        batch = batch.seeded(book.uids)
        for folder in [batch.destination] if batch.destination else batch.sources:
            outputs.sweep(folder, book.unfinished)
        try:
            enter(batch, book)
        except BaseException:
            book.discard_plan()
            raise
        known, to_do = book.commit_plan()
        if to_do and batch.updates_references:
            book.add_pending(REFERENCES)
        yield BatchRun(batch, book, known, to_do)


def check(batch: Batch) -> None:
    """Checks the folders of a batch.

    Raises:
        UsageError: a source is the destination, a destination is not a folder, or the destination
            cannot have what an option asks for.
        DestinationError: the store of the destination does not answer.
    """
    _check_rejected(batch)
    refuse("--journal", batch.journal)
    if not batch.destination:
        _check_sources(batch)
        return
    outputs = outputs_at(batch.destination)
    place = outputs.real(batch.destination)
    if outputs.is_file(place):
        hint = "takes the last argument as the destination; use -o DST to give it first"
        if batch.destination.lower().endswith(".zip"):
            hint = "writes no archives; use 'dicomtx export archive SRC... OUT.zip'"
        raise UsageError(f"{batch.destination} is not a folder. batch {hint}")
    for source in batch.sources:
        if source != "-" and outputs.real(source) == place:
            raise UsageError(f"{source} is both SRC and DST; use --in-place")
    if not outputs.changeable:
        _check_changes(batch)


def _check_rejected(batch: Batch) -> None:
    """Checks the folder of refused files.

    Raises:
        UsageError: it is not a folder, or the same as the destination.
    """
    if not batch.rejected:
        return
    refuse("--rejected", batch.rejected)
    aside = os.path.realpath(batch.rejected)
    if os.path.exists(aside) and not os.path.isdir(aside):
        raise UsageError(f"--rejected {batch.rejected} is not a folder")
    if batch.destination and aside == outputs_at(batch.destination).real(batch.destination):
        raise UsageError(f"{batch.rejected} is both DST and --rejected; use two folders")


def _check_sources(batch: Batch) -> None:
    """Checks that all sources can be overwritten.

    Raises:
        UsageError: one cannot.
    """
    for source in batch.sources:
        if not outputs_at(source).changeable:
            raise UsageError(
                f"{without_secrets(source)}: --in-place overwrites local files only, not objects"
                " at URLs: add a DST"
            )


def _check_changes(batch: Batch) -> None:
    """Checks that nothing has to be changed in outputs that were written.

    Raises:
        UsageError: an option asks for that.
    """
    name = without_secrets(batch.destination)
    if batch.updates_references:
        why = "--remap-references" if batch.remap else "new UIDs"
        raise UsageError(
            f"{name}: {why} would change references in files that are already written, which is"
            " possible in local folders only: write to a local folder, then copy it"
        )
    if batch.rules.preserve:
        raise UsageError(
            f"{name}: --preserve needs a local folder, because a store sets times itself"
        )
