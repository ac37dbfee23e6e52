"""``dicomtx negotiate``: shows in which syntax files would be sent to a peer."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from dicomtx.cli.options.headings import Command, argument, option
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.options.syntaxes import SyntaxListType
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode
from dicomtx.transfer_syntaxes import by_uid

if TYPE_CHECKING:
    from dicomtx.settings import Settings
    from dicomtx.workflows.preview.negotiate import Sender, Sent


ENGINES = ("dicomtx", "orthanc-builtin", "orthanc-gdcm")


@click.command(cls=Command, short_help="Show in which syntax files would be sent to a peer.")
@argument("sources", metavar="SRC...", nargs=-1, required=True)
@option(
    *("Policy", "--orthanc"),
    metavar="PATH",
    multiple=True,
    help="Orthanc's configuration (file or folder).",
)
@option(
    *("Policy", "--modality"),
    metavar="NAME",
    help="The entry of DicomModalities to send to.",
)
@option(
    *("Policy", "--accepts"),
    metavar="SYNTAX[,SYNTAX]",
    type=SyntaxListType(),
    help="Syntaxes that the modality accepts.",
    shown="all that are proposed",
)
@option(
    *("Policy", "--engine"),
    type=click.Choice(ENGINES),
    help="Who sends, and with whose codecs: dicomtx, or an Orthanc server with or without its GDCM"
    " plugin.",
    shown="dicomtx; with --orthanc or --get: orthanc-gdcm if the configuration has the plugin, else"
    " orthanc-builtin",
)
@option(
    *("Policy", "--get"),
    is_flag=True,
    help="Show how Orthanc answers C-GET, instead of how files are sent by C-STORE.",
)
@settings_options("negotiate")
@option(
    *("Reports", "--json", "as_json"),
    is_flag=True,
    help="Print one JSON object per line, one for each file.",
)
@click.pass_obj
def negotiate(
    console: Console,
    /,
    sources: tuple[str, ...],
    settings: "Settings",
    *,
    as_json: bool,
    **to: Any,
) -> int:
    """Show in which syntax each file would be sent to a peer, or why it cannot be sent.

    Nothing is sent. A file is sent unchanged if the peer accepts its syntax. Otherwise it is
    converted to the preferred syntax, or to a native one. Orthanc and 'dicomtx send' follow the
    same rules, but have different codecs. Exit code 4: some files cannot be sent.
    """
    from dicomtx.cli.output import tables  # noqa: PLC0415 - a command imports its work when run
    from dicomtx.workflows.preview.negotiate import negotiated, peer_of  # noqa: PLC0415

    if to["modality"] and not to["orthanc"]:
        raise click.UsageError("--modality needs --orthanc: the configuration that names it")
    if not to["modality"] and to["accepts"] is None:
        raise click.UsageError("no destination: use --orthanc and --modality, or --accepts")
    if to["get"] and to["engine"] == "dicomtx":
        raise click.UsageError("dicomtx does not answer C-GET: use another --engine with --get")
    sender = _sender(console, to)
    peer = peer_of(sender.policy, to["modality"], to["accepts"])
    sent = negotiated(sources, peer, sender, settings)
    if as_json:
        import json  # noqa: PLC0415 - 5 ms that only --json needs

        code = ExitCode.DONE
        for one in sent:
            console.result(json.dumps(one._asdict()))
            code = max(code, ExitCode(one.exit_code))
        return code
    rows = list(sent)
    tables.show(console, [_row(one) for one in rows], ("File", "From", "Sent as", "Rule", "Why"))
    return max((ExitCode(one.exit_code) for one in rows), default=ExitCode.DONE)


def _sender(console: Console, to: dict[str, Any]) -> "Sender":
    """Returns who sends: what the options say, else what the configuration says."""
    from dicomtx.engine.orthanc.policy import OrthancPolicy  # noqa: PLC0415 - a command imports its work
    from dicomtx.workflows.policies.orthanc import read_orthanc  # noqa: PLC0415
    from dicomtx.workflows.policies.orthanc_engine import engine_of  # noqa: PLC0415
    from dicomtx.workflows.preview.negotiate import Sender  # noqa: PLC0415

    policy, guess = OrthancPolicy("defaults"), ""
    engine = "orthanc-builtin" if to["get"] else "dicomtx"
    if to["orthanc"]:
        policy = read_orthanc(to["orthanc"], os.environ)
        engine, guess = engine_of(policy)
    warnings = (*policy.warnings, *((guess,) if guess and not to["engine"] else ()))
    for text in warnings:
        console.note(f"warning: {text}", "warning")
    order = click.get_current_context().params.get("order")
    if order:
        policy = replace(policy, order=order)
    return Sender(to["engine"] or engine, policy, to["get"])


def _row(sent: "Sent") -> tuple[str, str, str, str, str]:
    target = by_uid(sent.target_syntax).name if sent.target_syntax else "-"
    source = by_uid(sent.source_syntax).name if sent.source_syntax else "-"
    by = sent.encoder or sent.decoder
    action = f"{sent.action} by {by}" if sent.engine != "dicomtx" and by else sent.action
    new = "new SOP Instance UID" if sent.new_sop_instance_uid else ""
    why = (sent.reason or action, new, *(f"warning: {text}" for text in sent.warnings))
    return sent.path, source, target, sent.rule or "-", "; ".join(filter(None, why))
