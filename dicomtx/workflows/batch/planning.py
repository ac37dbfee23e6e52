"""What is to be done with each file of a tree, entered in the journal before the first is begun."""

import os
import pickle
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from dicomtx.engine.planning.policy import Policy
from dicomtx.errors import DicomtxError, ExitCode, NotDicomError, UsageError
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile, Stat
from dicomtx.storage.location import Location
from dicomtx.transfer_syntaxes import TransferSyntax
from dicomtx.workflows.batch import journal
from dicomtx.workflows.batch.fingerprint import digest
from dicomtx.workflows.batch.journal import Journal, Key
from dicomtx.workflows.batch.resume import chosen, skipped
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.convert.outcomes import failed, failure
from dicomtx.workflows.convert.request import Outcome, Request
from dicomtx.workflows.inputs.arguments import Found, find
from dicomtx.workflows.inputs.seen import Seen
from dicomtx.workflows.inputs.walk import is_ours

if TYPE_CHECKING:
    from dicomtx.workflows.batch.job import Batch


class FileOverride(NamedTuple):
    """What a file of a reviewed plan has for itself."""

    target: TransferSyntax
    settings: Settings
    policy: Policy | None


class WorkItem(NamedTuple):
    """One file, as the journal holds it for the run.

    Attributes:
        key: its source as it stood.
        source: where that is.
        destination: where its output goes.
        overwrite: what is at the place of its output may be replaced.
        relative: where it goes in the mirrored tree, whatever the layout.
        own: what holds for it alone; None: what holds for all.
        layout: its place was made of its values.
    """

    key: Key
    source: Location
    destination: str
    overwrite: bool
    relative: str
    own: FileOverride | None
    layout: bool

    def request(self, base: Request) -> Request:
        """Returns what is to be done with it; ``base`` is what is asked of every file."""
        own = self.own._asdict() if self.own else {}
        checked = bool(self.own or self.layout)  # what was decided holds for what was there then
        return base._replace(
            source=self.source,
            destination=self.destination,
            overwrite=self.overwrite,
            listed=(self.key.size, self.key.mtime_ns) if checked else (),
            **own,
        )

    @property
    def found(self) -> Found:
        """The file, and its place in the mirrored tree."""
        return Found(self.source, self.relative, "")


class _Candidate(NamedTuple):
    """One file, and what is known of it before it is looked up.

    Attributes:
        relative: where it goes in the mirrored tree.
        request: what is to be done.
        outcome: what came of it, if that is known already.
        digest: what tells apart plans for it.
        own: what is to be done holds for it alone.
        changed: why a reviewed plan does not hold for it any more; empty if it does.
    """

    relative: str
    request: Request
    outcome: Outcome | None
    digest: str
    own: bool = False
    changed: str = ""


def enter(batch: "Batch", book: Journal) -> None:
    """Enters what is to be done with each file.

    Raises:
        UsageError: two outputs would have the same name.
    """
    for asked in _planned(batch) if batch.from_plan else _found(batch):
        request, key, outcome = asked.request, Key.of(asked.request.source, Stat(), ""), None
        if asked.outcome is None:
            request, key, outcome = chosen(batch.choice, book, asked.request, asked.digest)
        if request.in_place and key.size and outcome is None:
            outcome = _in_flight(book, request, key)
        outcome = asked.outcome or outcome
        replaced = request.in_place and outcome is not None and outcome.status == "skipped"
        if asked.changed and not replaced:
            outcome = failure(request, asked.changed, ExitCode.SOURCE, "SourceError")
        _enter(book, _entered(batch, asked, request, key), request, outcome)
    other = book.find_overwritten_source() if batch.destination else ""
    if other:
        raise UsageError(f"{other} is a source, and stands where another's output goes")


def _found(batch: "Batch") -> Iterator[_Candidate]:
    """Yields the files that are found."""
    finding, shape, base = batch.finding, batch.plan_digest(), batch.request()
    ours = tuple(filter(None, (batch.destination, batch.rejected)))
    finding = finding._replace(without=(*finding.without, *ours))
    for found in find(batch.sources, finding):
        if not os.path.basename(found.source.path).startswith(journal.START):
            request = base._replace(source=found.source)
            yield _Candidate(found.relative, *_placed(batch, request, found), shape)


