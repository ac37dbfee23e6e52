"""A folder beside a target where files wait; whatever happens, it does not stay."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dicomtx.errors import DestinationError
from dicomtx.sources import STANDARD_STREAM, reason, temporary_folder

ENDING = ".staging"


@contextmanager
def staging_folder(target: str) -> Iterator[str]:
    """Yields a new folder beside ``target``; it is gone, with all in it, when the block is left.

    Those that processes left which are gone themselves are removed first.

    Raises:
        DestinationError: it cannot be made.
    """
    if target == STANDARD_STREAM:
        beside, name = temporary_folder(), "stdout"
    else:
        beside, name = os.path.split(os.path.realpath(target))
    start = f".{os.fsdecode(os.fsencode(name)[:150])}.dicomtx-"
    _sweep(beside, start)
    folder = os.path.join(beside, f"{start}{os.getpid()}{ENDING}")
    try:
        os.mkdir(folder, 0o700)
    except OSError as error:
        raise DestinationError(f"cannot write to {beside}: {reason(error)}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(beside: str, start: str) -> None:
    """Removes staging folders of this target whose process is gone."""
    try:
        names = [n for n in os.listdir(beside) if n.startswith(start) and n.endswith(ENDING)]
    except OSError:
        return
    for name in names:
        pid = name[len(start) : -len(ENDING)]
        if pid.isdigit() and (int(pid) == os.getpid() or not os.path.exists(f"/proc/{pid}")):
            with suppress(OSError):
                shutil.rmtree(os.path.join(beside, name))
