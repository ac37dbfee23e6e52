"""``dicomtx pull``: retrieves a study from a peer, and converts it."""

from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from dicomtx.cli.options.commands import ARGUMENTS
from dicomtx.cli.options.headings import argument
from dicomtx.cli.options.many_files import REPORTS, add
from dicomtx.cli.options.network import http_options, tls_options
from dicomtx.cli.options.policy import policy_options
from dicomtx.cli.options.pull import PULL
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.options.syntaxes import SyntaxCommand
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode

if TYPE_CHECKING:
    from dicomtx.cli.output.outcome import Report
    from dicomtx.network.address import Address
    from dicomtx.network.retrieval import Place
    from dicomtx.workflows.batch.batch import BatchRun
    from dicomtx.workflows.batch.job import Batch
    from dicomtx.workflows.pull.job import Connecting, Pull
    from dicomtx.workflows.pull.pull import PullRun


def _options(command: Any) -> Any:
    """Adds all options."""
    return add((*PULL, settings_options("pull"), policy_options, *REPORTS), command)


@click.command(cls=SyntaxCommand, short_help="Retrieve a study from a peer, and convert it.")
@click.argument("source", metavar="SOURCE")
@argument("destination", metavar="DST")
@_options
@click.pass_obj
def pull(console: Console, /, source: str, destination: str, **options: Any) -> int:
    """Retrieve a study, a series or an instance from SOURCE, and write it to the folder DST.

    SOURCE is the address of a DICOMweb server (https://host/dicom-web), of Orthanc
    (orthanc+https://host:8042), or of a peer with C-FIND and C-GET (dicom://AET@host:port). The
    peer sends the instances as it stores them. dicomtx checks that each one is complete. With --to
    or a policy it converts them. Files in DST are complete at any moment.

    If instances are missing at the end, dicomtx names them and exits with 1. To get them, run the
    same command again: it skips the instances that are finished.
    """
    from dicomtx.cli.output.outcome import Report  # noqa: PLC0415 - a command imports its work when run

    tell = Report(*(options.pop(name) for name in ("as_json", "verbose", "quiet")))
    if tell.verbose and tell.quiet:
        raise click.UsageError("-v and -q contradict each other")
    asked = _pull(source, destination, options)
    if options["dry_run"]:
        return _dry_run(console, asked, tell)
    return _run(console, asked, tell, options["reports"])


def _run(console: Console, asked: "Pull", tell: "Report", reports: tuple[str, ...]) -> int:
    """Retrieves and converts, reports the outcomes, and returns the exit code."""
    from dicomtx.workflows.pull.pull import opened  # noqa: PLC0415
    from dicomtx.workflows.reports.writers import check_reports  # noqa: PLC0415

    check_reports(reports)
    with opened(asked) as run:
        if not tell.quiet and run.listed is None:
            console.note("warning: the peer does not list its instances, so none can be missed")
        elif not tell.quiet:
            console.note(f"retrieving {len(run.to_do())} of {len(run.listed or ())} instances")
        run.retrieve()
        with run.converted() as batch:
            return _convert(console, run, batch, tell, reports)


def _convert(
    console: Console, run: "PullRun", batch: "BatchRun", tell: "Report", reports: tuple[str, ...]
) -> int:
    """Converts what arrived, and returns the exit code."""
    from dicomtx.cli.output.groups import Groups  # noqa: PLC0415
    from dicomtx.cli.output.progress import shown  # noqa: PLC0415
    from dicomtx.run_facts import run_facts  # noqa: PLC0415
    from dicomtx.workflows.reports.totals import Totals  # noqa: PLC0415
    from dicomtx.workflows.reports.writers import open_report  # noqa: PLC0415

    totals, wrong, files = Totals(), 0, run.files + batch.known + batch.to_do
    arguments = click.get_current_context().meta[ARGUMENTS]
    facts = run_facts(arguments, (str(run.pull.address),), run.pull.batch.destination)
    with ExitStack() as stack:
        rows = [stack.enter_context(open_report(path, facts)) for path in reports]
        stack.enter_context(shown(console, totals, files, tell=tell, command="pull"))
        groups = Groups(console, quiet=tell.quiet)
        stack.callback(groups.close)
        for outcome in stack.enter_context(closing(run.outcomes(batch))):
            totals.add(outcome)
            wrong += outcome.status in ("failed", "refused")
            for row in rows:
                row.add(outcome)
            if tell.as_json or tell.verbose:
                tell.tell(outcome, console)
            else:
                groups.add(outcome)
        for row in rows:
            row.complete = totals.files >= files
    return ExitCode.SOME_FAILED if wrong else ExitCode.DONE


