"""A tree of files: found, planned, worked on by many processes, and remembered."""

import hashlib
import os
import pickle
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dicomtx import __version__
from dicomtx.errors import DicomtxError, ExitCode, NotDicomError, UsageError
from dicomtx.files import sweep_tree
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import DEFAULT_TARGET, TransferSyntax
from dicomtx.workflows import journal, pool
from dicomtx.workflows.choice import Choice, chosen, skipped
from dicomtx.workflows.journal import REFERENCES, Journal, Key, open_journal
from dicomtx.workflows.pool import Limits
from dicomtx.workflows.remap import remap
from dicomtx.workflows.request import FileRules, Outcome, Request
from dicomtx.workflows.tree import Found, Rules, find
from dicomtx.workflows.walk import is_ours
from dicomtx.workflows.worker import failure, hash_of

if TYPE_CHECKING:
    from dicomtx.workflows.layout import Layout

NOT_SHAPING: Final = ("threads", "frame_timeout", "file_timeout", "max_memory")


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
        trees = "\0".join(sorted(map(os.path.realpath, self.sources)))
        name = hashlib.blake2b(os.fsencode(trees), digest_size=8).hexdigest()
        return os.path.join(state, "dicomtx", f"{name}.sqlite")

    def request(self) -> Request:
        """Returns what is asked of every file, before it is said which."""
        rules = self.rules._replace(tree=True, hashed=True)
        target = rules.best_of[0] if rules.best_of else self.target
        in_place = not self.destination
        return Request("", "", target, in_place=in_place, settings=self.settings, rules=rules)

    def plan_digest(self) -> str:
        """Returns what tells apart two commands whose results may differ."""
        settings = {n: v for n, v in self.settings._asdict().items() if n not in NOT_SHAPING}
        shape = (
            __version__,
            self.target.uid,
            settings,
            self.rules._asdict(),
            self.layout,
            self.remap,
        )
        return hashlib.blake2b(repr(shape).encode(), digest_size=16).hexdigest()


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
            outcome: Outcome = pickle.loads(content)  # noqa: S301 - of this very run
            failed |= outcome.status == "failed"
            yield outcome
        if failed and self.batch.fail_fast:
            return
        keys: dict[tuple[str, str], Key] = {}
        with closing(pool.run(self._requests(keys), self.batch.limits)) as results:
            for request, outcome in results:
                name = (request.source, request.member.name if request.member else "")
                self.journal.add(keys.pop(name), outcome, ours=request.overwrite)
                yield outcome
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
        for key, output in book.outputs(self.batch.plan_digest()):
            try:
                if remap(output, book.uids, preserve=rules.preserve):
                    book.rewrote(key, output, hash_of(output))
            except DicomtxError as error:
                request = self.batch.request()._replace(source=output, destination=output)
                told = f"written, but its references were not changed: {error}"
                yield failure(request, told, error.exit_code, type(error).__name__)

    def _requests(self, keys: dict[tuple[str, str], Key]) -> Iterator[Request]:
        base = self.batch.request()
        for content in self.journal.planned(known=False):
            destination, member, overwrite, key = pickle.loads(content)  # noqa: S301 - of this run
            keys[key.source, key.member] = key
            yield base._replace(
                source=key.source,
                destination=destination,
                member=member,
                overwrite=overwrite,
                listed=(key.size, key.mtime_ns) if self.batch.layout else (),
            )


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
            _plan(batch, book)
        except BaseException:
            book.forget_plan()
            raise
        known, to_do = book.keep_plan()
        if to_do and batch.remap:
            book.owe(REFERENCES)
        yield Run(batch, book, known, to_do)


def _check(batch: Batch) -> None:
    if not batch.destination:
        return
    place = os.path.realpath(batch.destination)
    if os.path.exists(place) and not os.path.isdir(place):
        raise UsageError(f"{batch.destination} is no folder")
    for source in batch.sources:
        if source != "-" and os.path.realpath(source) == place:
            raise UsageError(f"{source} is source and destination; use --in-place")


def _plan(batch: Batch, book: Journal) -> None:
    """Enters what is to be done with each file, before the first is begun."""
    digest = batch.plan_digest()
    finding = batch.finding
    if batch.destination:
        finding = finding._replace(without=(*finding.without, batch.destination))
    base = batch.request()
    for found in find(batch.sources, finding):
        if os.path.basename(found.path).startswith(".dicomtx-journal."):
            continue
        request, outcome = _asked(batch, base, found)
        key = Key(found.path, "", 0, 0, "")
        if outcome is None:
            request, key, outcome = chosen(batch.choice, book, request, digest)
        _enter(book, request, key, outcome)
    other = book.endangered() if batch.destination else ""
    if other:
        raise UsageError(f"{other} is a source, and stands where another's output goes")


def _asked(batch: Batch, base: Request, found: Found) -> tuple[Request, Outcome | None]:
    """Returns what is to be done with a file, and the outcome if it cannot or need not be."""
    request = base._replace(source=found.path, member=found.member)
    if found.skipped:
        return request, skipped(request, found.skipped)
    try:
        destination = found.error or _destination(batch, found)
    except DicomtxError as error:
        return request, failure(request, str(error), error.exit_code, type(error).__name__)
    if found.error:
        return request, failure(request, found.error, ExitCode.SOURCE, "SourceError")
    return request._replace(destination=destination), None


def _destination(batch: Batch, found: Found) -> str:
    """Returns where the output of a file goes."""
    if not batch.destination:
        if found.member:
            raise UsageError("a member of an archive cannot be replaced: name a destination")
        return found.path
    relative = found.relative
    if any(map(is_ours, relative.split("/"))):
        raise UsageError("its name is one that dicomtx gives to files of its own: rename it")
    if batch.layout:
        from dicomtx.workflows.layout import place_of  # noqa: PLC0415 - brings pydicom

        with suppress(NotDicomError):  # it is skipped or copied
            relative = place_of(batch.layout, found.path, found.member)
    return os.path.join(batch.destination, relative)


def _enter(book: Journal, request: Request, key: Key, outcome: Outcome | None) -> None:
    """Enters one file.

    Raises:
        UsageError: another has the same output.
    """
    output = request.destination
    place = _real(output)
    if outcome is None:
        content = pickle.dumps((output, request.member, request.overwrite, key), 5)
        alone = book.plan(key, output, place, content)
    else:
        taken = place if outcome.status == "skipped" and os.path.lexists(output) else ""
        alone = book.note(pickle.dumps(outcome, 5), taken, _real(request.source))
    if alone:
        return
    if request.in_place:  # links, and folders that were named twice
        same = skipped(request, f"{request.name} is a file that another path led to already")
        book.note(pickle.dumps(same, 5))
        return
    raise UsageError(f"{request.name} and another source both go to {output}; nothing was done")


def _real(path: str) -> str:
    """Returns where a path really leads, by links too."""
    return os.path.realpath(path) if path else ""
