"""Plans each file of a tree, and records the plan in the journal before any file is converted."""

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
from dicomtx.storage.outputs import LOCAL, Outputs
from dicomtx.transfer_syntaxes import TransferSyntax
from dicomtx.urls import is_url
from dicomtx.workflows.batch import journal
from dicomtx.workflows.batch.fingerprint import digest
from dicomtx.workflows.batch.journal import Journal
from dicomtx.workflows.batch.journal_entry import Key
from dicomtx.workflows.batch.named_options import options_of
from dicomtx.workflows.batch.resume import chosen
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.convert.outcomes import failed, failure, skipped
from dicomtx.workflows.convert.request import FileRules, Outcome, Request
from dicomtx.workflows.inputs.arguments import Found, find
from dicomtx.workflows.inputs.seen import Seen
from dicomtx.workflows.inputs.walk import is_ours

if TYPE_CHECKING:
    from dicomtx.workflows.batch.job import Batch


class FileOverride(NamedTuple):
    """The parts of a request that a reviewed plan sets for one file."""

    target: TransferSyntax
    settings: Settings
    policy: Policy | None
    rules: FileRules


class WorkItem(NamedTuple):
    """One file of the run, as stored in the journal.

    Attributes:
        key: its source in the state that was planned.
        source: where its source is.
        destination: path of its output.
        overwrite: whether an existing file may be overwritten.
        relative: its path in the mirrored tree, whatever the layout.
        own: what a reviewed plan sets for this file; None without a reviewed plan.
        layout: whether its path depends on its values.
    """

    key: Key
    source: Location
    destination: str
    overwrite: bool
    relative: str
    own: FileOverride | None
    layout: bool

    def request(self, base: Request) -> Request:
        """Returns the request for this file; ``base`` is the request that all files share."""
        own = self.own._asdict() if self.own else {}
        checked = bool(self.own or self.layout)  # the decision is for that content only
        return base._replace(
            source=self.source,
            destination=self.destination,
            overwrite=self.overwrite,
            listed=(self.key.size, self.key.mtime_ns) if checked else (),
            size=self.key.size,
            **own,
        )

    @property
    def found(self) -> Found:
        """The file, and its place in the mirrored tree."""
        return Found(self.source, self.relative, "")


class _Candidate(NamedTuple):
    """One file before it is looked up in the journal.

    Attributes:
        relative: its path in the mirrored tree.
        request: the conversion to do.
        outcome: its outcome, if that is already known.
        digest: digest of everything that the result depends on.
        own: whether a reviewed plan made the request for this file.
        changed: why the reviewed plan is stale for this file; empty if it is not.
    """

    relative: str
    request: Request
    outcome: Outcome | None
    digest: str
    own: bool = False
    changed: str = ""


def enter(batch: "Batch", book: Journal) -> None:
    """Plans all files and records them in the journal.

    Raises:
        UsageError: two outputs would have the same path, or one would overwrite a source.
    """
    choice = batch.choice
    if (
        choice.retry_failed and not batch.updates_references
    ):  # references go through the files of one plan
        choice = choice._replace(keep_finished=True)
    book.earlier.record(batch.plan_digest(), options_of(batch))
    for asked in _planned(batch, book.place) if batch.from_plan else _found(batch, book.place):
        request, key, outcome = asked.request, Key.of(asked.request.source, Stat(), ""), None
        if asked.outcome is None:
            request, key, outcome = chosen(choice, book, asked.request, asked.digest)
        if request.in_place and key.size and outcome is None:
            outcome = _in_flight(book, request, key)
        outcome = asked.outcome or outcome
        replaced = request.in_place and outcome is not None and outcome.status == "skipped"
        if asked.changed and not replaced:
            outcome = failure(request, asked.changed, ExitCode.SOURCE, "SourceError")
        _enter(book, _entered(batch, asked, request, key), request, outcome)
    other = book.work.find_overwritten_source() if batch.destination else ""
    if other:
        raise UsageError(f"{other} is a source, but the output of another file goes there")


