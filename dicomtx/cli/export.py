"""``dicomtx export archive`` and ``media``: write files to one archive or File-set."""

from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from typing import TYPE_CHECKING, Any, Final

import click

from dicomtx.cli.options.commands import ARGUMENTS, Group
from dicomtx.cli.options.headings import argument, option
from dicomtx.cli.options.many_files import FINDING, JOBS, REPORTS, SELECTION, add
from dicomtx.cli.options.places import (
    dry_run_option,
    output_option,
    overwrite_option,
    sources_and_output,
)
from dicomtx.cli.options.policy import policy_options
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.options.syntaxes import SyntaxCommand, to_option
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode, UsageError
from dicomtx.transfer_syntaxes import DEFAULT_TARGET

if TYPE_CHECKING:
    from collections.abc import Callable

    from dicomtx.cli.output.groups import Groups
    from dicomtx.cli.output.outcome import Report
    from dicomtx.workflows.convert.request import Outcome
    from dicomtx.workflows.export.job import Export
    from dicomtx.workflows.reports.totals import Totals

BAD: Final = ("failed", "refused")
FILE_SET_ID: Final = "File-set ID: up to 16 of A-Z, 0-9 and _."
MEDIA: Final = ("naming", "file_set_id", "extended", "append", "icons")


def _common(command: Any) -> Any:
    """Adds the options that archives and media share."""
    options = (
        argument("paths", metavar="SRC... OUT", nargs=-1),
        to_option("Target transfer syntax.", shown="that of each file"),
        output_option("OUT", "Same as the argument OUT. All arguments are then SRC."),
        overwrite_option("Overwrite OUT if it is an existing ZIP archive."),
        dry_run_option(),
        option("Output", "--no-manifest", is_flag=True, help="Leave out MANIFEST.json."),
        option(
            *("Output", "--reproducible"),
            is_flag=True,
            help="Write the same bytes for the same input. Implies --uid derived.",
        ),
        *(*SELECTION, *JOBS, settings_options("export"), policy_options, *REPORTS),
        click.pass_obj,
    )
    return add(options, command)


@click.group(
    cls=Group,
    short_help="Write files to one archive, or to media with a DICOMDIR.",
    for_path="Use 'dicomtx export archive SRC... OUT.zip' for a ZIP archive, or"
    " 'dicomtx export media SRC... OUT' for files with a DICOMDIR",
    meant={"zip": "archive", "dicomdir": "media", "iso": "media", "cd": "media"},
)
def export() -> None:
    """Transcode files and write them to one archive, or to media with a DICOMDIR.

    SRC are files, folders, ZIP archives, DICOMDIRs, or '-' for a list of paths on standard input.
    If a file cannot be transcoded, it is exported unchanged and noted in MANIFEST.json, and the
    exit code is 1. With --strict, such a file is an error, and nothing is written.
    """


@export.command(cls=SyntaxCommand, short_help="Write a ZIP archive.")
@_common
@option(
    *("Output", "--layout"),
    metavar="NAME|TEMPLATE",
    default="orthanc",
    show_default=True,
    help="Output names as in Orthanc (orthanc, orthanc-1.13), or built from elements, as in"
    " {PatientID}/{SOPInstanceUID}.dcm.",
)
def archive(console: Console, /, **options: Any) -> int:
    """Write SRC to the ZIP archive OUT, '-' for standard output.

    By default, folders and files have the names that Orthanc gives them.
    """
    return _export(console, options, None)


@export.command(cls=SyntaxCommand, short_help="Write a File-set: files with a DICOMDIR.")
@_common
@option(
    *("Output", "--profile"),
    metavar="NAME",
    help="Conform to a PS3.11 application profile.",
)
@option(
    *("Output", "--naming"),
    type=click.Choice(["orthanc", "standard"]),
    default="orthanc",
    show_default=True,
    help="File names: IMAGES/IM0 (orthanc), or PT000000/ST000000/SE000000/IM000000 (standard).",
)
@option(
    "Output",
    "--file-set-id",
    metavar="ID",
    default="",
    help=FILE_SET_ID,
    shown="DICOMTX; with --append, unchanged",
)
@option("Output", "--extended", is_flag=True, help="Add Series Description to series records.")
@option("Output", "--icons", is_flag=True, help="Add an icon of 64 x 64 pixels to image records.")
@option("Output", "--append", is_flag=True, help="Add files to the File-set in the folder OUT.")
def media(console: Console, /, **options: Any) -> int:
    """Write SRC and a DICOMDIR to OUT: a ZIP archive if it ends in .zip, otherwise a new folder.

    If a file lacks a key that the DICOMDIR requires, dicomtx generates one in the DICOMDIR only.
    With --strict a missing key is an error.
    """
    from dicomtx.workflows.export.dicomdir import is_file_set_id  # noqa: PLC0415
    from dicomtx.workflows.export.job import Media  # noqa: PLC0415
    from dicomtx.workflows.export.media_profiles import profile  # noqa: PLC0415

    named = options.pop("profile")
    kept = profile(named) if named else None
    asked = {name: options.pop(name) for name in MEDIA}
    identifier = asked["file_set_id"]
    if identifier and not is_file_set_id(identifier):
        raise UsageError(f"--file-set-id {identifier!r}: up to 16 of A-Z, 0-9 and _")
    settings = options["settings"]
    if kept and not settings.fallback:  # every profile allows it
        options["settings"] = settings._replace(fallback=(DEFAULT_TARGET.name,))
    return _export(console, options, Media(**asked, profile=kept))


