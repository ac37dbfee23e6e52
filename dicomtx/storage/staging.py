"""Temporary folders beside a target, for files that are moved there later."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from dicomtx.errors import DestinationError
from dicomtx.storage import part_files
from dicomtx.storage.part_files import PartFile
from dicomtx.storage.source import reason, working_place


@contextmanager
def staging_folder(target: str) -> Iterator[str]:
    """Yields a new folder beside ``target``. It is removed at the end of the block.

    A part file of the same name holds its lock. Stale folders are removed first.

    Raises:
        DestinationError: the folder cannot be made.
    """
    place = working_place(target)
    part_files.sweep_for(place)
    with part_files.closing(lambda: _new_part(place)) as part:
        try:
            try:
                os.mkdir(part.folder, 0o700)
            except OSError as error:
                raise _not_writable(place, error) from error
            yield part.folder
        finally:
            part_files.remove_folder(part.folder)


def _new_part(place: str) -> PartFile:
    try:
        return part_files.create(place, 0o600)
    except OSError as error:
        raise _not_writable(place, error) from error


def _not_writable(place: str, error: OSError) -> DestinationError:
    return DestinationError(f"cannot write to {os.path.dirname(place)}: {reason(error)}")
