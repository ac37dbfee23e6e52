"""Starts the server that forks worker processes."""

from typing import Final

from dicomtx.processes.fork_server import ForkServer
from dicomtx.transfer_syntaxes import TransferSyntax

# dicomtx divides the CPUs among the workers itself
ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
CODING: Final = (
    "dicomtx.engine.transcoding.transcoder",
    "dicomtx.codecs.imagecodecs.lossless",
)


def worker_server(target: TransferSyntax | None = None) -> ForkServer:
    """Starts the server of worker processes. It imports what files need for this target.

    Raises:
        OSError: the system cannot start another process.
    """
    coding = CODING if target and target.encapsulated else ()
    return ForkServer("dicomtx.workflows.workers.worker", *coding, environment=ONE_THREAD)