def _export(console: Console, options: dict[str, Any], media: Any) -> int:
    """Builds the export from the options, runs it, and returns the exit code."""
    from dicomtx.workflows.export.job import Export  # noqa: PLC0415
    from dicomtx.workflows.inputs.arguments import Selection  # noqa: PLC0415
    from dicomtx.workflows.workers.pool import ProcessPool  # noqa: PLC0415

    sources, destination = sources_and_output(options.pop("paths"), options.pop("output"))
    if not sources:
        raise UsageError("SRC or OUT is missing")
    finding = Selection(**{name: options.pop(name) for name in FINDING})
    told = {n: options.pop(n) for n in ("as_json", "verbose", "quiet", "reports")}
    if told["verbose"] and told["quiet"]:
        raise UsageError("-v and -q contradict each other")
    dry = options.pop("dry_run")
    if dry and told["reports"]:
        raise UsageError("--dry-run and --report contradict each other")
    manifest = not options.pop("no_manifest")
    settings = options["settings"]
    if options["reproducible"] and settings.uid == "new":
        raise UsageError("--reproducible and --uid new contradict each other: use --uid derived")
    pool = ProcessPool(options.pop("jobs"), settings.max_memory, options.pop("file_timeout"))
    job = Export(
        sources,
        destination,
        **options,
        media=media,
        finding=finding,
        executor=pool,
        manifest=manifest,
    )
    return (_dry_run if dry else _told)(console, job, told)


def _dry_run(console: Console, job: "Export", told: dict[str, Any]) -> int:
    """Prints what the export would do, and returns its exit code."""
    from dicomtx.cli.output.dry_run import show, wrong  # noqa: PLC0415
    from dicomtx.cli.output.outcome import Report  # noqa: PLC0415
    from dicomtx.workflows.export.dry_run import dry_run  # noqa: PLC0415

    tell = Report(told["as_json"], told["verbose"], told["quiet"])
    sums = show(console, dry_run(job), tell)
    return ExitCode.SOME_FAILED if wrong(sums, refusals=False) else ExitCode.DONE


def _told(console: Console, job: "Export", told: dict[str, Any]) -> int:
    """Runs the export, reports the outcomes, and returns the exit code."""
    from dicomtx.cli.output.groups import Groups  # noqa: PLC0415
    from dicomtx.cli.output.outcome import Report  # noqa: PLC0415
    from dicomtx.cli.output.progress import tell_if_none_listed  # noqa: PLC0415
    from dicomtx.run_facts import run_facts  # noqa: PLC0415
    from dicomtx.workflows.export.export import opened  # noqa: PLC0415
    from dicomtx.workflows.reports.totals import Totals  # noqa: PLC0415
    from dicomtx.workflows.reports.writers import open_report  # noqa: PLC0415

    tell = Report(told["as_json"], told["verbose"], told["quiet"])
    totals, wrong = Totals(), 0
    groups = Groups(console, quiet=tell.quiet, everything=True)
    show = _shows(console, tell, groups, piped=job.destination == "-")
    with ExitStack() as stack:
        facts = run_facts(click.get_current_context().meta[ARGUMENTS], job.sources, job.destination)
        reports = [stack.enter_context(open_report(path, facts)) for path in told["reports"]]
        run = stack.enter_context(opened(job))

        def told_of(outcome: "Outcome") -> None:
            nonlocal wrong
            totals.add(outcome)
            wrong += outcome.status in BAD and outcome.exit_code != ExitCode.POLICY
            for report in reports:
                report.add(outcome)
            show(outcome)

        for text in run.warnings:
            console.note(f"{job.destination}: {text}", "warning")
        for outcome in run.left_out():
            told_of(outcome)
        stack.callback(groups.close)
        stack.enter_context(_moving(console, totals, run.files, quiet=tell.quiet))
        for outcome in stack.enter_context(closing(run.converted())):
            told_of(outcome)
    if not tell.quiet:
        tell_if_none_listed(console, job.sources, totals.files)
        _show_summary(console, totals, job.destination, as_json=tell.as_json)
    return ExitCode.SOME_FAILED if wrong else ExitCode.DONE


def _moving(
    console: Console, totals: "Totals", files: int, *, quiet: bool
) -> "AbstractContextManager[None]":
    """Shows the progress, unless ``quiet``."""
    if quiet:
        return nullcontext()
    from dicomtx.cli.output.progress import moving  # noqa: PLC0415

    return moving(console, totals, totals.files + files, "export")


def _shows(
    console: Console, tell: "Report", groups: "Groups", *, piped: bool
) -> "Callable[[Outcome], None]":
    """Returns what shows one outcome: as JSON, in full, or what a user should know of it.

    If the archive goes to standard output, all goes to standard error.
    """
    if tell.as_json:
        from json import dumps  # noqa: PLC0415

        line = console.error if piped else console.result
        return lambda outcome: line(dumps(outcome.as_json()))
    if tell.verbose and not piped:
        return lambda outcome: tell.tell(outcome, console)
    return groups.add


def _show_summary(console: Console, totals: "Totals", destination: str, *, as_json: bool) -> None:
    """Prints the last line; on standard error if standard output has the archive or JSON."""
    from dicomtx.cli.output.progress import STATUSES, bad, counts  # noqa: PLC0415
    from dicomtx.sizes import size  # noqa: PLC0415

    statuses = [status for status in STATUSES if totals.by_status[status]]
    sizes = f"{size(totals.written.bytes_in)} -> {size(totals.written.bytes_out)}"
    line = f"{destination}: {counts(totals, statuses) or 'no files'}, {sizes}"
    if destination == "-" or as_json:
        console.note(line)
    else:
        console.line(line, bad(totals))
