"""``dicomtx convert``: converts one file."""

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import click

from dicomtx.cli.options.headings import argument, option
from dicomtx.cli.options.places import (
    dry_run_option,
    lasting,
    output_option,
    overwrite_option,
)
from dicomtx.cli.options.policy import policy_options
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.options.syntaxes import SyntaxCommand, to_option
from dicomtx.cli.output.console import Console

if TYPE_CHECKING:
    from dicomtx.cli.output.outcome import Report
    from dicomtx.workflows.convert.request import Request

LARGE: Final = 4 << 20  # bytes


@click.command(cls=SyntaxCommand, short_help="Convert one file to another transfer syntax.")
@argument("source", metavar="SRC")
@argument("destination", metavar="[DST]", required=False)
@argument("more", metavar="", nargs=-1)
@to_option("Target transfer syntax.", default="explicit", show_default=True)
@output_option("DST", "Same as the argument DST.")
@overwrite_option("Overwrite DST if it exists.")
@option("Output", "--in-place", is_flag=True, help="Overwrite SRC after verification.")
@dry_run_option()
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
def convert(
    console: Console,
    /,
    source: str,
    destination: str | None,
    more: tuple[str, ...],
    **options: Any,
) -> int:
    """Convert SRC to another transfer syntax and write it to DST.

    SRC is a file. DST is a file or an existing folder. '-' is standard input or output. dicomtx
    verifies the result before it writes DST, and never leaves a partial DST. If there is nothing to
    transcode, dicomtx copies SRC unchanged and reports it as kept.
    """
    from dicomtx.cli.output.frames_bar import frames_bar  # noqa: PLC0415
    from dicomtx.cli.output.outcome import Report  # noqa: PLC0415 - a command imports its work when run
    from dicomtx.storage.location import locate  # noqa: PLC0415
    from dicomtx.workflows.convert.convert import convert as convert_file  # noqa: PLC0415
    from dicomtx.workflows.convert.request import Request  # noqa: PLC0415

    report = Report(*(options.pop(name) for name in ("as_json", "verbose", "quiet")))
    if report.verbose and report.quiet:
        raise click.UsageError("-v and -q contradict each other")
    if more:
        raise click.UsageError(
            f"convert takes SRC and DST, not also '{more[0]}'. For several files, use"
            " 'dicomtx batch SRC... DST'"
        )
    destination = _destination(
        source, destination, options.pop("output"), in_place=options["in_place"]
    )
    dry = options.pop("dry_run")
    request = Request(locate(source), destination, **options)
    if dry:
        return _dry_run(console, request, report)
    _prepare_for(source)
    quiet = report.quiet or report.as_json
    with frames_bar(console, os.path.basename(source), quiet=quiet) as progress:
        outcome = convert_file(request, progress)
    report.tell(outcome, console)
    return outcome.exit_code


def _prepare_for(source: str) -> None:
    """Prepares this process for large frames, if the source may have some."""
    from dicomtx.resources import keep_freed_memory  # noqa: PLC0415 - a command imports its work when run

    with suppress(OSError):  # a member of an archive, which is not worth the look
        if source == "-" or os.path.getsize(source) > LARGE:
            keep_freed_memory()


def _dry_run(console: Console, request: "Request", report: "Report") -> int:
    """Prints what would be done, and returns the exit code of the conversion."""
    from dicomtx.cli.output.dry_run import show_one  # noqa: PLC0415 - a command imports its work when run
    from dicomtx.codecs.registry import Codecs  # noqa: PLC0415
    from dicomtx.workflows.preview.conversion import preview  # noqa: PLC0415

    with Codecs(request.settings) as codecs:
        planned = preview(request, codecs)
    show_one(console, planned, report)
    return planned.exit_code


def _destination(source: str, named: str | None, output: str, *, in_place: bool) -> str:
    """Returns where the result goes: in a folder, it gets the name of the source.

    Raises:
        click.UsageError: DST is missing or given twice.
    """
    if named and output:
        raise click.UsageError(
            f"DST and -o contradict each other: {named}, {output}. For several files, use"
            f" 'dicomtx batch SRC... -o {output}'"
        )
    destination = output or named
    if in_place and source != "-" and destination in (None, source):
        return source
    if in_place and destination:
        raise click.UsageError(
            f"--in-place overwrites SRC, so nothing would be written to {destination}: drop one of"
            " them"
        )
    if not destination:
        raise click.UsageError("DST is missing: add it, or overwrite SRC with --in-place")
    from dicomtx.urls import is_url, without_secrets  # noqa: PLC0415 - a command imports its work

    lasting(destination)
    if not (os.path.isdir(destination) or (is_url(destination) and destination.endswith("/"))):
        return destination
    if source == "-":
        raise click.UsageError(f"{destination} is a folder: name a file in it")
    return os.path.join(destination, os.path.basename(without_secrets(source)))
