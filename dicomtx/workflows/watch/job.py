"""The description of a watch, and the checks of its folders."""

import os
from dataclasses import dataclass, field

from dicomtx.errors import DestinationError, SourceError, UsageError
from dicomtx.workflows.convert.request import Request
from dicomtx.workflows.inputs.globs import Globs
from dicomtx.workflows.inputs.layout import Layout
from dicomtx.workflows.watch.delivery import Places
from dicomtx.workflows.watch.records import NAME
from dicomtx.workflows.workers.executor import Executor


@dataclass(frozen=True, slots=True)
class Watch:
    """A folder to watch.

    Attributes:
        folder: the folder where files arrive.
        destination: the folder to deliver to.
        request: the request that all files share.
        executor: converts the files.
        dead_letter: the folder for files that fail; if empty, they stay.
        done: the folder for the sources of delivered files; if empty, they are removed or kept.
        keep: leave sources where they are.
        overwrite: replace files in the destination.
        layout: the output name template; None mirrors the tree.
        globs: select files by their path in the folder.
        journal: path of the journal; empty: in the destination.
        settle: seconds without a change after which a file is complete.
        rescan: seconds between two looks at the whole folder.
        once: end when all files that are there are done.
    """

    folder: str
    destination: str
    request: Request
    executor: Executor
    dead_letter: str = ""
    done: str = ""
    keep: bool = False
    overwrite: bool = False
    layout: "Layout | None" = None
    globs: Globs = field(default_factory=lambda: Globs((), ()))
    journal: str = ""
    settle: float = 5.0
    rescan: float = 60.0
    once: bool = False

    @property
    def places(self) -> Places:
        """The absolute paths of the folders."""
        named = (self.folder, self.destination, self.dead_letter, self.done)
        return Places(*(path and os.path.realpath(path) for path in named))

    @property
    def journal_path(self) -> str:
        """The path of the journal."""
        return os.path.abspath(self.journal or os.path.join(self.places.destination, NAME))

    @property
    def removes(self) -> bool:
        """Whether the sources of delivered files are removed."""
        return not (self.keep or self.done)

    def check(self) -> None:
        """Checks the folders.

        Raises:
            UsageError: one of them is in another, or is not a folder.
            SourceError: there is no folder to watch.
            DestinationError: files cannot be removed from it.
        """
        places = self.places
        if not os.path.isdir(places.folder):
            raise SourceError(f"{self.folder} is not a folder that can be watched")
        named = {"DST": places.destination, "--dead-letter": places.dead_letter}
        others = {name: path for name, path in (named | {"--done": places.done}).items() if path}
        for name, path in others.items():
            if os.path.exists(path) and not os.path.isdir(path):
                raise UsageError(f"{name} {path} is not a folder")
            if _holds(places.folder, path) or _holds(path, places.folder):
                raise UsageError(f"{name} {path} and DIR {self.folder} must not contain each other")
        if len(set(others.values())) < len(others):
            raise UsageError("DST, --dead-letter and --done must be different folders")
        moves = self.removes or self.done or self.dead_letter
        if moves and not os.access(places.folder, os.W_OK | os.X_OK):
            raise DestinationError(
                f"{self.folder}: files cannot be removed from it (permission denied); use --keep"
                " without --dead-letter, or change its permissions"
            )


def _holds(folder: str, path: str) -> bool:
    return os.path.join(path, "").startswith(os.path.join(folder, ""))
