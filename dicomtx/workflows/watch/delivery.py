"""Delivers results and buries failures: once each, even if the run is killed at any moment.

Each step is recorded before it happens. ``finish`` does what is left of a step. After a kill, the
next run calls it again, so everything in it can be repeated.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

from dicomtx.errors import DestinationError, DicomtxError
from dicomtx.storage.atomic_write import adopt, atomic_write
from dicomtx.storage.destination_folders import make_folder_below
from dicomtx.storage.source import reason
from dicomtx.workflows.watch.moving import moved, put_back, removed, taken_away
from dicomtx.workflows.watch.records import STAGING, Record, Records, State
from dicomtx.workflows.watch.settled import Identity

REASON: Final = ".reason.json"
HOPELESS: Final = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP)
"""Errors that have to do with the name of one file; others concern the whole destination."""


class NotNowError(DestinationError):
    """The destination cannot be written at the moment; the file stays and is tried again."""


class Places(NamedTuple):
    """The real paths of the folders of a watch; empty for those that it does not have."""

    folder: str
    destination: str
    dead_letter: str = ""
    done: str = ""

    def staged(self, token: str) -> str:
        """Returns the path of a result that is not delivered yet."""
        return os.path.join(self.destination, STAGING, token)


class Delivery(NamedTuple):
    """Delivers results and buries failures."""

    records: Records
    places: Places

    def recover(self, note: Callable[[str], None]) -> None:
        """Finishes what an earlier run had begun, and forgets its failures, to try them again."""
        for record in self.records.all():
            if record.state == "failed":
                self.records.forget(record.source)
            elif record.state != "delivered":
                self._recover(record, note)

    def _recover(self, record: Record, note: Callable[[str], None]) -> None:
        published = record.state == "publishing" and self._is_published(record)
        try:
            place = self.finish(record)
        except DestinationError as error:
            note(f"warning: {record.source}: {error}")
            return
        if published:
            note(f"{record.source}: delivered to {record.output} by a run that was killed")
        elif place:
            note(f"{record.source}: moved to {place}, as a run that was killed had begun to do")

    def is_earlier(self, record: Record) -> bool:
        """Whether the output is an unchanged result of an earlier state of a source that stays."""
        before = self.records.of(record.source)
        if before is None or before.output != record.output or before.stamp is None:
            return False
        return before.stamp.is_renamed(Identity.of(record.output))

    def publish(self, record: Record, *, overwrite: bool) -> str:
        """Delivers a result; returns why its source stays, if it should not.

        Raises:
            NotNowError: it could not be delivered now.
            DestinationError: it cannot be delivered under this name.
        """
        staged, below = self.places.staged(record.token), self.places.destination
        self.records.put(record)
        try:
            make_folder_below(below, record.output)
            adopt(staged, record.output, overwrite=overwrite, below=below)
        except DestinationError as error:
            if self._is_published(record):  # but not synced to the disk
                self._leave(record)
                return f"the source stays: {error}"
            self.records.forget(record.source)
            cause = error.__cause__
            if isinstance(cause, OSError) and cause.errno not in HOPELESS:
                raise NotNowError(str(error)) from error
            raise
        try:
            self.finish(record)
        except DestinationError as error:
            return f"the source stays: {error}"
        return ""

    def finish(self, record: Record) -> str:
        """Does what is left of a step; returns where the source moved, if it did.

        Raises:
            DestinationError: the source could not be moved or removed, so it stays.
        """
        rest = self._publish_rest if record.state == "publishing" else self._bury_rest
        try:
            return rest(record)
        except (DicomtxError, OSError) as error:
            with suppress(DicomtxError):
                put_back(record)
            self._leave(record)
            why = reason(error) if isinstance(error, OSError) else str(error)
            raise DestinationError(why) from error

    def _publish_rest(self, record: Record) -> str:
        staged = self.places.staged(record.token)
        if not self._is_published(record):
            removed(staged)
            self.records.forget(record.source)
            return ""
        removed(staged)
        if not (record.removes or record.aside):
            self.records.put(record._replace(state="delivered"))
            return ""
        path, place = taken_away(record), ""
        if path and record.aside:
            place = moved(path, record.aside, self.places.done or os.path.dirname(record.aside))
        elif path:
            removed(path)
        self.records.forget(record.source)
        return place

    def _is_published(self, record: Record) -> bool:
        """Whether a result got its final name, even if somebody took it from there already.

        A result that was renamed is no longer staged. Where the system could not rename it, it has
        two names for a moment.
        """
        try:
            return os.lstat(self.places.staged(record.token)).st_nlink > 1
        except FileNotFoundError:
            return True

    def _bury_rest(self, record: Record) -> str:
        path, place = taken_away(record), ""
        if path:
            below = self.places.dead_letter or os.path.dirname(record.aside)
            make_folder_below(below, record.aside)
            _explain(record, below)
            place = moved(path, record.aside, below)
        self.records.forget(record.source)
        return place

    def _leave(self, record: Record) -> None:
        """Records that a source stays where it is, in its present state."""
        identity = Identity.of(record.source)
        if identity is None:
            self.records.forget(record.source)
            return
        state: State = "delivered" if record.state == "publishing" else "failed"
        self.records.put(record._replace(identity=identity, state=state))


def _explain(record: Record, below: str) -> None:
    """Writes the reason beside the place of a dead letter, unless a killed run did."""
    path = record.aside + REASON
    if os.path.lexists(path):
        return
    with (
        atomic_write(path, overwrite=False, below=below) as fd,
        open(fd, "w", encoding="utf-8", closefd=False) as file,
    ):
        file.write(record.reason)
