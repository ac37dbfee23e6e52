"""A watched folder for tests: files are converted in this process, one after the other."""

import json
import time
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

from dicomtx.storage.local_file import LocalFile
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import FileRules, Outcome, Request
from dicomtx.workflows.watch.job import Watch
from dicomtx.workflows.watch.loop import Told, WatchRun, opened
from dicomtx.workflows.workers.executor import AfterDeath, Result
from tests.dicom.builder import image, native, part10, text

NOTHING: Callable[[Request], None] = lambda request: None  # noqa: E731 - the usual hook
RLE = find("rle-lossless")


def instance(number: int = 0, patient: str = "P") -> bytes:
    """Returns a file with an image of 4 x 4 pixels, and the number in its UID."""
    return part10(
        "explicit",
        text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7"),
        text(0x00080018, "UI", f"1.2.3.{number}"),
        text(0x00100020, "LO", patient),
        native(image(4, 4), bytes(range(16))),
    )


class InProcess:
    """An ``Executor`` without processes.

    Attributes:
        during: called before each conversion, while its file is taken.
    """

    def __init__(self, during: Callable[[Request], None] = NOTHING) -> None:
        self.during = during

    def run(
        self,
        requests: Iterable[Request | None],
        after_death: AfterDeath = lambda request: request,
    ) -> Generator[Result, None, None]:
        for request in requests:
            if request is None:
                time.sleep(0.001)
                continue
            self.during(request)
            yield request, convert(request)


class WatchedFolder:
    """The folders ``in``, ``out``, ``dead`` and ``done`` of a watch, and what it reported.

    Attributes:
        outcomes: the outcomes of all runs.
        notes: what all runs told besides.
        executor: converts the files.
        active: the run that is under way.
    """

    def __init__(self, at: Path) -> None:
        self.at = at
        self.source, self.out = at / "in", at / "out"
        self.dead, self.done = at / "dead", at / "done"
        self.source.mkdir(parents=True)
        self.outcomes: list[Outcome] = []
        self.notes: list[str] = []
        self.executor = InProcess()
        self.active: WatchRun | None = None

    def drop(self, relative: str, data: bytes) -> Path:
        """Writes a file into the folder."""
        path = self.source / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def watch(self, **options: Any) -> Watch:
        """Returns a watch that ends when the folder is empty."""
        settings = options.pop("settings", None)
        removes = not (options.get("keep") or options.get("done"))
        rules = FileRules(tree=True, consumes=removes)
        request = Request(LocalFile(""), "", options.pop("target", RLE), rules=rules)
        if settings:
            request = request._replace(settings=settings)
        given: dict[str, Any] = {
            "dead_letter": str(self.dead),
            "settle": 0.0,
            "once": True,
        } | options
        return Watch(str(self.source), str(self.out), request, self.executor, **given)

    def run(self, **options: Any) -> list[Outcome]:
        """Runs a watch until the folder is empty; returns its outcomes."""
        before = len(self.outcomes)
        told = Told(self.outcomes.append, self.notes.append)
        with opened(self.watch(**options), told) as run:
            self.active = run
            run.run()
        return self.outcomes[before:]

    def reason(self, relative: str) -> dict[str, Any]:
        """Returns the reason beside a dead letter."""
        found: dict[str, Any] = json.loads((self.dead / f"{relative}.reason.json").read_text())
        return found


def files(folder: Path) -> list[str]:
    """Returns the files below a folder that have no hidden name."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if not any(p[0] == "." for p in path.parts))


def hidden(folder: Path) -> list[str]:
    """Returns the hidden files below a folder that are not a journal or lock."""
    found = (path for path in folder.rglob("*") if path.is_file())
    kept = (".dicomtx-watch.sqlite", ".dicomtx-watch.lock", ".dicomtx-journal.lock")
    names = (str(path.relative_to(folder)) for path in found if not path.name.startswith(kept))
    return sorted(name for name in names if any(p[0] == "." for p in Path(name).parts))
