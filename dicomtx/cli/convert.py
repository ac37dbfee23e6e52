"""``dicomtx convert``: one file, whole."""

import os
from typing import Any

import click

from dicomtx.cli.options.headings import option
from dicomtx.cli.options.policy import policy_options
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.options.syntaxes import SyntaxCommand, to_option
from dicomtx.cli.output.console import Console


@click.command(cls=SyntaxCommand, short_help="Convert one file to another transfer syntax.")
@click.argument("source", metavar="SRC")
@click.argument("destination", metavar="[DST]", required=False)
@to_option("Target transfer syntax.", default="explicit", show_default=True)
@option("Output", "--overwrite", is_flag=True, help="Overwrite DST if it exists.")
@option("Output", "--in-place", is_flag=True, help="Overwrite SRC after verification.")
@settings_options("convert")
@policy_options
@option("Reports", "--json", "as_json", is_flag=True, help="Print the outcome as a JSON object.")
@option(
    *("Reports", "-v", "--verbose"),
    is_flag=True,
    help="Show the codecs used and failed attempts.",
)
@option("Reports", "-q", "--quiet", is_flag=True, help="Print errors only.")
@click.pass_obj
def convert(console: Console, /, source: str, destination: str | None, **options: Any) -> int:
    """Convert SRC to another transfer syntax and write it to DST.

    SRC and DST are files; '-' is standard input or output. dicomtx verifies the result first, and
    writes DST completely or not at all. A file that has nothing to transcode is copied unchanged
    and reported as kept.
    """
    from dicomtx.cli.output.frames_bar import frames_bar  # noqa: PLC0415 - likewise
    from dicomtx.cli.output.outcome import Report  # noqa: PLC0415 - a command imports its work when run
    from dicomtx.storage.location import locate  # noqa: PLC0415
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
        outcome = convert_file(Request(locate(source), destination, **options), progress)
    report.tell(outcome, console)
    return outcome.exit_code
