"""``dicomtx route``: receives, transcodes and forwards instances."""

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Any

import click

from dicomtx.cli.options.headings import Command, argument
from dicomtx.cli.options.many_files import add
from dicomtx.cli.options.route import ROUTE
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode
from dicomtx.settings.values import bytes_of

if TYPE_CHECKING:
    from dicomtx.network.dimse.acceptance import Acceptance
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
    destination has it. A destination that is down has a queue of its own, and holds up no other.
    After a crash, the same command goes on with everything that is not confirmed. 'dicomtx queue'
    shows and changes the queue.

    SIGTERM and Ctrl-C finish what is in flight; the rest stays in the queue.
    """
    from dicomtx.workflows.route.routes_file import read_routes  # noqa: PLC0415 - imports its work when run

    routes = read_routes(options["routes"], options["settings"])
    if options["check"]:
        _explain(console, routes)
        return ExitCode.DONE
    for name in ("spool", "port"):
        if options[name] is None:
            raise click.UsageError(f"--{name} is missing; to check the routes only, use --check")
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
    max_bytes = bytes_of("--max-spool", options["max_spool"])
    return Buffer(
        routes=routes,
        spool=Spool(options["spool"], options["keep_original"]),
        aet=checked_aet(options["aet"]),
        settings=settings,
        environ=os.environ,
        executor=ProcessPool(options["jobs"], settings.max_memory, options["file_timeout"]),
        limits=Limits(options["max_queue"], max_bytes),
        min_free=bytes_of("--min-free", options["min_free"]),
        processes=options["processes"],
        metrics=options["metrics"],
        interval=options["interval"],
        audit_days=options["audit_days"],
    )


def _acceptance(options: dict[str, Any]) -> "Acceptance":
    from dicomtx.network.dimse.acceptance import Acceptance  # noqa: PLC0415
    from dicomtx.transfer_syntaxes import TABLE  # noqa: PLC0415

    return Acceptance(
        aet="" if options["any_called_aet"] else options["aet"],
        calling=frozenset(options["allow_aet"]),
        networks=tuple(map(_network, options["allow_host"])),
        syntaxes=frozenset(syntax.uid for syntax in TABLE),
        takes_class=lambda _uid: True,
    )


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError as error:
        raise click.UsageError(f"--allow-host: {error}") from error


def _run(console: Console, buffer: "Buffer", options: dict[str, Any]) -> int:
    """Runs until a signal; returns the exit code."""
    from dicomtx.network.reception import Limits  # noqa: PLC0415
    from dicomtx.workflows.receive.acceptors import Service, listening  # noqa: PLC0415
    from dicomtx.workflows.route.run import PATIENCE  # noqa: PLC0415
    from dicomtx.workflows.route.spool import held  # noqa: PLC0415

    def note(text: str) -> None:
        if not options["quiet"]:
            console.note(text)

    service = Service(_acceptance(options), Limits(), options["max_associations"])
    with held(buffer.spool, PATIENCE):
        listener = listening(options["bind"], options["port"])
        host, port = listener.getsockname()[:2]
        note(f"listening on {host} port {port} as {buffer.aet}; the spool is {buffer.spool.folder}")
        buffer.run(listener, service, note)
    return ExitCode.DONE
