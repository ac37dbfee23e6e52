"""``dicomtx serve``: keeps dicomtx loaded for other commands."""

import os
from collections.abc import Mapping

import click

from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode, SourceError
from dicomtx.warm import protocol
from dicomtx.warm.address import chosen_socket, default_socket
from dicomtx.warm.client import call


@click.command(short_help="Keep dicomtx loaded, so that commands start at once.")
@click.option("--socket", "path", metavar="PATH", help="Unix socket. [default: one per user]")
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(0),
    default=0,
    help="Commands that run at once. [default: CPUs]",
)
@click.option(
    "--idle-timeout",
    metavar="SECONDS",
    type=click.FloatRange(0),
    default=0,
    help="Stop after this time without a command. [default: never]",
)
@click.option(
    "--request-timeout",
    metavar="SECONDS",
    type=click.FloatRange(0),
    default=0,
    help="Stop a command that takes longer. [default: no limit]",
)
@click.option("--status", is_flag=True, help="Show the status of the running server.")
@click.option("--stop", is_flag=True, help="Stop the running server after running commands finish.")
@click.pass_obj
def serve(
    console: Console, /, path: str | None, *, status: bool, stop: bool, **limits: float
) -> int:
    """Keep dicomtx loaded, so that commands start at once.

    Set DICOMTX_SERVER=auto to run commands of the same user through this server. Their behaviour
    does not change. Linux only.
    """
    place = path or chosen_socket(os.environ) or default_socket(os.environ)
    if not (status or stop):
        return _serve(console, place, limits)
    try:
        console.result(call(place, protocol.STOP if stop else protocol.STATUS))
    except OSError as error:
        raise SourceError(f"{place}: no server is running ({error.strerror or error})") from error
    return ExitCode.DONE


def _serve(console: Console, place: str, limits: Mapping[str, float]) -> int:
    """Runs the server until it is stopped."""
    from dicomtx.cli import main  # noqa: PLC0415 - the command line that each child runs
    from dicomtx.workflows.server.listener import import_everything, listening  # noqa: PLC0415
    from dicomtx.workflows.server.zygote import Limits, Zygote  # noqa: PLC0415

    with listening(place) as listener:
        import_everything()
        jobs = int(limits["jobs"]) or len(os.sched_getaffinity(0))
        allowed = Limits(jobs, limits["idle_timeout"], limits["request_timeout"])
        console.note(f"listening on {place}")
        Zygote(listener, main, allowed).serve()
    return ExitCode.DONE
