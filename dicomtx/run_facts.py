"""What a report says about the run that wrote it."""

import os
import shlex
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from dicomtx.printable import without_secrets
from dicomtx.version import __version__


class RunFacts(NamedTuple):
    """When, where and how a report was made. Paths are those that the user gave.

    Attributes:
        started: date and time with the offset from UTC (RFC 3339).
        command: the command line, quoted for a shell.
        version: the version of dicomtx.
        host: the name of the computer.
        sources: the files and folders to read.
        destination: the file or folder to write; empty for none, or if sources are overwritten.
    """

    started: str
    command: str
    version: str
    host: str
    sources: tuple[str, ...]
    destination: str

    def as_json(self) -> dict[str, Any]:
        """Returns the object for the report (cli/schemas/report.schema.json)."""
        return self._asdict()

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yields the names and values for a person."""
        yield "Command", self.command
        yield "Started", self.started
        yield "Host", self.host
        yield "Version", f"dicomtx {self.version}"
        yield "Source", ", ".join(self.sources)
        if self.destination:
            yield "Destination", self.destination


def run_facts(arguments: Sequence[str], sources: Sequence[str], destination: str) -> RunFacts:
    """Returns the facts of a run that starts now.

    Args:
        arguments: the command line without the name of the program.
        sources: the files and folders to read.
        destination: the file or folder to write; empty for none.
    """
    now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    return RunFacts(
        started=f"{now[:-2]}:{now[-2:]}",
        command=without_secrets(shlex.join(["dicomtx", *arguments])),
        version=__version__,
        host=os.uname().nodename,
        sources=tuple(map(without_secrets, sources)),
        destination=without_secrets(destination),
    )
