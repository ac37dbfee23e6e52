"""A tree of files: found, planned, worked on by many processes, and remembered."""

import hashlib
import os
import pickle
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomtx import __version__
from dicomtx.engine.policy import Policy
from dicomtx.engine.settle import OnFailure
from dicomtx.errors import DicomtxError, ExitCode, NotDicomError, UsageError
from dicomtx.files import sweep_tree
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import DEFAULT_TARGET, TransferSyntax
from dicomtx.workflows import journal, pool
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.choice import Choice
from dicomtx.workflows.digest import digest, shaping
from dicomtx.workflows.enter import Entered, enter
from dicomtx.workflows.journal import REFERENCES, Journal, open_journal
from dicomtx.workflows.pool import Limits
from dicomtx.workflows.remap import remap
from dicomtx.workflows.request import FileRules, Outcome, Request
from dicomtx.workflows.tree import Rules
from dicomtx.workflows.worker import failure, hash_of

if TYPE_CHECKING:
    from dicomtx.workflows.layout import Layout


@dataclass(frozen=True, slots=True)
class Batch:
    """What is asked of a tree.

    Attributes:
        sources: files, folders, archives, DICOMDIRs, ``-`` for a list.
        destination: the folder that is written to; empty: the sources are replaced.
        target: the transfer syntax wanted.
        settings: everything that does not depend on the file.
        rules: what is asked of each file.
        finding: which files are looked for.
        limits: what the processes may take.
        layout: where outputs go; None mirrors the tree.
        journal: where the journal is; empty: beside the destination, or in the user's state folder.
        choice: what is done with what is there already.
        fail_fast: the first failure ends it all.
        remap: references in what was written follow the instances that were given new UIDs.
        policy: what decides in place of ``target``; None: all goes to ``target``.
        on_failure: what becomes of a file that cannot be transcoded.
        from_plan: a reviewed plan, the lines of ``plan --json``, in place of sources and policy.
        rejected: a folder for copies of what the policy refuses; empty: it is only told.
    """

    sources: tuple[str, ...]
    destination: str = ""
    target: TransferSyntax = DEFAULT_TARGET
    settings: Settings = field(default_factory=Settings)
    rules: FileRules = field(default_factory=FileRules)
    finding: Rules = field(default_factory=Rules)
    limits: Limits = field(default_factory=Limits)
    layout: "Layout | None" = None
    journal: str = ""
    choice: Choice = field(default_factory=Choice)
    fail_fast: bool = False
    remap: bool = False
    policy: Policy | None = None
    on_failure: OnFailure = "error"
    from_plan: str = ""
    rejected: str = ""

    @property
    def journal_path(self) -> str:
        """Where the journal is."""
        if self.journal:
            return os.path.abspath(self.journal)
        if self.destination:
            return os.path.join(os.path.abspath(self.destination), journal.NAME)
        state = os.environ.get("XDG_STATE_HOME", "")
        if not os.path.isabs(state):  # the XDG specification: a relative one is to be ignored
            state = os.path.join(os.path.expanduser("~"), ".local", "state")
        trees = "\0".join(sorted(map(os.path.realpath, self.sources or (self.from_plan,))))
        name = hashlib.blake2b(os.fsencode(trees), digest_size=8).hexdigest()
        return os.path.join(state, "dicomtx", f"{name}.sqlite")

    def request(self) -> Request:
        """Returns what is asked of every file, before it is said which."""
        in_place = not self.destination
        rules = self.rules._replace(tree=True, hashed=True)
        return Request(
            "",
            "",
            rules.best_of[0] if rules.best_of else self.target,
            in_place=in_place,
            settings=self.settings,
            rules=rules,
            policy=self.policy,
            on_failure=self.on_failure,
            below=self.destination,
        )

    def plan_digest(self) -> str:
        """Returns what tells apart two commands whose results may differ.

        What a reviewed plan says of each file is not in it.
        """
        decides = (self.target.uid, self.policy, self.on_failure, bool(self.from_plan))
        shape = (self.rules, self.layout, self.remap)
        return digest(__version__, decides, shaping(self.settings), shape)


