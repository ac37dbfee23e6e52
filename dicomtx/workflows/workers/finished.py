"""Makes the names of outputs durable, a group at a time, before their outcomes are reported.

A worker syncs the content of an output, and then gives it its name. The name survives a power
failure when the folder is synced, too. To sync a folder once for several outputs costs as much as
for one.
"""

import os
import time
from collections import deque
from typing import Final

from dicomtx.errors import DestinationError
from dicomtx.storage.destination_folders import folder_of
from dicomtx.storage.durability import sync_names
from dicomtx.storage.source import STANDARD_STREAM
from dicomtx.urls import is_url
from dicomtx.workflows.convert.outcomes import failed
from dicomtx.workflows.convert.request import Request
from dicomtx.workflows.workers.executor import Result

MOST: Final = 16  # outputs in a group; a run that is killed does them again
LONGEST: Final = 0.2  # seconds until the first outcome of a group is reported


class Finished:
    """Results that are not reported yet, in the order they came."""

    def __init__(self, *, grouped: bool) -> None:
        """Starts without results. If not ``grouped``, each is reported at once."""
        self._failed = False
        self._grouped = grouped
        self._group: list[Result] = []
        self._durable: deque[Result] = deque()
        self._due = 0.0

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._group or self._durable)

    def for_worker(self, request: Request) -> Request:
        """Returns the request as the worker gets it: it leaves the name to this group."""
        if not self._names(request):
            return request
        return request._replace(rules=request.rules._replace(sync="content"))

    def add(self, result: Result) -> None:
        """Adds the result of a request."""
        request, outcome = result
        if not self._group:
            self._due = time.monotonic() + LONGEST
        self._group.append(result)
        self._failed |= bool(outcome.error)
        if self._failed or len(self._group) >= MOST or not self._names(request):
            self.hurry()

    def hurry(self) -> None:
        """Lets no result wait for others any longer."""
        self._due = 0.0

    @property
    def due(self) -> float:
        """When the next one can be reported, by ``time.monotonic``."""
        return 0.0 if self._durable else self._due

    def next(self) -> Result | None:
        """Returns the next one, whose output is durable; None if it is too early for that."""
        if not self or self.due > time.monotonic():
            return None
        if not self._durable:
            self._sync()
        result = self._durable.popleft()
        self._failed &= bool(self)
        return result

    @property
    def pressing(self) -> bool:
        """Whether to tell the next one before anything else: after an error, or if many wait."""
        waiting = len(self._group) + len(self._durable)
        return not self._grouped or self._failed or waiting > MOST

    def _names(self, request: Request) -> bool:
        """Whether the name of an output is synced here.

        Not in place: there, an outcome is recorded as soon as its output has its name.
        """
        local = request.destination != STANDARD_STREAM and not is_url(request.destination)
        return self._grouped and local and request.rules.sync == "all" and not request.in_place

    def _sync(self) -> None:
        """Syncs the folders of the group."""
        group, self._group = self._group, []
        errors: dict[str, DestinationError | None] = {}
        for request, outcome in group:
            result = outcome
            if outcome.status in ("done", "kept") and self._names(request):
                folder = os.path.dirname(request.destination)
                if folder not in errors:
                    errors[folder] = _sync_folder(request)
                if error := errors[folder]:
                    result = failed(request, DestinationError(f"{request.destination} {error}"))
            self._durable.append((request, result))


def _sync_folder(request: Request) -> DestinationError | None:
    """Syncs the folder of an output; returns the error if that fails."""
    try:
        with folder_of(os.path.abspath(request.destination), request.below) as folder:
            sync_names(folder)
    except DestinationError as error:
        return error
    return None