def _planned(batch: "Batch") -> Iterator[_Candidate]:
    """Yields the files of a reviewed plan: each has what was planned for its policy."""
    from dicomtx.workflows.batch.reviewed_plan import steps  # noqa: PLC0415 - seldom needed

    shape, base, seen = batch.plan_digest(), batch.request(), Seen()
    for step in steps(batch.from_plan, batch.settings):
        own, outcome = step.request, step.outcome
        if not seen.first(own.source):
            continue
        own = own._replace(rules=base.rules, in_place=base.in_place, on_failure=base.on_failure)
        if outcome is None:
            found = Found(own.source, step.relative, "")
            own, outcome = _placed(batch, own, found)
        plan = f"{shape}:{digest(own.policy, size=8)}"
        yield _Candidate(step.relative, own, outcome, plan, own=True, changed=step.changed)


def _in_flight(book: Journal, request: Request, key: Key) -> Outcome | None:
    """Returns the outcome if an earlier run replaced the file and was killed before it noted it."""
    from dicomtx.workflows.batch.recovery import noted  # noqa: PLC0415 - seldom needed

    try:
        with boundary():
            done = noted(book, request, key)
    except DicomtxError as error:
        return failed(request, error)
    return skipped(request, "done before, though not noted then") if done else None


def _placed(batch: "Batch", request: Request, found: Found) -> tuple[Request, Outcome | None]:
    """Returns what is to be done with a file, and the outcome if it cannot or need not be."""
    if found.skipped:
        return request, skipped(request, found.skipped)
    try:
        with boundary():
            destination = found.error or _destination(batch, found)
    except DicomtxError as error:
        return request, failed(request, error)
    if found.error:
        return request, failure(request, found.error, ExitCode.SOURCE, "SourceError")
    return request._replace(destination=destination), None


def _destination(batch: "Batch", found: Found) -> str:
    """Returns where the output of a file goes."""
    if not batch.destination:
        if not isinstance(found.source, LocalFile):
            raise UsageError("cannot be replaced, since it is not a local file: name a destination")
        return found.source.path
    relative = found.relative
    if any(map(is_ours, relative.split("/"))):
        raise UsageError("its name is one that dicomtx gives to files of its own: rename it")
    if batch.layout:
        from dicomtx.workflows.inputs.layout import place_of  # noqa: PLC0415 - brings pydicom

        with suppress(NotDicomError):  # it is skipped or copied
            relative = place_of(batch.layout, found.source)
    return os.path.join(batch.destination, relative)


def _entered(batch: "Batch", asked: _Candidate, request: Request, key: Key) -> WorkItem:
    """Returns what the journal holds of one file."""
    own = FileOverride(request.target, request.settings, request.policy) if asked.own else None
    return WorkItem(
        key,
        request.source,
        request.destination,
        request.overwrite,
        asked.relative,
        own,
        bool(batch.layout),
    )


def _enter(book: Journal, entered: WorkItem, request: Request, outcome: Outcome | None) -> None:
    """Enters one file.

    Raises:
        UsageError: another has the same output.
    """
    output, name = request.destination, request.source.name
    place, source = _real(output), _real(request.source.path)
    if outcome is None:
        alone = book.note(pickle.dumps(entered, 5), place, source, known=False)
        if alone:
            book.plan(entered.key, output)
    else:
        taken = place if outcome.status == "skipped" and os.path.lexists(output) else ""
        alone = book.note(pickle.dumps((outcome, entered), 5), taken, source)
    if alone:
        return
    linked = isinstance(entered.source, LocalFile) and book.source_of(place) == source
    if not (request.in_place or linked):
        raise UsageError(f"{name} and another source both go to {output}; nothing was done")
    same = skipped(request, f"{name} is a file that another path led to already")
    book.note(pickle.dumps((same, entered), 5))  # links, and folders that were named twice


def _real(path: str) -> str:
    """Returns where a path really leads, by links too."""
    return os.path.realpath(path) if path else ""
