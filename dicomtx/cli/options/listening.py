"""The options of commands that listen for DICOM associations."""

import signal
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Any, Final

import click

from dicomtx.cli.options.headings import option
from dicomtx.cli.options.syntaxes import SyntaxListType
from dicomtx.errors import ExitCode, SettingsError, UsageError
from dicomtx.network.address import checked_aet
from dicomtx.settings.values import bytes_of

if TYPE_CHECKING:
    from dicomtx.workflows.receive.acceptors import Service

SECONDS: Final = click.FloatRange(min=0)
SYNTAXES: Final = "SYNTAX[,SYNTAX]"
LISTENING: Final = (
    option(
        *("Network", "--port"),
        metavar="N",
        type=click.IntRange(0, 65535),
        default=11112,
        show_default=True,
        help="Port to listen on.",
    ),
    option(
        *("Network", "--aet"),
        metavar="AET",
        default="DICOMTX",
        show_default=True,
        help="Our AE title. Callers that call another one are rejected.",
    ),
    option(
        *("Network", "--bind"),
        metavar="ADDRESS",
        default="",
        shown="all addresses of this machine",
        help="Listen on this address only, such as 127.0.0.1.",
    ),
    option(
        *("Network", "--any-called-aet"),
        is_flag=True,
        help="Accept any called AE title.",
    ),
    option(
        *("Network", "--allow-aet"),
        metavar="AET",
        multiple=True,
        shown="any",
        help="Accept only callers with this AE title. Repeatable.",
    ),
    option(
        *("Network", "--allow-host"),
        metavar="CIDR",
        multiple=True,
        shown="any",
        help="Accept only callers from this address or network, such as 10.1.0.0/16. Repeatable.",
    ),
    option(
        *("Network", "--accept"),
        metavar=SYNTAXES,
        type=SyntaxListType(),
        default=None,
        shown="all of PS3.6",
        help="Accept only these transfer syntaxes.",
    ),
    option(
        *("Network", "--prefer"),
        metavar=SYNTAXES,
        type=SyntaxListType(),
        default=None,
        shown="the sender's order",
        help="If the sender offers several syntaxes for a class, choose the first of these.",
    ),
    option(
        *("Network", "--sop-class"),
        metavar="CLASS",
        multiple=True,
        shown="the storage classes of PS3.4",
        help="Accept only this SOP class: keyword, UID, or glob of UIDs. Repeatable.",
    ),
    option(*("Network", "--promiscuous"), is_flag=True, help="Accept any SOP class."),
    option(
        *("Network", "--tls-cert"),
        metavar="FILE",
        default="",
        help="Accept encrypted connections only: our certificate (PEM).",
    ),
    option(
        *("Network", "--tls-key"),
        metavar="FILE",
        default="",
        shown="in the file of the certificate",
        help="Private key of the certificate (PEM).",
    ),
    option(
        *("Network", "--tls-ca"),
        metavar="FILE",
        default="",
        shown="those of the system",
        help="Certificates that sign those of the callers (PEM).",
    ),
    option(
        *("Network", "--tls-anonymous"),
        is_flag=True,
        help="Also accept callers without a certificate.",
    ),
)
LIMITS: Final = (
    option(
        *("Resources", "--processes"),
        metavar="N",
        type=click.IntRange(min=0, max=256),
        default=0,
        shown="one per CPU",
        help="Processes that receive.",
    ),
    option(
        *("Resources", "--max-associations"),
        metavar="N",
        type=click.IntRange(min=1),
        default=64,
        show_default=True,
        help="Reject more associations than this at once.",
    ),
    option(
        *("Resources", "--max-contexts"),
        metavar="N",
        type=click.IntRange(1, 128),
        default=128,
        show_default=True,
        help="Abort associations that propose more presentation contexts.",
    ),
    option(
        *("Resources", "--max-pdu"),
        metavar="BYTES",
        type=click.IntRange(4096, 1 << 24),
        default=1 << 17,
        show_default=True,
        help="Longest PDU to receive.",
    ),
    option(
        *("Resources", "--max-instance"),
        metavar="SIZE",
        default="16G",
        show_default=True,
        help="Abort associations that send a larger instance.",
    ),
    option(
        *("Resources", "--min-free"),
        metavar="SIZE",
        default="256M",
        show_default=True,
        help="Refuse instances (A700) if the disk would have less free space.",
    ),
    option(
        *("Resources", "--idle-timeout"),
        metavar="SECONDS",
        type=click.FloatRange(min=0, min_open=True),
        default=60.0,
        shown="60",
        help="Longest time for the next PDU to arrive.",
    ),
    option(
        *("Resources", "--instance-timeout"),
        metavar="SECONDS",
        type=SECONDS,
        default=3600.0,
        shown="3600",
        help="Longest time for an instance to arrive; 0 means no limit.",
    ),
    option(
        *("Resources", "--association-timeout"),
        metavar="SECONDS",
        type=SECONDS,
        default=0.0,
        shown="no limit",
        help="Longest time of an association; 0 means no limit.",
    ),
)


