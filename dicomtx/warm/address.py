"""Finds the socket of the warm server, and whether a command uses it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

VARIABLE: Final = "DICOMTX_SERVER"
AUTO: Final = "auto"
START: Final = "start"
PRIVATE: Final = 0o700


def default_socket(environment: Mapping[str, str]) -> str:
    """Returns the path of the user's socket, in $XDG_RUNTIME_DIR or a folder in /tmp."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    folder = f"{runtime}/dicomtx" if runtime else f"/tmp/dicomtx-{os.geteuid()}"  # noqa: S108 - the folder is checked
    return f"{folder}/server.sock"


def chosen_socket(environment: Mapping[str, str]) -> str:
    """Returns the socket path that DICOMTX_SERVER selects; empty to run without a server."""
    value = environment.get(VARIABLE, "")
    return default_socket(environment) if value in {AUTO, START} else value


def make_private_folder(path: str) -> None:
    """Creates the folder of a socket with mode 0700.

    Raises:
        OSError: the folder cannot be created, or other users can write to it.
    """
    folder = os.path.dirname(path) or "."
    try:
        os.mkdir(folder, PRIVATE)
    except FileExistsError:
        status = os.stat(folder)
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise PermissionError(f"{folder}: other users can write to this folder") from None
