"""Where the outputs of a batch are: what is there, and what an earlier run left unfinished.

To add a kind of place, write a class that implements ``Outputs`` and return it in ``outputs_at``.
"""

import os
from typing import Final, Protocol

from dicomtx.storage import part_files
from dicomtx.storage.local_file import LocalFile, Stat
from dicomtx.storage.location import Location


class Outputs(Protocol):
    """The place of the outputs, and their names: paths, or whatever else its kind uses."""

    def absolute(self, output: str) -> str:
        """Returns the name of an output that does not depend on the working directory."""

    def real(self, output: str) -> str:
        """Returns the same name for all names of one output; empty for an empty name."""

    def exists(self, output: str) -> bool:
        """Returns whether anything has this name, such as a link that leads nowhere.

        Raises:
            DicomtxError: that is unknown.
        """

    def stat(self, output: str, *, follow: bool = True) -> Stat | None:
        """Returns the status of an output; None if it is missing.

        Args:
            output: its name.
            follow: whether a link counts as the file that it leads to; otherwise as missing.

        Raises:
            DicomtxError: that is unknown.
        """

    def located(self, output: str) -> Location:
        """Returns an output as a source."""

    def sweep(self, place: str) -> None:
        """Removes what processes that are gone left unfinished below a folder, or beside a file."""

    def sweep_for(self, output: str) -> None:
        """Removes what processes that are gone left of this output."""


class LocalOutputs:
    """Outputs in local folders; their names are paths."""

    def absolute(self, output: str) -> str:
        """Returns the absolute path, so that ``out/a`` and ``./out/a`` are the same output."""
        normal = output[:1] == "/" and "//" not in output and "/." not in output
        return output if normal else os.path.abspath(output)  # abspath is costly

    def real(self, output: str) -> str:
        """Returns the path with links resolved."""
        return os.path.realpath(output) if output else ""

    def exists(self, output: str) -> bool:
        """Returns whether the path exists, even if it is a link that leads nowhere."""
        return os.path.lexists(output)

    def stat(self, output: str, *, follow: bool = True) -> Stat | None:
        """Returns the status of a file; None if it is missing."""
        if not follow and os.path.islink(output):
            return None
        return LocalFile(output).stat()

    def located(self, output: str) -> LocalFile:
        """Returns the file."""
        return LocalFile(output)

    def sweep(self, place: str) -> None:
        """Removes stale part files."""
        part_files.sweep_tree(place)

    def sweep_for(self, output: str) -> None:
        """Removes the stale part files of this file."""
        part_files.sweep_for(output)


LOCAL: Final = LocalOutputs()


def outputs_at(_place: str) -> Outputs:
    """Returns the outputs at a destination: a folder, or one output."""
    return LOCAL


def sweep_for(output: str) -> None:
    """Removes what processes that are gone left of this output."""
    outputs_at(output).sweep_for(output)
