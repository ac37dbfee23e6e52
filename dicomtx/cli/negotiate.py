"""``dicomtx negotiate``: shows in which syntax Orthanc would send files by C-STORE."""

import os
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
    from dicomtx.workflows.preview.negotiate import Sent


@click.command(cls=Command, short_help="Show in which syntax Orthanc would send files.")
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
    """Show in which syntax Orthanc would send each file by C-STORE, or why it cannot.

    Nothing is sent. Orthanc sends a file unchanged if the modality accepts its syntax. Otherwise
    Orthanc converts it to the preferred syntax, or to a native one. Exit code 4: some files cannot
    be sent.
    """
    from dicomtx.cli.output import tables  # noqa: PLC0415 - a command imports its work when run
    from dicomtx.workflows.preview.negotiate import negotiated, peer_of  # noqa: PLC0415

    if to["modality"] and not to["orthanc"]:
        raise click.UsageError("--modality needs --orthanc: the configuration that names it")
    if not to["modality"] and to["accepts"] is None:
        raise click.UsageError("no destination: use --orthanc and --modality, or --accepts")
    peer = peer_of(to["orthanc"], to["modality"], to["accepts"], os.environ)
    sent = negotiated(sources, peer, settings)
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


def _row(sent: "Sent") -> tuple[str, str, str, str, str]:
    target = by_uid(sent.target_syntax).name if sent.target_syntax else "-"
    source = by_uid(sent.source_syntax).name if sent.source_syntax else "-"
    new = "new SOP Instance UID" if sent.new_sop_instance_uid else ""
    why = "; ".join(text for text in (sent.reason or sent.action, new) if text)
    return sent.path, source, target, sent.rule or "-", why
