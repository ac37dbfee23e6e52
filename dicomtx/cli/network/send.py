"""``dicomtx send``: sends files to a peer."""

import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import click

from dicomtx.cli.options.commands import ARGUMENTS
from dicomtx.cli.options.headings import argument
from dicomtx.cli.options.many_files import FINDING, REPORTS, SELECTION, add
from dicomtx.cli.options.policy import policy_options
from dicomtx.cli.options.send import NETWORK, RESUME, SEND
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.options.syntaxes import SyntaxCommand
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode, SettingsError

if TYPE_CHECKING:
    from dicomtx.cli.output.outcome import Report
    from dicomtx.network.address import Address
    from dicomtx.settings import Settings
    from dicomtx.transfer_syntaxes import TransferSyntax
    from dicomtx.workflows.send.job import Sending
    from dicomtx.workflows.send.options import SendOptions
    from dicomtx.workflows.send.retry import Schedule


def _options(command: Any) -> Any:
    """Adds all options."""
    settings = (settings_options("send"), policy_options)
    return add((*SEND, *SELECTION, *NETWORK, *settings, *RESUME, *REPORTS), command)


@click.command(cls=SyntaxCommand, short_help="Send files by C-STORE, by STOW-RS, or to Orthanc.")
@argument("paths", metavar="SRC... DESTINATION", nargs=-1)
@_options
@click.pass_obj
def send(console: Console, /, paths: tuple[str, ...], **options: Any) -> int:
    """Send all files of SRC to the peer at DESTINATION.

    SRC are files, folders, ZIP archives, DICOMDIRs, or '-' for a list of paths on standard input.
    DESTINATION is dicom://AET@host:port (dicoms:// for TLS), https://host/dicom-web for a DICOMweb
    server, or orthanc+https://host:8042 for Orthanc.

    A file is sent unchanged if the peer accepts its syntax. Otherwise it is converted: to
    --preferred, or else to a native syntax, with the same SOP Instance UID. A file that cannot be
    sent as requested fails. In folders, files that are not DICOM are skipped. Exit code 1: some
    files were not delivered; 10: the peer cannot be reached.
    """
    from dicomtx.cli.output.outcome import Report  # noqa: PLC0415 - a command imports its work when run

    tell = Report(*(options.pop(name) for name in ("as_json", "verbose", "quiet")))
    if tell.verbose and tell.quiet:
        raise click.UsageError("-v and -q contradict each other")
    asked = _sending(paths, options)
    if options["dry_run"]:
        from dicomtx.cli.output.sending import show  # noqa: PLC0415
        from dicomtx.workflows.send.preview import previewed  # noqa: PLC0415

        return show(console, previewed(asked), tell)
    return _run(console, asked, tell, options["reports"])


def _run(console: Console, asked: "Sending", tell: "Report", reports: tuple[str, ...]) -> int:
    """Sends, reports the outcomes, and returns the exit code."""
    from dicomtx.cli.output.groups import Groups  # noqa: PLC0415
    from dicomtx.cli.output.progress import bad  # noqa: PLC0415
    from dicomtx.cli.output.sending import summary  # noqa: PLC0415
    from dicomtx.run_facts import run_facts  # noqa: PLC0415
    from dicomtx.workflows.reports.totals import Totals  # noqa: PLC0415
    from dicomtx.workflows.reports.writers import check_reports, open_report  # noqa: PLC0415
    from dicomtx.workflows.send.send import opened  # noqa: PLC0415

    check_reports(reports)
    started, totals = time.monotonic(), Totals()
    arguments = click.get_current_context().meta[ARGUMENTS]
    facts = run_facts(arguments, asked.sources, str(asked.address))

    def note(text: str) -> None:
        if not tell.quiet:
            console.note(text)

    with ExitStack() as stack:
        run = stack.enter_context(opened(asked, note))
        rows = [stack.enter_context(open_report(path, facts)) for path in reports]
        groups = Groups(console, quiet=tell.quiet)
        stack.callback(groups.close)
        for outcome in stack.enter_context(closing(run.outcomes())):
            totals.add(outcome)
            for row in rows:
                row.add(outcome)
            if tell.as_json or tell.verbose:
                tell.tell(outcome, console)
            else:
                groups.add(outcome)
    if not tell.quiet:
        line = summary(totals, time.monotonic() - started)
        console.line(line, bad(totals), to_errors=tell.as_json)
    if run.unreachable:
        return ExitCode.NETWORK
    failed = totals.by_status["failed"] + totals.by_status["refused"]
    return ExitCode.SOME_FAILED if failed else ExitCode.DONE


