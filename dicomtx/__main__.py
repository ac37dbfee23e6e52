"""Entry point of ``python -m dicomtx`` and of the console script."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

__all__ = ["main"]

MANY: Final = 50_000  # imports allocate about this many objects, none of them garbage
NO_WORKERS: Final = frozenset(("--help", "-h", "-n", "--dry-run", "--cluster"))


def needs_workers(arguments: Sequence[str]) -> bool:
    """Whether the command will need worker processes; if unsure, the command starts them."""
    return arguments[:1] in (["batch"], ["modify"]) and NO_WORKERS.isdisjoint(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code. The process must end after it."""
    if arguments is None and os.environ.get("DICOMTX_SERVER"):
        from dicomtx.warm.client import run_warm  # noqa: PLC0415 - only with a server

        run_warm(sys.argv, os.environ)
    import gc  # noqa: PLC0415 - a client of the server does not need the following
    import warnings  # noqa: PLC0415

    gc.set_threshold(MANY)  # saves 10 ms
    # if a standard stream is closed, files of the server would take its descriptor
    early = all((sys.stdin, sys.stdout, sys.stderr)) and needs_workers(
        sys.argv[1:] if arguments is None else arguments
    )
    if early:
        from dicomtx.workflows.workers.server import end_early, start_early  # noqa: PLC0415

        start_early()
    from dicomtx import cli  # noqa: PLC0415

    if not sys.warnoptions:  # dicomtx reports warnings per file itself
        warnings.simplefilter("ignore")
    code = cli.main(arguments)
    if early:
        end_early()
    gc.freeze()  # skips the garbage collection at exit, which takes 10 to 30 ms
    return code


if __name__ == "__main__":
    sys.exit(main())
