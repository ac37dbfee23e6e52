"""Carries out what a tool's command line asks for, as ``dicomtx convert`` does."""

import os
from typing import Final

import click

from dicomtx.cli.faces.by_source import BySource
from dicomtx.cli.faces.command_line import Given
from dicomtx.cli.faces.row import Tool
from dicomtx.cli.faces.wanted import Wanted
from dicomtx.cli.output.console import Console
from dicomtx.cli.output.frames_bar import frames_bar
from dicomtx.cli.output.outcome import Report
from dicomtx.limits import enforce
from dicomtx.settings import load
from dicomtx.storage.location import locate
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request

OTHER_OPTIONS: Final = (
    "the options in this message are those of 'dicomtx convert'; here, most of them are variables,"
    " such as DICOMTX_ALLOW_GENERATION_LOSS=1"
)


def run(console: Console, tool: Tool, given: Given) -> int:
    """Converts the file, and returns the exit code.

    Raises:
        click.UsageError: the options contradict each other, or a file is missing.
        SettingsError: a variable or the settings file is wrong.
    """
    wanted: Wanted = tool.finish(given.choices)
    source, destination = _files(tool, given)
    report = Report(
        verbose=wanted.verbosity == "verbose",
        quiet=wanted.verbosity == "quiet",
        result_line=wanted.verbosity == "verbose",
    )
    for note in wanted.notes if not report.quiet else ():
        console.note(f"warning: {note}", "warning")
    settings = load(None, os.environ, **wanted.settings)
    enforce(settings.limits)
    request = Request(
        locate(source),
        destination,
        overwrite=True,
        in_place=_same_file(source, destination),
        settings=settings,
        policy=BySource(wanted, tool.name),
    )
    with frames_bar(console, os.path.basename(source), quiet=report.quiet) as progress:
        outcome = convert(request, progress)
    report.tell(outcome, console)
    if " --" in outcome.error:
        console.note(OTHER_OPTIONS)
    return outcome.exit_code


def _files(tool: Tool, given: Given) -> tuple[str, str]:
    """Returns source and destination.

    Raises:
        click.UsageError: one is missing or given twice.
    """
    named = [given.choices[key] for key in ("input", "output") if key in given.choices]
    if len(named) == 1 or (named and given.files):
        raise click.UsageError("give both files as arguments, or both with -i and -o")
    files = [*(named or given.files)]
    if len(files) != 2:
        count = "no files" if not files else f"{len(files)} file{'s' * (len(files) > 1)}"
        raise click.UsageError(f"{tool.name} needs a source and a destination, not {count}")
    if not tool.streams:
        files = ["./-" if name == "-" else name for name in files]
    return files[0], files[1]


def _same_file(source: str, destination: str) -> bool:
    try:
        return "-" not in (source, destination) and os.path.samefile(source, destination)
    except OSError:  # one does not exist
        return False