def _sending(paths: tuple[str, ...], options: dict[str, Any]) -> "Sending":
    """Returns what to send.

    Raises:
        UsageError: SRC or DESTINATION is missing, or an option is not allowed.
    """
    from dicomtx.workflows.inputs.arguments import Selection  # noqa: PLC0415
    from dicomtx.workflows.send.job import Sending  # noqa: PLC0415

    if len(paths) < 2:
        raise click.UsageError("SRC or DESTINATION is missing: dicomtx send SRC... DESTINATION")
    if options["again"] and not options["journal"]:
        raise click.UsageError("--again needs --journal: the file that says what was sent before")
    *sources, url = paths
    address = _address(url, options["called_aet"])
    return Sending(
        sources=tuple(sources),
        address=address,
        options=_send_options(address, options),
        selection=Selection(**{name: options[name] for name in FINDING}),
        jobs=options["jobs"],
        journal=options["journal"],
        again=options["again"],
        retry=_schedule(options["retry"]),
    )


def _schedule(text: str) -> "Schedule":
    from dicomtx.workflows.send.retry import schedule_of  # noqa: PLC0415

    try:
        return schedule_of(text)
    except SettingsError as error:
        raise click.UsageError(f"--retry {error}") from error


def _address(url: str, called_aet: str) -> "Address":
    """Returns the address of the peer; its AE title can be in the URL or in an option.

    Raises:
        UsageError: it is not an address, or has no AE title or two.
    """
    from dicomtx.network.address import DICOM_PORTS, address_of, checked_aet  # noqa: PLC0415

    scheme, mark, rest = url.partition("://")
    if not called_aet:
        return address_of(url)
    if not mark or scheme not in DICOM_PORTS:
        raise click.UsageError(f"-aec is for DICOM peers, and {url} is not the address of one")
    if "@" in rest:
        raise click.UsageError(f"-aec and the AE title in {url} contradict each other")
    address = address_of(f"{scheme}://X@{rest}")
    return address._replace(called_aet=checked_aet(called_aet))  # type: ignore[call-arg]


def _check_preferred(preferred: "TransferSyntax", settings: "Settings") -> None:
    """Checks that a lossy conversion is intended.

    Raises:
        click.UsageError: the syntax is lossy, and there is no goal.
    """
    from dicomtx.settings import lacks_goal  # noqa: PLC0415

    if preferred.lossy and lacks_goal(preferred, settings):
        raise click.UsageError(
            f"--preferred {preferred.name} is lossy and needs a goal. Lossless: --preferred"
            f" {preferred.lossless}. Lossy: add --quality 90, --psnr, --ratio, --max-error, --near,"
            " or --lossy for the default quality"
        )


def _send_options(address: "Address", options: dict[str, Any]) -> "SendOptions":
    """Returns how to send."""
    from dicomtx.cli.options.network import http_options, tls_options  # noqa: PLC0415
    from dicomtx.engine.planning.policy import OneTarget  # noqa: PLC0415
    from dicomtx.network.address import DicomAddress, checked_aet  # noqa: PLC0415
    from dicomtx.network.dimse.association import DimseOptions  # noqa: PLC0415
    from dicomtx.workflows.send.options import SendOptions  # noqa: PLC0415

    target = options["target"]
    _check_preferred(options["preferred"], options["settings"])
    common = SendOptions(
        settings=options["settings"],
        policy=options["policy"] or (OneTarget(target) if target else None),
        on_failure=options["on_failure"],
        decompress=options["decompress"],
        preferred=options["preferred"],
    )
    if not isinstance(address, DicomAddress):
        return common._replace(http=http_options(address, options))
    dimse = DimseOptions(
        calling_aet=checked_aet(options["aet"]),
        connect_seconds=options["connect_timeout"],
        acse_seconds=options["acse_timeout"],
        dimse_seconds=options["answer_timeout"],
        max_pdu=options["max_pdu"],
        tls=tls_options(address, options),
    )
    return common._replace(dimse=dimse)
