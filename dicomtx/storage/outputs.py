"""Where the outputs of a batch are: what is there, and what an earlier run left unfinished.

To add a kind of place, write a class that implements ``Outputs`` and return it in ``outputs_at``.
"""

import os
from collections.abc import Collection
from typing import Final, Protocol

from dicomtx.storage import part_files
from dicomtx.storage.destination_folders import make_folder_of
from dicomtx.storage.local_file import LocalFile, Stat
from dicomtx.storage.location import Location
from dicomtx.urls import is_url


class Outputs(Protocol):
    """The place of the outputs, and their names: paths, or whatever else its kind uses.

    Attributes:
        changeable: whether outputs can be changed where they are.
    """

    changeable: bool

    def absolute(self, output: str) -> str:
        """Returns the name of an output that does not depend on the working directory."""

    def real(self, output: str) -> str:
        """Returns the same name for all names of one output; empty for an empty name."""

    def named(self, folder: str, relative: str) -> str:
        """Returns the name of the output at a path below a folder.

        Raises:
            UsageError: the place cannot have this name.
        """

    def is_file(self, place: str) -> bool:
        """Returns whether a file is where a folder of outputs should be.

        Raises:
            DicomtxError: that is unknown, or the place can have no outputs.
        """

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

    def version(self, output: str) -> Stat | None:
        """Returns a status that changes if the content does; None if only a hash shows that.

        Raises:
            DicomtxError: that is unknown.
        """

    def located(self, output: str) -> Location:
        """Returns an output as a source."""

    def make_folder_of(self, output: str, *, below: str) -> None:
        """Makes the folder of an output. Below ``below``, if it is given, no link is followed.

        Raises:
            DestinationError: it cannot be made.
        """

    def sweep(self, place: str, unfinished: Collection[str]) -> None:
        """Removes what processes that are gone left unfinished below a folder, or beside a file.

        Args:
            place: the folder or file.
            unfinished: the outputs that earlier runs planned and did not finish.
        """

    def sweep_for(self, output: str) -> None:
        """Removes what processes that are gone left of this output."""


class LocalOutputs:
    """Outputs in local folders; their names are paths.

    Attributes:
        changeable: whether outputs can be changed where they are.
    """

    changeable = True

    def absolute(self, output: str) -> str:
        """Returns the absolute path, so that ``out/a`` and ``./out/a`` are the same output."""
        normal = output[:1] == "/" and "//" not in output and "/." not in output
        return output if normal else os.path.abspath(output)  # abspath is costly

    def real(self, output: str) -> str:
        """Returns the path with links resolved."""
        return os.path.realpath(output) if output else ""

    def named(self, folder: str, relative: str) -> str:
        """Returns the path of an output."""
        return os.path.join(folder, relative)

    def is_file(self, place: str) -> bool:
        """Returns whether anything but a folder is there."""
        return os.path.exists(place) and not os.path.isdir(place)

    def exists(self, output: str) -> bool:
        """Returns whether the path exists, even if it is a link that leads nowhere."""
        return os.path.lexists(output)

    def stat(self, output: str, *, follow: bool = True) -> Stat | None:
        """Returns the status of a file; None if it is missing."""
        if not follow and os.path.islink(output):
            return None
        return LocalFile(output).stat()

    def version(self, output: str) -> None:  # noqa: ARG002 - a time of modification can be set
        """Returns None: only a hash shows whether the content changed."""
        return

    def located(self, output: str) -> LocalFile:
        """Returns the file."""
        return LocalFile(output)

    def make_folder_of(self, output: str, *, below: str) -> None:
        """Makes the folder of a file."""
        make_folder_of(output, below=below)

    def sweep(self, place: str, unfinished: Collection[str]) -> None:  # noqa: ARG002 - locks tell
        """Removes stale part files."""
        part_files.sweep_tree(place)

    def sweep_for(self, output: str) -> None:
        """Removes the stale part files of this file."""
        part_files.sweep_for(output)


LOCAL: Final = LocalOutputs()


def outputs_at(place: str, *, listed: bool = False) -> Outputs:
    """Returns the outputs at a destination: a folder, or one output.

    Args:
        place: the folder or the output.
        listed: whether answers can be as old as the returned object. Stores answer this faster.
    """
    if "://" not in place or not is_url(place):
        return LOCAL
    from dicomtx.storage.remote import remote_outputs  # noqa: PLC0415 - seldom needed

    return remote_outputs.ListedOutputs() if listed else remote_outputs.RemoteOutputs()


def sweep_for(output: str) -> None:
    """Removes what processes that are gone left of this output."""
    outputs_at(output).sweep_for(output)