def _dry_run(console: Console, asked: "Pull", tell: "Report") -> int:
    """Prints what would be retrieved."""
    import json  # noqa: PLC0415

    from dicomtx.workflows.pull.pull import preview  # noqa: PLC0415

    for place, finished in preview(asked):
        action = "skip" if finished else "retrieve"
        if tell.as_json:
            found = {"path": asked.name_of(place), "action": action, **place._asdict()}
            console.result(json.dumps(found))
        elif not tell.quiet:
            console.result(f"{asked.name_of(place)}: {action}")
    return ExitCode.DONE


def _pull(source: str, destination: str, options: dict[str, Any]) -> "Pull":
    """Returns the pull to run.

    Raises:
        UsageError: an address or a UID is invalid.
    """
    from dicomtx.network.address import address_of  # noqa: PLC0415
    from dicomtx.settings.values import bytes_of  # noqa: PLC0415
    from dicomtx.workflows.pull.job import Pull  # noqa: PLC0415

    address, wanted = address_of(source), _wanted(options)
    return Pull(
        address,
        wanted,
        _batch(destination, options),
        _connection(address, options),
        bytes_of("--max-size", options["max_size"]),
    )


def _connection(address: "Address", options: dict[str, Any]) -> "Connecting":
    """Returns what opens a connection to the address."""
    from dicomtx.network.address import WebAddress  # noqa: PLC0415
    from dicomtx.workflows.pull.connections import connect_dicom, connect_web  # noqa: PLC0415

    if isinstance(address, WebAddress):
        return partial(connect_web, address, http_options(address, options))
    from dicomtx.network.address import checked_aet  # noqa: PLC0415
    from dicomtx.network.dimse.association import DimseOptions  # noqa: PLC0415

    how = DimseOptions(
        calling_aet=checked_aet(options["aet"]),
        connect_seconds=options["connect_timeout"],
        dimse_seconds=options["answer_timeout"],
        tls=tls_options(address, options),
    )
    return partial(connect_dicom, address, how, options["sop_classes"])


def _wanted(options: dict[str, Any]) -> "Place":
    """Returns the UIDs of what to retrieve.

    Raises:
        click.UsageError: one is not a UID, or a level between two is missing.
    """
    from dicomtx.network.retrieval import Place, is_uid  # noqa: PLC0415

    names = ("study", "series", "instance")
    for name in names:
        if options[name] and not is_uid(options[name]):
            raise click.UsageError(f"--{name} {options[name]}: not a UID (PS3.5 9.1)")
    for uid in options["sop_classes"]:
        if not is_uid(uid):
            raise click.UsageError(f"--sop-class {uid}: not a UID (PS3.5 9.1)")
    if not options["study"]:
        raise click.UsageError("--study is empty: use a Study Instance UID")
    if options["instance"] and not options["series"]:
        raise click.UsageError("--instance needs --series")
    return Place(*(options[name] for name in names))


def _batch(destination: str, options: dict[str, Any]) -> "Batch":
    """Returns how the files are converted, and where they go."""
    from dicomtx.transfer_syntaxes import DEFAULT_TARGET  # noqa: PLC0415
    from dicomtx.workflows.batch.job import Batch  # noqa: PLC0415
    from dicomtx.workflows.batch.resume import Choice  # noqa: PLC0415
    from dicomtx.workflows.inputs.layout import Layout  # noqa: PLC0415
    from dicomtx.workflows.pull.job import AsStored  # noqa: PLC0415
    from dicomtx.workflows.workers.pool import ProcessPool  # noqa: PLC0415

    target, settings = options["target"], options["settings"]
    return Batch(
        (),
        destination,
        target or DEFAULT_TARGET,
        settings,
        layout=Layout.parse(options["layout"]) if options["layout"] else None,
        choice=Choice(overwrite=options["overwrite"]),
        remap=options["remap"],
        executor=ProcessPool(options["jobs"], settings.max_memory, options["file_timeout"]),
        policy=options["policy"] or (None if target else AsStored()),
        on_failure=options["on_failure"],
    )
