"""Makes files, and their names, survive a power failure.

The content of a file is synced before the file gets its final name, so that no name ever leads to
less than the whole file. The name is in the folder: it is durable when that is synced, too.
"""

import errno
import os
from typing import Final, Literal

from dicomtx.errors import DestinationError
from dicomtx.storage.source import reason

Sync = Literal["all", "content", "nothing"]
"""What a writer syncs: content and name; only the content, because the caller syncs the folder; or
nothing, because the file is temporary."""
NOT_SYNCED: Final = (errno.EINVAL, errno.ENOTSUP)  # errors of file systems without fsync


def sync_content(fd: int) -> None:
    """Syncs the content of an open file.

    Raises:
        DestinationError: that failed. The message begins after the name of the file.
    """
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in NOT_SYNCED:
            raise DestinationError(f"cannot be written: {reason(error)}") from error


def sync_names(folder: int) -> None:
    """Syncs an open folder: the names of new files in it.

    Raises:
        DestinationError: that failed. The message begins after the name of the file.
    """
    try:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        fd = os.open(os.curdir, flags, dir_fd=folder)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
    except PermissionError:  # a folder that can be written, but not listed
        return
    except OSError as error:
        if error.errno not in NOT_SYNCED:
            told = f"is written, but cannot be synced to disk: {reason(error)}"
            raise DestinationError(told) from error