def _found(batch: "Batch", place: Outputs) -> Iterator[_Candidate]:
    """Yields the files that the arguments name."""
    finding, shape, base = batch.finding, batch.plan_digest(), batch.request()
    ours = tuple(filter(None, (batch.destination, batch.rejected)))
    finding = finding._replace(without=(*finding.without, *ours))
    for found in find(batch.sources, finding):
        if not os.path.basename(found.source.path).startswith(journal.START):
            request = base._replace(source=found.source)
            yield _Candidate(found.relative, *_placed(batch, request, found, place), shape)


def _planned(batch: "Batch", place: Outputs) -> Iterator[_Candidate]:
    """Yields the files of a reviewed plan, each with its line of the plan as the policy."""
    from dicomtx.workflows.batch.reviewed_plan import steps  # noqa: PLC0415 - seldom needed

    shape, base, seen = batch.plan_digest(), batch.request(), Seen()
    for step in steps(batch.from_plan, batch.settings):
        own, outcome = step.request, step.outcome
        if not seen.first(own.source):
            continue
        rules = base.rules._replace(copy_others=own.rules.copy_others)
        own = own._replace(
            rules=rules,
            in_place=base.in_place,
            on_failure=base.on_failure,
            modification=base.modification,
        )
        if outcome is None:
            found = Found(own.source, step.relative, "")
            own, outcome = _placed(batch, own, found, place)
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
    return skipped(request, "done by an earlier run that was killed") if done else None


def _placed(
    batch: "Batch", request: Request, found: Found, place: Outputs
) -> tuple[Request, Outcome | None]:
    """Returns the request for a file; and an outcome if it cannot or need not be converted."""
    if found.skipped:
        return request, skipped(request, found.skipped)
    try:
        with boundary():
            destination = found.error or _destination(batch, found, place)
    except DicomtxError as error:
        return request, failed(request, error)
    if found.error:
        return request, failure(request, found.error, ExitCode.SOURCE, "SourceError")
    return request._replace(destination=destination), None


def _destination(batch: "Batch", found: Found, place: Outputs) -> str:
    """Returns the path of the output."""
    if not batch.destination:
        if not isinstance(found.source, LocalFile):
            raise UsageError("cannot be overwritten, because it is not a local file: add a DST")
        return found.source.path
    relative = found.relative
    if any(map(is_ours, relative.split("/"))):
        raise UsageError("dicomtx reserves this name for its own files: rename the file")
    if batch.layout:
        from dicomtx.workflows.inputs.layout import place_of  # noqa: PLC0415 - brings pydicom

        with suppress(NotDicomError):  # files that are not DICOM are skipped or copied
            relative = place_of(batch.layout, found.source)
    return place.named(batch.destination, relative)


def _entered(batch: "Batch", asked: _Candidate, request: Request, key: Key) -> WorkItem:
    """Returns the work item of one file."""
    own = None
    if asked.own:
        own = FileOverride(request.target, request.settings, request.policy, request.rules)
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
    """Records one file.

    Raises:
        UsageError: another file has the same output.
    """
    output, name = request.destination, request.source.name
    place, source = book.place.real(output), _place_of(request.source)
    if outcome is None:
        item, size = pickle.dumps(entered, 5), entered.key.size
        alone = book.work.add(item, place, source, size=size, known=False)
        if alone:
            book.plan(entered.key, output)
    else:
        taken = place if outcome.status == "skipped" and book.place.exists(output) else ""
        alone = book.work.add(pickle.dumps((outcome, entered), 5), taken, source)
    if alone:
        return
    linked = isinstance(entered.source, LocalFile) and book.work.source_of(place) == source
    if not (request.in_place or linked):
        raise UsageError(f"{name} and another source both go to {output}; nothing was done")
    same = skipped(request, f"{name} is the same file as another source")
    book.work.add(pickle.dumps((same, entered), 5))  # links, and folders that were named twice


def _place_of(source: Location) -> str:
    """Returns the real path or the URL of a source; empty if it has neither."""
    return LOCAL.real(source.path) or (source.name if is_url(source.name) else "")