@dataclass(frozen=True, slots=True)
class Run:
    """A tree that was looked through: nothing is written yet, and no two outputs collide.

    Attributes:
        known: files of which it is known already what comes of them.
        to_do: files to be worked on.
    """

    batch: Batch
    journal: Journal
    known: int
    to_do: int

    def outcomes(self) -> Generator[Outcome, None, None]:
        """Yields what came of each file, first of those that are known already.

        When it is closed before the end, files in the making are dropped.
        """
        failed = False
        for content in self.journal.planned(known=True):
            outcome, entered = pickle.loads(content)  # noqa: S301 - of this very run
            failed |= outcome.status == "failed"
            yield self._set_aside(outcome, entered)
        if failed and self.batch.fail_fast:
            return
        begun: dict[str, Entered] = {}  # by output: no two have the same
        with closing(pool.run(self._requests(begun), self.batch.limits)) as results:
            for request, outcome in results:
                entered = begun.pop(request.destination)
                told = self._set_aside(outcome, entered)
                self.journal.add(entered.key, outcome, ours=request.overwrite)
                yield told
                if outcome.status == "failed" and self.batch.fail_fast:
                    return
        if self.batch.remap and self.journal.owes(REFERENCES):
            yield from self._remapped()
            self.journal.settle(REFERENCES)

    def _remapped(self) -> Iterator[Outcome]:
        """Has references follow; yields failures only."""
        book, rules = self.journal, self.batch.rules
        if not book.uids:
            return
        in_place = not self.batch.destination
        for key, output in book.outputs(self.batch.plan_digest(), in_place=in_place):
            try:
                with boundary():
                    changed = remap(output, book.uids, preserve=rules.preserve)
                if changed:
                    book.rewrote(key, output, hash_of(output))
            except NotDicomError:  # it was skipped, or copied
                continue
            except DicomtxError as error:
                request = self.batch.request()._replace(source=output, destination=output)
                told = f"written, but its references were not changed: {error}"
                yield failure(request, told, error.exit_code, type(error).__name__)

    def _requests(self, begun: dict[str, Entered]) -> Iterator[Request]:
        base = self.batch.request()
        for content in self.journal.planned(known=False):
            entered: Entered = pickle.loads(content)  # noqa: S301 - of this very run
            begun[entered.destination] = entered
            yield entered.request(base)

    def _set_aside(self, outcome: Outcome, entered: Entered) -> Outcome:
        """Copies what the policy refused to the folder for it, and returns the outcome to tell."""
        if not self.batch.rejected or outcome.exit_code != ExitCode.POLICY:
            return outcome
        from dicomtx.workflows.rejected import place_of, set_aside  # noqa: PLC0415 - seldom needed

        path = place_of(entered.found, self.batch.rejected)
        whose = (os.path.abspath(entered.key.source), entered.key.member)
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
def opened(batch: Batch) -> Iterator[Run]:
    """Yields the run of a batch; the destination is this run's alone meanwhile.

    Raises:
        UsageError: two outputs would have the same name, or a source is the destination.
        DestinationError: another run is at it, or it cannot be written.
    """
    _check(batch)
    with open_journal(batch.journal_path) as book:
        for folder in [batch.destination] if batch.destination else batch.sources:
            sweep_tree(folder)
        try:
            enter(batch, book)
        except BaseException:
            book.forget_plan()
            raise
        known, to_do = book.keep_plan()
        if to_do and batch.remap:
            book.owe(REFERENCES)
        yield Run(batch, book, known, to_do)


def _check(batch: Batch) -> None:
    aside = os.path.realpath(batch.rejected) if batch.rejected else ""
    if aside and (os.path.exists(aside) and not os.path.isdir(aside)):
        raise UsageError(f"--rejected {batch.rejected} is no folder")
    if not batch.destination:
        return
    place = os.path.realpath(batch.destination)
    if aside == place:
        raise UsageError(f"{batch.rejected} is destination and --rejected; name two folders")
    if os.path.exists(place) and not os.path.isdir(place):
        raise UsageError(f"{batch.destination} is no folder")
    for source in batch.sources:
        if source != "-" and os.path.realpath(source) == place:
            raise UsageError(f"{source} is source and destination; use --in-place")
