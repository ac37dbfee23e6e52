"""``dicomtx serve``: keeps dicomtx loaded for other commands."""

import os
from collections.abc import Mapping
from typing import Any, Final

import click

from dicomtx.cli.options.headings import option
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode, SourceError, UnsupportedError
from dicomtx.settings.values import bytes_of
from dicomtx.warm import protocol
from dicomtx.warm.address import chosen_socket, default_socket
from dicomtx.warm.client import call

PASSED_ON: Final = ("jobs", "idle-timeout", "request-timeout")


@click.command(short_help="Keep dicomtx loaded, so that commands start at once.")
@option(*("Options", "--socket", "path"), metavar="PATH", shown="one per user", help="Unix socket.")
@option(
    *("Options", "-j", "--jobs"),
    metavar="N",
    type=click.IntRange(0),
    default=0,
    shown="one per CPU",
    help="Commands to run at once.",
)
@option(
    *("Options", "--idle-timeout"),
    metavar="SECONDS",
    type=click.FloatRange(0),
    default=0,
    shown="never",
    help="Stop after this time without a command.",
)
@option(
    *("Options", "--request-timeout"),
    metavar="SECONDS",
    type=click.FloatRange(0),
    default=0,
    shown="no limit",
    help="Stop a command that takes longer.",
)
@click.option("--http", metavar="ADDRESS", help="Also serve over HTTP, such as 127.0.0.1:8765.")
@click.option(
    "--max-body", metavar="BYTES", default="2G", show_default=True, help="Largest body over HTTP."
)
@option(
    *("Options", "--token-file"),
    metavar="FILE",
    help="File with the token that HTTP clients must send. Only you may read it (chmod 600).",
)
@click.option(
    "--allow-remote", is_flag=True, help="Allow an ADDRESS that other machines can reach."
)
@click.option("--no-prime", is_flag=True, hidden=True)  # less CPU, but 5 ms longer for a command
@click.option("--status", is_flag=True, help="Show the status of the running server.")
@click.option("--stop", is_flag=True, help="Stop the running server after running commands finish.")
@click.pass_obj
def serve(
    console: Console, /, path: str | None, *, status: bool, stop: bool, **options: Any
) -> int:
    """Keep dicomtx loaded, so that commands start at once.

    Set DICOMTX_SERVER=auto to run commands of the same user through this server. Their behaviour
    does not change. With --http, programs send files to POST /transcode?to=SYNTAX. Linux only.
    """
    place = path or chosen_socket(os.environ) or default_socket(os.environ)
    if status or stop:
        return _ask(console, place, protocol.STOP if stop else protocol.STATUS)
    if options["http"]:
        return _serve_http(console, place, options)
    if options["allow_remote"] or options["token_file"]:
        raise click.UsageError("--allow-remote and --token-file need --http")
    return _serve(console, place, options)


def _ask(console: Console, place: str, kind: str) -> int:
    """Prints the answer of the running server."""
    try:
        console.result(call(place, kind))
    except OSError as error:
        raise SourceError(f"{place}: no server is running ({error.strerror or error})") from error
    return ExitCode.DONE


def _serve(console: Console, place: str, options: Mapping[str, Any]) -> int:
    """Runs the server until it is stopped."""
    from dicomtx.cli import main  # noqa: PLC0415 - the command line that each child runs
    from dicomtx.workflows.server import listener as server  # noqa: PLC0415
    from dicomtx.workflows.server.limits import ServerLimits  # noqa: PLC0415
    from dicomtx.workflows.server.rehearsal import rehearse  # noqa: PLC0415
    from dicomtx.workflows.server.zygote import Zygote  # noqa: PLC0415

    with server.listening(place) as listener:
        server.import_everything()
        rehearse(main)
        server.check_threads()
        jobs = options["jobs"] or len(os.sched_getaffinity(0))
        allowed = ServerLimits(jobs, options["idle_timeout"], options["request_timeout"])
        console.note(f"listening on {listener.getsockname()}")
        Zygote(listener, main, allowed, primes=not options["no_prime"]).serve()
    return ExitCode.DONE


def _serve_http(console: Console, place: str, options: Mapping[str, Any]) -> int:
    """Runs the server in a process of its own, and HTTP in this one, until they are stopped."""
    from dicomtx.workflows.http_server.access import Access, Address, read_token  # noqa: PLC0415

    address = Address.parse(options["http"])
    token = read_token(options["token_file"]) if options["token_file"] else b""
    if not address.is_loopback and not (options["allow_remote"] and token):
        raise click.UsageError(
            f"--http {address} can be reached from other machines: use 127.0.0.1, or add"
            " --allow-remote and --token-file FILE"
        )
    try:
        from dicomtx.workflows.http_server import front  # noqa: PLC0415
    except ImportError as error:
        raise UnsupportedError("--http needs uvicorn: pip install 'dicomtx[server]'") from error
    from dicomtx.workflows.http_server.app import Rules  # noqa: PLC0415

    rules = Rules(
        Access(address.host, token),
        front.policy_names(),
        bytes_of("--max-body", options["max_body"]),
        options["request_timeout"],
    )
    limits = [f"--{name}={options[name.replace('-', '_')]}" for name in PASSED_ON]
    with front.listening(address) as listener:
        return front.serve(listener, place, limits, rules, console.note)
