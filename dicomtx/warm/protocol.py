"""The protocol between the client and the warm server.

The client sends one request: ``MAGIC``, the length of the body as four big-endian bytes, and the
body. The body is a list of byte strings separated by NUL, which arguments and environment cannot
contain. The first bytes carry open descriptors (``SCM_RIGHTS``).

The server answers REFUSED with a reason, or ACCEPTED. After ACCEPTED it sends ENDED and the wait
status of the command (four big-endian bytes, ``os.waitpid``), or FAILED with a reason. While the
command runs, each byte from the client is the number of a signal for it.
"""

from __future__ import annotations

import os
import sys

from dicomtx.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

MAGIC: Final = b"DTX1"
HEADER: Final = len(MAGIC) + 4
MOST_BYTES: Final = 8 << 20  # more than Linux allows for arguments and environment together

REFUSED: Final = b"R"
ACCEPTED: Final = b"A"
ENDED: Final = b"E"
FAILED: Final = b"F"
ENDING: Final = 5  # bytes: ENDED and the wait status

RUN: Final = "run"
STATUS: Final = "status"
STOP: Final = "stop"

STANDARD: Final = 3  # standard input, standard output, standard error
DESCRIPTORS: Final = STANDARD + 1  # and the working directory
LIBRARY_VARIABLES: Final = (
    "PYTHON",
    "LD_",
    "MALLOC_",
    "GLIBC_",
    "OMP_",
    "OPENBLAS_",
)
"""Prefixes of environment variables that Python and native libraries read only at start."""
HARMLESS: Final = {"OPENBLAS_NUM_THREADS", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
"""Exceptions to these prefixes: dicomtx sets the first, and the others have no effect here."""


def version() -> str:
    """Returns the version of dicomtx."""
    return __version__


def installation(environment: Mapping[str, str]) -> str:
    """Returns a text that must be equal in client and server for the server to run a command."""
    early = sorted(
        f"{name}={value}"
        for name, value in environment.items()
        if name.startswith(LIBRARY_VARIABLES) and name not in HARMLESS
    )
    own = (version(), __file__, sys.prefix, sys.version)
    return "\n".join((*own, sys.getfilesystemencoding(), *early))


def pack(
    kind: str,
    identity: str = "",
    streams: Sequence[str] = ("", "", ""),
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Returns a request as bytes.

    Args:
        kind: RUN, STATUS or STOP.
        identity: the client's installation (see ``installation``).
        streams: the encoding and error handler of each standard stream; empty if it is closed.
        arguments: the command line, starting with the program name.
        environment: the environment variables of the client.
    """
    variables = [f"{name}={value}" for name, value in (environment or {}).items()]
    fields = (kind, identity, *streams, str(len(arguments)))
    body = b"\0".join(map(os.fsencode, (*fields, *arguments, *variables)))
    return MAGIC + len(body).to_bytes(4) + body
