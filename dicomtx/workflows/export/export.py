"""Exports many files to one archive or File-set, transcoded. Every file is reported."""

import heapq
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager

from dicomtx.errors import DestinationError, ExitCode, SourceError, UnsupportedError
from dicomtx.storage.atomic_write import atomic_write
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.source import Spool
from dicomtx.storage.zip.writer import EARLIEST, Time
from dicomtx.transfer_syntaxes import by_uid
from dicomtx.workflows.convert.convert import ADDED_META
from dicomtx.workflows.convert.icon import taken_icon
from dicomtx.workflows.convert.request import FileRules, Outcome, Request
from dicomtx.workflows.export.catalogue import Catalogue, CatalogueEntry
from dicomtx.workflows.export.containers import Container
from dicomtx.workflows.export.destination import container_of, files_to_export
from dicomtx.workflows.export.dicomdir import Directory, first_free
from dicomtx.workflows.export.job import Export
from dicomtx.workflows.export.manifest import IN_MEMORY, NAME, Manifest
from dicomtx.workflows.export.originals import with_meta
from dicomtx.workflows.export.survey import KNOWN, survey

Done = Iterable[tuple[Request, Outcome]]


def export(job: Export) -> Generator[Outcome, None, None]:
    """Yields the outcome of each file. The archive is complete after the last one.

    A file that cannot be transcoded is exported unchanged, and its outcome is a failure. If the
    iterator is closed early, nothing is written.

    Raises:
        DicomtxError: the archive was not written. Outcomes of files that violate a profile, or
            that failed under ``strict``, are yielded first.
    """
    with opened(job) as run:
        yield from run.left_out()
        yield from run.converted()


@contextmanager
def opened(job: Export) -> Iterator["ExportRun"]:
    """Yields an export. The archive is complete after the block if all files were converted.

    Raises:
        DicomtxError: the archive was not written.
    """
    with ExitStack() as stack:
        container = stack.enter_context(container_of(job))
        run = ExportRun(job, container, stack)
        yield run
        run.end()


