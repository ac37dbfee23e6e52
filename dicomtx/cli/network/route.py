"""``dicomtx route``: receives, transcodes and forwards instances."""

import os
from typing import TYPE_CHECKING, Any

import click

from dicomtx.cli.options.headings import Command, argument
from dicomtx.cli.options.listening import service_of, size_of, stopped_by
from dicomtx.cli.options.many_files import add
from dicomtx.cli.options.route import ROUTE
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode

if TYPE_CHECKING:
    from dicomtx.workflows.route.routes import Routes
    from dicomtx.workflows.route.run import Buffer


def _options(command: Any) -> Any:
    """Adds all options."""
    return add((*ROUTE, settings_options("route")), command)


@click.command(cls=Command, short_help="Receive, transcode and forward instances, with a queue.")
@argument("routes", metavar="ROUTES.toml")
@_options
@click.pass_obj
def route(console: Console, /, **options: Any) -> int:
    """Receive instances by C-STORE, transcode them, and forward them as ROUTES.toml says.

    An instance is acknowledged when it is in the queue on disk. Its files are removed after every
    destination has it. Each destination has its own queue, so one that is down does not delay
    the others. After a crash, run the same command again: it sends everything that is not
    confirmed. 'dicomtx queue' shows and changes the queue.

    On SIGTERM or Ctrl-C, route finishes the instances in flight; the others stay in the queue.
    """
    from dicomtx.workflows.route.routes_file import read_routes  # noqa: PLC0415 - imports its work when run

    routes = read_routes(options["routes"], options["settings"])
    if options["check"]:
        _explain(console, routes)
        return ExitCode.DONE
    if not options["spool"]:
        raise click.UsageError("--spool is missing; to check the routes only, use --check")
    return _run(console, _buffer(routes, options), options)


def _explain(console: Console, routes: "Routes") -> None:
    """Prints what each route does, or that the file is right."""
    from dicomtx.cli.output import tables  # noqa: PLC0415
    from dicomtx.workflows.route.explanation import lines  # noqa: PLC0415

    tables.show(console, lines(routes), ("Route", "Instances", "Destination", "Sent"))


def _buffer(routes: "Routes", options: dict[str, Any]) -> "Buffer":
    from dicomtx.network.address import checked_aet  # noqa: PLC0415
    from dicomtx.workflows.route.intake import Limits  # noqa: PLC0415
    from dicomtx.workflows.route.run import Buffer  # noqa: PLC0415
    from dicomtx.workflows.route.spool import Spool  # noqa: PLC0415
    from dicomtx.workflows.workers.pool import ProcessPool  # noqa: PLC0415

    settings = options["settings"]
    return Buffer(
        routes=routes,
        spool=Spool(options["spool"], options["keep_original"]),
        aet=checked_aet(options["aet"]),
        settings=settings,
        environ=os.environ,
        executor=ProcessPool(options["jobs"], settings.max_memory, options["file_timeout"]),
        limits=Limits(options["max_queue"], size_of("--max-spool", options["max_spool"])),
        min_free=size_of("--min-free", options["min_free"]),
        processes=options["processes"] or len(os.sched_getaffinity(0)),
        metrics=options["metrics"],
        interval=options["interval"],
        audit_days=options["audit_days"],
    )


def _run(console: Console, buffer: "Buffer", options: dict[str, Any]) -> int:
    """Runs until a signal; returns the exit code."""
    from dicomtx.workflows.receive.acceptors import listening  # noqa: PLC0415
    from dicomtx.workflows.route.run import PATIENCE  # noqa: PLC0415
    from dicomtx.workflows.route.spool import held  # noqa: PLC0415

    def note(text: str) -> None:
        if not options["quiet"]:
            console.note(text)

    service = service_of(options)
    with (
        held(buffer.spool, PATIENCE),
        listening(options["bind"], options["port"]) as listener,
    ):
        host, port = listener.getsockname()[:2]
        note(f"listening on {host} port {port} as {buffer.aet}; the spool is {buffer.spool.folder}")
        return stopped_by(buffer.run(listener, service, note))
