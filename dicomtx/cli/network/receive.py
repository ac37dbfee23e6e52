"""``dicomtx receive``: stores what other systems send by DICOM C-STORE."""

import json
import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import click

from dicomtx.cli.options.headings import argument
from dicomtx.cli.options.listening import service_of, size_of, stopped_by
from dicomtx.cli.options.many_files import add
from dicomtx.cli.options.policy import ingest_options
from dicomtx.cli.options.receive import RECEIVE
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.options.syntaxes import SyntaxCommand
from dicomtx.cli.output.console import Console
from dicomtx.cli.output.outcome import VERIFIED
from dicomtx.errors import DestinationError, UsageError
from dicomtx.settings import Settings, is_exact
from dicomtx.transfer_syntaxes import by_uid

if TYPE_CHECKING:
    from dicomtx.workflows.convert.request import Request
    from dicomtx.workflows.receive.receive import Receive
    from dicomtx.workflows.receive.received import Received


def _options(command: Any) -> Any:
    """Adds all options."""
    return add((*RECEIVE, settings_options("receive"), ingest_options), command)


@click.command(cls=SyntaxCommand, short_help="Receive files from other systems by DICOM C-STORE.")
@argument("folder", metavar="DIR")
@_options
@click.pass_obj
def receive(console: Console, /, folder: str, **options: Any) -> int:
    """Receive instances by DICOM C-STORE, and store them in the folder DIR.

    An instance gets its status only after it is complete on the disk, under its final name. The
    bytes of its data set are stored unchanged. With a target or a policy, dicomtx transcodes it
    afterwards. If that fails, dicomtx keeps the original, and the log says why.

    On SIGTERM or Ctrl-C, dicomtx finishes the instances in flight; a second signal ends it at once.
    It also answers C-ECHO.
    """
    from dicomtx.workflows.receive.acceptors import listening  # noqa: PLC0415 - a command imports its work when run
    from dicomtx.workflows.receive.receive import receive as run  # noqa: PLC0415

    job = _job(folder, options)
    log = _Log(console, as_json=options["as_json"], quiet=options["quiet"])
    with (
        _appending(options["report"]) as report,
        listening(options["bind"], options["port"]) as listener,
    ):
        port = listener.getsockname()[1]
        place = f"{options['bind']} port {port}" if options["bind"] else f"port {port}"
        if not options["quiet"]:
            console.note(f"{options['aet']} listens on {place}, storing in {folder}")

        def tell(record: "Received") -> None:
            report(record)
            log.tell(record)

        number = run(job, listener, tell, console.note)
    return stopped_by(number)


def _job(folder: str, options: dict[str, Any]) -> "Receive":
    """Returns what to run.

    Raises:
        UsageError: options contradict each other, or a value is not allowed.
    """
    from dicomtx.workflows.inputs.layout import Layout  # noqa: PLC0415 - brings pydicom
    from dicomtx.workflows.receive.receive import Receive  # noqa: PLC0415
    from dicomtx.workflows.workers.pool import ProcessPool  # noqa: PLC0415

    settings = options["settings"]
    return Receive(
        folder=folder,
        service=service_of(options),
        processes=options["processes"] or len(os.sched_getaffinity(0)),
        layout=Layout.parse(options["layout"]),
        duplicates=options["duplicates"],
        min_free=size_of("--min-free", options["min_free"]),
        request=_request(options),
        executor=ProcessPool(options["jobs"], settings.max_memory, options["file_timeout"]),
        command=_command(options["exec_on_study"]),
        study_idle=options["study_idle"],
    )


def _request(options: dict[str, Any]) -> "Request | None":
    """Returns how to transcode instances after their arrival; None if they stay as they came."""
    from dicomtx.storage.local_file import LocalFile  # noqa: PLC0415
    from dicomtx.transfer_syntaxes import DEFAULT_TARGET  # noqa: PLC0415
    from dicomtx.workflows.convert.request import FileRules, Request  # noqa: PLC0415

    settings: Settings = options["settings"]
    target, policy = options["target"], options["policy"]
    if options["bit_preserving"]:
        if target or click.get_current_context().params.get("named"):
            raise UsageError("--bit-preserving contradicts --to and --policy")
        return None
    if not (target or policy):
        return None
    if settings.verifies.share < 1:
        raise UsageError(
            f"--verify {settings.verify}: originals are replaced only after all of the result is"
            " verified"
        )
    if target and target.lossy and not is_exact(target, settings):
        _check_loss(target.name, settings)
    return Request(
        LocalFile(""),
        "",
        target or DEFAULT_TARGET,
        overwrite=True,
        settings=settings,
        rules=FileRules(skip_same=True, consumes=True),
        policy=policy,
        on_failure="keep-original",
    )


def _check_loss(name: str, settings: Settings) -> None:
    if not settings.allow_lossy_in_place:
        raise UsageError(
            f"--to {name} is lossy and the originals would be replaced; add --allow-lossy-in-place"
        )


def _command(text: str) -> tuple[str, ...]:
    """Returns the arguments of a command."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"--exec-on-study {text!r}: {error}") from error


@contextmanager
def _appending(path: str) -> Iterator[Callable[["Received"], None]]:
    """Yields what appends a record to the report, if there is one."""
    if not path:
        yield lambda _record: None
        return
    if not path.endswith(".jsonl"):
        raise UsageError(f"--report {path}: use a name that ends with .jsonl")
    try:
        file: IO[str] = open(path, "a", encoding="utf-8", buffering=1)  # noqa: SIM115 - closed below
    except OSError as error:
        raise DestinationError(f"{path} cannot be written: {error.strerror}") from error

    def append(record: "Received") -> None:
        file.write(json.dumps(record.as_json()) + "\n")

    with file:
        yield append


class _Log:
    """Prints what became of instances."""

    def __init__(self, console: Console, *, as_json: bool, quiet: bool) -> None:
        self._console = console
        self._as_json = as_json
        self._quiet = quiet

    def tell(self, record: "Received") -> None:
        """Prints one record: JSON on standard output, or a line on standard error."""
        if self._as_json:
            self._console.result(json.dumps(record.as_json()))
        failed = record.status == "refused" or record.reason.startswith("not transcoded")
        if failed:
            self._console.note(_line(record), "error")
        elif not (self._quiet or self._as_json):
            self._console.note(_line(record))
        if not self._quiet:
            for text in record.warnings:
                self._console.note(f"{record.path}: warning: {text}", "warning")


def _line(record: "Received") -> str:
    """Returns the line of the log for one instance."""
    source = f"{record.calling_aet}@{record.address}"
    if record.status == "refused":
        uid = record.sop_instance_uid
        return f"{source}: refused {uid}: {record.dimse_status}, {record.reason}"
    syntax = by_uid(record.source_syntax).name
    if record.target_syntax not in ("", record.source_syntax):
        syntax += f" -> {by_uid(record.target_syntax).name}, {VERIFIED[record.verification]}"
    reason = f", {record.reason}" if record.reason else ""
    return f"{source}: {record.status} {record.path}: {syntax}{reason}"
