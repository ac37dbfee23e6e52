"""Decides what becomes of a converted file: a delivery, a dead letter, or another try."""

import json
import os
from contextlib import suppress
from typing import Final, NamedTuple

from dicomtx.errors import DicomtxError, ExitCode, NotDicomError
from dicomtx.storage.local_file import LocalFile
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.convert.request import Outcome
from dicomtx.workflows.watch.delivery import REASON, Delivery, NotNowError
from dicomtx.workflows.watch.incoming import Taken
from dicomtx.workflows.watch.job import Watch
from dicomtx.workflows.watch.moving import free_path, removed
from dicomtx.workflows.watch.records import Record
from dicomtx.workflows.watch.settled import Identity

WRITTEN: Final = ("done", "kept")
UNVERIFIED: Final = "the source stays, because the result is not verified as a whole"


class Endings(NamedTuple):
    """Ends the conversions of a watch."""

    watch: Watch
    delivery: Delivery

    def end(self, taken: Taken, token: str, outcome: Outcome) -> Outcome | None:
        """Delivers the result of a file, or buries the file; returns the outcome to report.

        Returns None if the file changed meanwhile, so that its new state is converted later.

        Args:
            taken: the file, as it was taken.
            token: the name of the result in the staging folder.
            outcome: the outcome of the conversion.

        Raises:
            NotNowError: the destination cannot be written; try later.
        """
        try:
            outcome = self._placed(taken, outcome)
            if Identity.of(taken.path) != taken.identity:
                return None
            if outcome.status in ("done", "kept"):
                outcome = self._delivered(taken, token, outcome)
            elif outcome.exit_code == ExitCode.DESTINATION:
                raise NotNowError(outcome.error)
            return (
                outcome
                if outcome.status in ("done", "kept")
                else self._buried(taken, token, outcome)
            )
        finally:
            with suppress(DicomtxError):
                removed(self.delivery.places.staged(token))

    def _placed(self, taken: Taken, outcome: Outcome) -> Outcome:
        """Returns the outcome with the path of the output in the destination."""
        relative = os.path.relpath(taken.path, self.delivery.places.folder)
        if self.watch.layout:
            from dicomtx.workflows.inputs.layout import place_of  # noqa: PLC0415 - brings pydicom

            try:
                with suppress(NotDicomError), boundary():
                    relative = place_of(self.watch.layout, LocalFile(taken.path))
            except DicomtxError as error:
                if not outcome.error:
                    outcome = _failed(outcome, error)
        return outcome._replace(destination=os.path.join(self.watch.destination, relative))

    def _delivered(self, taken: Taken, token: str, outcome: Outcome) -> Outcome:
        """Delivers a result; returns its outcome, which is a failure if its path is taken."""
        places = self.delivery.places
        whole = _is_verified(outcome)
        relative = os.path.relpath(taken.path, places.folder)
        inner = os.path.relpath(outcome.destination, self.watch.destination)
        record = Record(
            taken.path,
            taken.identity,
            "publishing",
            token,
            output=os.path.join(places.destination, inner),
            stamp=Identity.of(places.staged(token)),
            removes=self.watch.removes and whole,
            aside=free_path(os.path.join(places.done, relative)) if places.done else "",
        )
        try:
            overwrite = self.watch.overwrite or self.delivery.is_earlier(record)
            stays = self.delivery.publish(record, overwrite=overwrite)
        except NotNowError:
            raise
        except DicomtxError as error:
            return _failed(outcome, error)
        if self.watch.removes and not whole:
            stays = UNVERIFIED
        return outcome._replace(warnings=(*outcome.warnings, *filter(None, (stays,))))

    def _buried(self, taken: Taken, token: str, outcome: Outcome) -> Outcome | None:
        """Moves a file to the dead letters, or leaves it; returns the outcome to report."""
        places, watch = self.delivery.places, self.watch
        record = Record(taken.path, taken.identity, "failed", token)
        if not places.dead_letter:
            self.delivery.records.put(record)
            return outcome
        relative = os.path.relpath(taken.path, places.folder)
        aside = free_path(os.path.join(places.dead_letter, relative), REASON)
        reason = json.dumps(outcome.as_json(), indent=2) + "\n"
        record = record._replace(state="burying", aside=aside, reason=reason)
        self.delivery.records.put(record)
        try:
            place = self.delivery.finish(record)
        except DicomtxError as error:
            return outcome._replace(error=f"{outcome.error}; it could not be moved: {error}")
        if not place:
            return None
        shown = os.path.join(watch.dead_letter, os.path.relpath(place, places.dead_letter))
        return outcome._replace(warnings=(*outcome.warnings, f"moved to {shown}"))


def _failed(outcome: Outcome, error: DicomtxError) -> Outcome:
    return outcome._replace(
        status="failed",
        error=" ".join(str(error).split()),
        exit_code=int(error.exit_code),
        error_class=type(error).__name__,
    )


def _is_verified(outcome: Outcome) -> bool:
    """Whether all of a result was compared with its source."""
    if outcome.verification == "bytes-only":
        return True
    return outcome.verification != "none" and outcome.frames_verified >= outcome.frames
