"""Carries out what a tool's command line asks for, as ``dicomtx convert`` does."""

import os
from typing import Final

import click

from dicomtx.cli.faces.command_line import Given
from dicomtx.cli.faces.row import Tool
from dicomtx.cli.faces.wanted import LOSSY_JPEG, NATIVE, SAME, Wanted
from dicomtx.cli.output.console import Console
from dicomtx.cli.output.frames_bar import frames_bar
from dicomtx.cli.output.outcome import Report
from dicomtx.dicom.inspection import FileInfo, read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.errors import UnsupportedError, UsageError
from dicomtx.limits import enforce
from dicomtx.settings import is_exact, load
from dicomtx.storage.location import locate
from dicomtx.transfer_syntaxes import TransferSyntax, find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Request

EXPLICIT: Final = "explicit-vr-little-endian"
IMPLICIT: Final = "implicit-vr-little-endian"
OTHER_OPTIONS: Final = (
    "the options in this message are those of 'dicomtx convert'; here, most of them are variables,"
    " such as DICOMTX_ALLOW_GENERATION_LOSS=1"
)


def run(console: Console, tool: Tool, given: Given) -> int:
    """Converts the file, and returns the exit code.

    Raises:
        click.UsageError: the options contradict each other, or a file is missing.
        DicomtxError: the source cannot be read, or is not what the options say.
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
    target = _target(source, wanted, salvage=settings.salvage)
    in_place = _same_file(source, destination)
    if in_place and not (is_exact(target, settings) or settings.allow_lossy_in_place):
        raise click.UsageError(
            f"{target.name} is lossy, and {destination} is the source: name another destination,"
            " or set DICOMTX_ALLOW_LOSSY_IN_PLACE=1"
        )
    request = Request(
        locate(source), destination, target, overwrite=True, in_place=in_place, settings=settings
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


def _target(source: str, wanted: Wanted, *, salvage: bool) -> TransferSyntax:
    """Returns the target; reads the header of the source if it depends on it.

    Raises:
        UsageError: the source is standard input, which can be read only once.
        DicomtxError: the source cannot be read, or is not what the options say.
    """
    if not wanted.needs_header:
        return find(wanted.target)
    if source == "-":
        raise UsageError(
            "with standard input, name the output syntax, and give no option about the input"
        )
    with locate(source).open() as file, open_part10(file, salvage=salvage) as part10:
        header = read_file_info(part10)
    _check(source, header, wanted)
    return find(_resolved(header, wanted.target))


def _check(source: str, header: FileInfo, wanted: Wanted) -> None:
    """Checks what the options say about the source.

    Raises:
        UnsupportedError: it is not so.
    """
    meta = header.meta in ("whole", "no syntax")
    if wanted.has_meta is not None and wanted.has_meta != meta:
        has = "has" if meta else "has no"
        raise UnsupportedError(f"{source}: it {has} file meta information; drop the input option")
    if wanted.encoding and wanted.encoding != _encoding(header):
        raise UnsupportedError(
            f"{source}: the data set is {_encoding(header)}, not {wanted.encoding}; drop the"
            " option, since dicomtx recognizes the encoding"
        )
    by_plane = header.image and header.image.planar_configuration
    if wanted.planar is not None and by_plane and not header.syntax.encapsulated:
        raise UnsupportedError(
            f"{source}: the samples are stored by plane, and dicomtx does not rearrange native"
            " pixel data"
        )


def _encoding(header: FileInfo) -> str:
    """Returns the native syntax with the encoding of the data set."""
    if header.syntax.implicit_vr:
        return IMPLICIT
    return "explicit-vr-big-endian" if header.syntax.big_endian else EXPLICIT


def _resolved(header: FileInfo, target: str) -> str:
    """Returns the name of a target that depends on the source."""
    if target == SAME:
        return header.syntax.uid
    if target == NATIVE:
        implicit = header.syntax.implicit_vr and not header.syntax.encapsulated
        return IMPLICIT if implicit else EXPLICIT
    if target == LOSSY_JPEG:
        wide = header.image and header.image.bits_allocated > 8
        return "jpeg-extended" if wide else "jpeg-baseline"
    return target
