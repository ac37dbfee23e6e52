"""The dry run of a batch: what it would do with each file, by all of its rules."""

import pickle
from collections.abc import Iterator
from dataclasses import replace

from dicomtx.codecs.registry import Codecs
from dicomtx.errors import ExitCode
from dicomtx.storage.outputs import outputs_at
from dicomtx.workflows.batch.batch import check
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.batch.journal_copy import journal_copy
from dicomtx.workflows.batch.planning import WorkItem, enter
from dicomtx.workflows.batch.quarantine import place_of
from dicomtx.workflows.preview.conversion import known, preview
from dicomtx.workflows.preview.plan_record import Planned


def dry_run(batch: Batch) -> Iterator[Planned]:
    """Yields what a batch would do with each file. Reads headers only, and writes nothing.

    The files that an earlier run has done come first, as in a run.

    Raises:
        UsageError: two outputs would have the same path, or a source is the destination.
        DestinationError: the journal cannot be read.
    """
    check(batch)
    outputs = outputs_at(batch.destination, listed=True)
    with journal_copy(batch.journal_path, outputs) as book, Codecs(batch.settings) as codecs:
        batch = batch.seeded(book.uids)
        enter(batch, book)
        for content in book.work.items(known=True):
            outcome, item = pickle.loads(content)  # noqa: S301 - of this very run
            yield _placed(batch, known(outcome), item)
        base = batch.request()
        for content in book.work.items(known=False):
            item = pickle.loads(content)  # noqa: S301 - of this very run
            yield _placed(batch, preview(item.request(base), codecs), item)


def _placed(batch: Batch, planned: Planned, item: WorkItem) -> Planned:
    """Adds the path in the tree, and where a copy of a refused file goes."""
    planned = replace(planned, relative=item.relative)
    if not batch.rejected or planned.exit_code != ExitCode.POLICY:
        return planned
    aside = f"copied to {place_of(item.found, batch.rejected)}"
    return replace(planned, warnings=(*planned.warnings, aside))
