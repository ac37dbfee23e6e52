"""Where files go that a policy refuses."""

import os

from dicomtx.errors import ExitCode
from dicomtx.files import atomic_write, make_folder
from dicomtx.workflows.dry_run import opened
from dicomtx.workflows.request import Outcome
from dicomtx.workflows.tree import Found


def set_aside(outcome: Outcome, found: Found, folder: str, *, overwrite: bool = False) -> str:
    """Copies a file that the policy refused into a folder; returns where, empty if it was not.

    Args:
        outcome: what came of the file; only exit code 8 is a policy's refusal.
        found: the file, with its place in the mirrored tree.
        folder: where refused files go, each in its place.
        overwrite: what is there already may be replaced.

    Raises:
        SourceError: the file cannot be read any more.
        DestinationError: it is there already, or cannot be written.
    """
    if outcome.exit_code != ExitCode.POLICY:
        return ""
    path = os.path.join(folder, *found.relative.split("/"))
    make_folder(os.path.dirname(path))
    with opened(found) as file, atomic_write(path, overwrite=overwrite) as fd:
        file.copy_to(fd, 0, file.size)
    return path
