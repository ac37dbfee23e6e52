"""Starts the server that forks worker processes."""

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from dicomtx.processes.fork_server import ForkServer

if TYPE_CHECKING:
    from dicomtx.transfer_syntaxes import TransferSyntax

# dicomtx divides the CPUs among the workers itself
ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
CODING: Final = (
    "dicomtx.engine.transcoding.transcoder",
    "dicomtx.codecs.imagecodecs.lossless",
)


_started: list[ForkServer] = []


def start_early() -> None:
    """Starts the server that the first call of ``worker_server`` returns.

    It imports what each file needs while the command line is read. If the system cannot start
    another process, ``worker_server`` says so.
    """
    with suppress(OSError):
        _started.append(_start())


def end_early() -> None:
    """Ends the server of ``start_early`` if no command uses it."""
    while _started:
        _started.pop().close()


def worker_server(target: "TransferSyntax | None" = None) -> ForkServer:
    """Returns a new server of worker processes. It imports what files need for this target.

    Raises:
        OSError: the system cannot start another process.
    """
    server = _started.pop() if _started else _start()
    if target and target.encapsulated:
        server.prepare(*CODING)
    return server


def _start() -> ForkServer:
    return ForkServer("dicomtx.workflows.workers.worker", environment=ONE_THREAD)