def service_of(options: dict[str, Any]) -> "Service":
    """Returns what the server accepts, and its limits."""
    from dicomtx.network.dimse.acceptance import Acceptance  # noqa: PLC0415
    from dicomtx.network.reception import Limits  # noqa: PLC0415
    from dicomtx.workflows.receive import rules  # noqa: PLC0415
    from dicomtx.workflows.receive.acceptors import Service  # noqa: PLC0415

    policy = options.get("policy")
    named = [[syntax.uid for syntax in options[name] or ()] for name in ("accept", "prefer")]
    accepted, preferred = rules.syntaxes(named[0], named[1], policy)
    aet = checked_aet(options["aet"])
    acceptance = Acceptance(
        aet="" if options["any_called_aet"] else aet,
        calling=frozenset(map(checked_aet, options["allow_aet"])),
        networks=tuple(map(_network, options["allow_host"])),
        syntaxes=accepted,
        takes_class=rules.classes(options["sop_class"], policy, promiscuous=options["promiscuous"]),
        preferred=preferred,
    )
    limits = Limits(
        max_pdu=options["max_pdu"],
        contexts=options["max_contexts"],
        idle=options["idle_timeout"],
        instance=options["instance_timeout"],
        total=options["association_timeout"],
        size=size_of("--max-instance", options["max_instance"]),
    )
    return Service(acceptance, limits, options["max_associations"], _tls(options))


def size_of(name: str, text: str) -> int:
    """Returns the bytes that an option names.

    Raises:
        UsageError: it is not a size.
    """
    try:
        return bytes_of(name, text)
    except SettingsError as error:
        raise UsageError(str(error)) from error


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError as error:
        raise UsageError(
            f"--allow-host {text}: use an address or a network, such as 10.1.0.0/16"
        ) from error


def _tls(options: dict[str, Any]) -> Any:
    """Returns the context for encrypted connections; None if there is no certificate."""
    if not options["tls_cert"]:
        if options["tls_key"] or options["tls_ca"] or options["tls_anonymous"]:
            raise UsageError("--tls-key, --tls-ca and --tls-anonymous need --tls-cert FILE")
        return None
    from dicomtx.network.tls import TlsOptions, server_context  # noqa: PLC0415

    files = TlsOptions(
        ca_file=options["tls_ca"], certificate=options["tls_cert"], key=options["tls_key"]
    )
    return server_context(files, anonymous=options["tls_anonymous"])


def stopped_by(number: int) -> ExitCode:
    """Returns the exit code of a server.

    Args:
        number: the signal that stopped it at once; 0 if it finished what was in flight.
    """
    if not number:
        return ExitCode.DONE
    return ExitCode.TERMINATED if number == signal.SIGTERM else ExitCode.INTERRUPTED
