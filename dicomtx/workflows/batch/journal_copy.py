"""A private copy of a journal, for dry runs: the journal itself stays unchanged."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from dicomtx.errors import DestinationError
from dicomtx.storage.outputs import LOCAL, Outputs
from dicomtx.storage.source import reason
from dicomtx.workflows.batch.journal import NAME, TABLES, Journal
from dicomtx.workflows.batch.journal_file import open_database

PARTS = ("", "-wal")  # the database, and what SQLite has not moved into it yet


@contextmanager
def journal_copy(path: str, outputs: Outputs = LOCAL) -> Iterator[Journal]:
    """Yields a copy of the journal at this path, or an empty one if there is none.

    Args:
        path: the path of the journal.
        outputs: where the outputs are.

    Raises:
        DestinationError: it cannot be read, or it is not a journal.
    """
    with TemporaryDirectory(prefix="dicomtx-") as folder:
        copy = os.path.join(folder, NAME)
        try:
            for ending in PARTS:
                if os.path.exists(path + ending):
                    shutil.copyfile(path + ending, copy + ending)
        except OSError as error:
            raise DestinationError(f"{path} cannot be read: {reason(error)}") from error
        try:
            with open_database(copy, TABLES) as base:
                yield Journal.on(base, outputs)
        except DestinationError as error:  # the user knows the journal, not the copy
            raise DestinationError(str(error).replace(copy, path)) from error
