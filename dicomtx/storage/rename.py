"""Renames a file without replacing another: where the system can, in one step."""

import errno
import os
from functools import cache
from typing import Any, Final

NO_REPLACE: Final = 1  # RENAME_NOREPLACE
HERE: Final = -100  # AT_FDCWD
NOT_POSSIBLE: Final = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


def rename_new(path: str, name: str, folder: int) -> bool:
    """Renames a file to a name in an open folder that no other file has.

    Returns false, and does nothing, if the system or the file system cannot do that in one step.
    Linux can on local file systems, but not on NFS.

    Raises:
        FileExistsError: a file of this name exists.
        OSError: the file cannot be renamed.
    """
    rename = _renameat2()
    if rename is None:
        return False
    import ctypes  # noqa: PLC0415 - 10 ms that few need

    if not rename(HERE, os.fsencode(path), folder, os.fsencode(name), NO_REPLACE):
        return True
    number = ctypes.get_errno()
    if number in NOT_POSSIBLE:
        return False
    raise OSError(number, os.strerror(number))


@cache
def _renameat2() -> Any:
    """Returns the function of the C library; None if it has none."""
    import ctypes  # noqa: PLC0415 - 10 ms that few need

    return getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
