"""The dry run of an export: what it would do with each file, and the name it would get."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from dicomtx.codecs.registry import Codecs
from dicomtx.errors import ExitCode, UnsupportedError
from dicomtx.storage.atomic_write import ANY_MODE
from dicomtx.storage.source import STANDARD_STREAM, Source
from dicomtx.storage.zip.writer import Time
from dicomtx.workflows.export.destination import check_destination
from dicomtx.workflows.export.export import ExportRun
from dicomtx.workflows.export.job import Export
from dicomtx.workflows.preview.conversion import known, preview
from dicomtx.workflows.preview.plan_record import Planned

UNREADABLE = (ExitCode.SOURCE, ExitCode.BUG)


class Nowhere:
    """A container that nothing is added to."""

    staging = ""
    mode = ANY_MODE

    def take(self, name: str, path: str, when: Time, *, deflate: bool) -> None:
        """Does nothing."""

    def copy(self, name: str, source: Source, when: Time, *, deflate: bool) -> None:
        """Does nothing."""


def dry_run(job: Export) -> Iterator[Planned]:
    """Yields what an export would do with each file. Reads headers only, and writes nothing.

    Raises:
        DestinationError: the destination exists, or cannot be written.
        UnsupportedError: nothing would be written, because some files would fail.
    """
    check_destination(job)
    wrong = 0
    with ExitStack() as stack:
        run = ExportRun(replace(job, manifest=False), Nowhere(), stack)
        for outcome in run.left_out():
            yield known(outcome)
        codecs = stack.enter_context(Codecs(job.in_force))
        for request in run.requests():
            entry = run.entry_of(request)
            # the destination has been checked; each file goes into it
            planned = preview(request._replace(destination=STANDARD_STREAM), codecs)
            twin = (f"has the same SOP Instance UID as {entry.twin}",) if entry.twin else ()
            wrong += planned.exit_code != ExitCode.DONE
            yield replace(
                planned,
                relative=entry.found.relative,
                destination=f"{job.destination.rstrip('/')}/{entry.name}",
                warnings=(*planned.warnings, *twin, *_unchanged(job, planned)),
            )
    if wrong and job.whole:
        raise UnsupportedError(f"nothing would be written: {wrong} of the files would fail")


def _unchanged(job: Export, planned: Planned) -> Iterator[str]:
    """Yields that the original is exported, if the file cannot be transcoded."""
    if planned.exit_code and not job.whole:
        unreadable = planned.exit_code in UNREADABLE
        yield "exported unchanged, if it can be read" if unreadable else "exported unchanged"