class ExportRun:
    """A running export. Exhaust ``left_out`` first, then ``converted``.

    Attributes:
        files: number of files to convert, known after ``left_out``.
        warnings: warnings about the export as a whole.
    """

    def __init__(self, job: Export, container: Container, stack: ExitStack) -> None:
        self.files = 0
        self.warnings: tuple[str, ...] = ()
        self._job = job
        self._container = container
        self._catalogue = stack.enter_context(Catalogue())
        self._done = False
        self._latest: Time = EARLIEST
        self._manifest: Manifest | None = None
        self._directory: Directory | None = None
        if job.manifest:
            spool = stack.enter_context(Spool(container.staging, IN_MEMORY))
            policy = job.policy.name if job.policy else ""
            self._manifest = Manifest(spool, job.target.uid if job.target else "", policy)
        if job.media:
            self._directory = stack.enter_context(Directory(job.media))
            if job.media.append:
                self._take_over(self._directory)

    def _take_over(self, directory: Directory) -> None:
        """Adds the files of the existing File-set that is appended to."""
        folder, manifest = self._job.destination, self._manifest
        told: set[str] = set()
        for member, uid in manifest.take_over(folder) if manifest else ():
            told |= {member}
            self._catalogue.know(uid)
        for name, outcome, before in directory.take_over(folder):
            self._catalogue.know(outcome.sop_instance_uid)
            self._catalogue.know(before)
            if name not in told:
                self._note(outcome, name, name)
        if not manifest and os.path.exists(os.path.join(folder, NAME)):
            directory.warnings.append(f"{NAME} is unchanged; it does not list the new files")
        self.warnings = tuple(directory.warnings)

    def left_out(self) -> Iterator[Outcome]:
        """Yields the outcome of each file that is left out, with the reason.

        Files that the File-set already has are not added to the manifest again.

        Raises:
            UnsupportedError: the export cannot proceed without these files.
        """
        job, wrong = self._job, 0
        for outcome in survey(files_to_export(job), self._catalogue, job.rules()):
            wrong += self._is_wrong(outcome)
            if outcome.warnings != (KNOWN,):
                self._note(outcome, "", os.path.basename(outcome.path))
            yield outcome
        if wrong:
            raise UnsupportedError(f"nothing was written: {wrong} of the files cannot be included")
        appending = job.media is not None and job.media.append
        naming = job.names(first_free(job.destination) if appending else 0)
        self.files = self._catalogue.name(naming)

    def _is_wrong(self, outcome: Outcome) -> bool:
        """Returns whether leaving out this file must stop the export."""
        if outcome.exit_code == ExitCode.POLICY:
            return self._job.settings.strict
        return bool(outcome.error) and (self._job.whole or outcome.status == "refused")

    def _note(self, outcome: Outcome, member: str, source: str) -> None:
        """Adds a file to the manifest."""
        if self._manifest:
            self._manifest.add(outcome, member, source)

    def converted(self) -> Generator[Outcome, None, None]:
        """Converts each file, adds it to the container, and yields its outcome.

        The order is that of the names, whichever process is done first. A file that fails comes
        after the others if it is one of several copies: a DICOMDIR lists the first of these.

        Raises:
            UnsupportedError: a file failed, and the export is all or nothing.
        """
        with closing(self._job.executor.run(self.requests())) as done:
            for request, outcome in self._best_copies_first(_in_order(done)):
                entry = self.entry_of(request)
                taken = self._taken(entry, request, outcome)
                name = entry.name if taken.destination else ""
                self._note(taken, name, entry.found.relative)
                yield taken
                if taken.error and self._job.whole:
                    raise UnsupportedError("nothing was written: one of the files failed")
        self._done = True

    def _best_copies_first(self, done: Done) -> Iterator[tuple[Request, Outcome]]:
        """Yields results. Copies of an instance that were not converted come last."""
        later: list[tuple[Request, Outcome]] = []
        for request, outcome in done:
            if outcome.status != "done" and self._catalogue.has_copies(self.entry_of(request)):
                later.append((request, outcome))
            else:
                yield request, outcome
        yield from later

    def end(self) -> None:
        """Writes the DICOMDIR and the manifest, after all files.

        Raises:
            DestinationError: not all files have been converted.
        """
        if not self._done:
            raise DestinationError("the export was interrupted; nothing was written")
        staged = os.path.join(self._container.staging, NAME)
        if self._manifest:  # before the DICOMDIR, whose presence completes the export
            source = self._manifest.source()
            with atomic_write(staged, overwrite=True, mode=self._container.mode) as fd:
                source.copy_to(fd, 0, source.size)
        if self._directory:
            again = self._job.reproducible
            self._directory.write(self._container, self._latest, reproducible=again)
        if self._manifest:
            self._container.take(NAME, staged, self._latest, deflate=True)

    def entry_of(self, request: Request) -> CatalogueEntry:
        """Returns the file that a request converts."""
        return self._catalogue.numbered(_number(request))

    def requests(self) -> Iterator[Request]:
        """Yields the conversion request of each file."""
        job = self._job
        icons = job.media is not None and job.media.icons
        rules = FileRules(
            tree=True, sync="nothing" if job.zipped else "all", part10=True, icon=icons
        )
        base = Request(
            LocalFile(""), "", settings=job.in_force, rules=rules, on_failure=job.on_failure
        )
        base = base._replace(overwrite=True)  # a process may die when its file is in place
        for entry in self._catalogue:
            decides = {"target": by_uid(entry.target)} if entry.target else {"policy": job.policy}
            yield base._replace(
                source=entry.found.source,
                destination=os.path.join(self._container.staging, f"{entry.number}"),
                **decides,
            )

    def _taken(self, entry: CatalogueEntry, request: Request, outcome: Outcome) -> Outcome:
        """Adds a converted file, or the original of a failed one, to the container."""
        self._latest = max(self._latest, entry.when)
        place = f"{self._job.destination.rstrip('/')}/{entry.name}"
        twin = [f"has the same SOP Instance UID as {entry.twin}"] if entry.twin else []
        error = outcome.error.replace(request.destination, place)  # the staging path is random
        warned = (*outcome.warnings, *twin)
        taken = outcome._replace(destination=place, error=error, warnings=warned)
        if outcome.exit_code == ExitCode.POLICY:  # the file has changed since the survey
            return taken._replace(destination="")
        if outcome.error:
            return self._original(entry, taken)
        with LocalFile(request.destination).open() as source:
            icon = taken_icon(request.destination) if request.rules.icon else b""
            added = self._directory.add(entry, source, icon) if self._directory else ([], "")
        warnings, missing = added
        syntax = by_uid(outcome.target_syntax)
        deflate = not (syntax.encapsulated or syntax.deflated)
        self._container.take(entry.name, request.destination, entry.when, deflate=deflate)
        taken = taken._replace(warnings=(*taken.warnings, *warnings))
        missing = missing or self._violation(outcome)
        if not missing:
            return taken
        return taken._replace(status="failed", error=missing, exit_code=int(ExitCode.SOURCE))

    def _violation(self, outcome: Outcome) -> str:
        """Returns how a file that was kept unchanged violates the profile; empty if it does not."""
        profile = self._job.media.profile if self._job.media else None
        wrong = profile.violation(by_uid(outcome.target_syntax)) if profile else ""
        return f"violates {profile.name}: {wrong}" if profile and wrong else ""

    def _original(self, entry: CatalogueEntry, taken: Outcome) -> Outcome:
        """Exports the original of a failed file, if it can be read at all."""
        syntax = by_uid(entry.syntax)
        deflate = not (syntax.encapsulated or syntax.deflated)
        with ExitStack() as stack:
            try:
                source = stack.enter_context(entry.found.source.open())
            except SourceError:  # the reason for the failure
                return taken._replace(destination="", warnings=(*taken.warnings, "left out"))
            bare = source
            source = stack.enter_context(with_meta(bare, syntax, self._container.staging))
            added = () if source is bare else (ADDED_META,)
            warnings, missing = self._directory.add(entry, source) if self._directory else ([], "")
            self._container.copy(entry.name, source, entry.when, deflate=deflate)
            warnings += [missing] if missing else []
            return taken._replace(
                sop_instance_uid=entry.place.sop_instance_uid,
                target_syntax=entry.syntax,
                bytes_out=source.size,
                warnings=(*taken.warnings, "exported unchanged", *added, *warnings),
            )


def _number(request: Request) -> int:
    return int(os.path.basename(request.destination))


def _in_order(done: Done) -> Iterator[tuple[Request, Outcome]]:
    """Yields results in the order of their requests. Early results wait."""
    waiting: list[tuple[int, Request, Outcome]] = []
    wanted = 0
    for request, outcome in done:
        heapq.heappush(waiting, (_number(request), request, outcome))
        while waiting and waiting[0][0] == wanted:
            yield heapq.heappop(waiting)[1:]
            wanted += 1
