"""``dicomtx convert``: one file, whole."""

import os
from typing import Any

import click

from dicomtx.cli.options.policy import policy_options
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.options.syntaxes import SyntaxCommand, SyntaxType
from dicomtx.cli.output.console import Console


@click.command(cls=SyntaxCommand, short_help="Convert one file to another transfer syntax.")
@click.argument("source", metavar="SRC")
@click.argument("destination", metavar="[DST]", required=False)
@click.option(
    "--to",
    "target",
    type=SyntaxType(),
    metavar="SYNTAX",
    default="explicit",
    show_default=True,
    help="Transfer syntax wanted.",
)
@click.option("--overwrite", is_flag=True, help="Replace DST if it is there.")
@click.option("--in-place", is_flag=True, help="Replace SRC itself, if all went well.")
@settings_options("convert")
@policy_options
@click.option("--json", "as_json", is_flag=True, help="Tell the outcome as one JSON object.")
@click.option("-v", "--verbose", is_flag=True, help="Tell how it was done and what was tried.")
@click.option("-q", "--quiet", is_flag=True, help="Tell errors only.")
@click.pass_obj
def convert(console: Console, /, source: str, destination: str | None, **options: Any) -> int:
    """Convert SRC to another transfer syntax and write it to DST.

    SRC and DST are files; '-' is standard input or output. DST is written whole or not at all,
    after the result was decoded again and compared. A file that has nothing to transcode is
    copied as it is, and said to be kept.
    """
    from dicomtx.cli.output.frames_bar import frames_bar  # noqa: PLC0415 - likewise
    from dicomtx.cli.output.outcome import Report  # noqa: PLC0415 - a command imports its work when run
    from dicomtx.workflows.convert.convert import convert as convert_file  # noqa: PLC0415
    from dicomtx.workflows.convert.request import Request  # noqa: PLC0415

    report = Report(*(options.pop(name) for name in ("as_json", "verbose", "quiet")))
    if report.verbose and report.quiet:
        raise click.UsageError("-v and -q contradict each other")
    if destination is None:
        if not options["in_place"] or source == "-":
            raise click.UsageError("DST is missing: name it, or replace SRC with --in-place")
        destination = source
    quiet = report.quiet or report.as_json
    with frames_bar(console, os.path.basename(source), quiet=quiet) as progress:
        outcome = convert_file(Request(source, destination, **options), progress)
    report.tell(outcome, console)
    return outcome.exit_code
