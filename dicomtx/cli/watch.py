"""``dicomtx watch``: converts files as they arrive in a folder."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import click

from dicomtx.cli.options.headings import argument
from dicomtx.cli.options.many_files import add
from dicomtx.cli.options.policy import policy_options
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.options.syntaxes import SyntaxCommand
from dicomtx.cli.options.watch import NO_REPORTS, RESUME, WATCH
from dicomtx.cli.output.console import Console
from dicomtx.deferred_signals import after_imports
from dicomtx.errors import ExitCode
from dicomtx.settings import Settings, is_exact

if TYPE_CHECKING:
    from dicomtx.cli.output.outcome import Report
    from dicomtx.workflows.convert.request import Outcome
    from dicomtx.workflows.watch.job import Watch

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def _options(command: Any) -> Any:
    """Adds all options."""
    settings = (settings_options("watch"), policy_options)
    return add((*WATCH, *settings, RESUME, *NO_REPORTS), command)


@click.command(cls=SyntaxCommand, short_help="Convert files as they arrive in a folder.")
@argument("folder", metavar="DIR")
@argument("destination", metavar="DST")
@_options
@click.pass_obj
def watch(console: Console, /, **options: Any) -> int:
    """Convert files as they arrive in the folder DIR, and deliver the results to the folder DST.

    dicomtx converts a file when it has not changed for --settle seconds. It ignores names that
    start with a dot, or end with .part or .tmp, until the file is renamed. It removes the source
    after the result is verified and delivered; see --done and --keep. A file that fails moves to
    --dead-letter, with the reason beside it.

    On SIGTERM or Ctrl-C, dicomtx finishes the files in progress. After any interruption, run the
    same command again: each file is delivered once.
    """
    from dicomtx.cli.output.outcome import Report  # noqa: PLC0415 - a command imports its work when run

    tell = Report(*(options.pop(name) for name in ("as_json", "verbose", "quiet")))
    if tell.verbose and tell.quiet:
        raise click.UsageError("-v and -q contradict each other")
    if options["keep"] and options["done"]:
        raise click.UsageError("--keep and --done contradict each other")
    if not (options["keep"] or options["done"]):
        _check_removal(options)
    return _run(console, _watch(options), tell)


def _check_removal(options: dict[str, Any]) -> None:
    """Checks that the sources can be removed, before any file is taken.

    Raises:
        click.UsageError: results are not verified, or are lossy.
    """
    settings: Settings = options["settings"]
    target = options["target"]
    if settings.verifies.share < 1:
        raise click.UsageError(
            f"--verify {settings.verify}: sources are removed only after all of the result is"
            " verified. Add --done DIR or --keep"
        )
    lossy = not options["policy"] and target.lossy and not is_exact(target, settings)
    if lossy and not settings.allow_lossy_in_place:
        raise click.UsageError(
            f"--to {target.name} is lossy and the originals would be removed. Add --done DIR or"
            " --keep, or --allow-lossy-in-place"
        )


def _watch(options: dict[str, Any]) -> "Watch":
    """Returns the watch to run."""
    from dicomtx.storage.local_file import LocalFile  # noqa: PLC0415
    from dicomtx.workflows.convert.request import FileRules, Request  # noqa: PLC0415
    from dicomtx.workflows.inputs.globs import Globs  # noqa: PLC0415
    from dicomtx.workflows.watch.job import Watch  # noqa: PLC0415
    from dicomtx.workflows.workers.pool import ProcessPool  # noqa: PLC0415

    settings, timeout = options["settings"], options["file_timeout"]
    names = ("folder", "destination", "dead_letter", "done", "keep", "overwrite", "journal")
    rules = FileRules(
        preserve=options["preserve"],
        tree=True,
        consumes=not (options["keep"] or options["done"]),
    )
    return Watch(
        **{name: options[name] for name in (*names, "settle", "rescan", "once")},
        request=Request(
            LocalFile(""),
            "",
            options["target"],
            settings=settings,
            rules=rules,
            policy=options["policy"],
            on_failure=options["on_failure"],
        ),
        executor=ProcessPool(options["jobs"], settings.max_memory, timeout),
        layout=_layout(options["layout"]),
        globs=Globs(options["include"], options["exclude"]),
    )


def _layout(template: str | None) -> Any:
    if not template:
        return None
    from dicomtx.workflows.inputs.layout import Layout  # noqa: PLC0415 - brings pydicom

    return Layout.parse(template)


def _run(console: Console, asked: "Watch", tell: "Report") -> int:
    """Watches until a signal, or with --once until the folder is empty; returns the exit code."""
    from dicomtx.workflows.reports.totals import Totals  # noqa: PLC0415
    from dicomtx.workflows.watch.loop import Told, opened  # noqa: PLC0415

    totals = Totals()

    def ended(outcome: "Outcome") -> None:
        totals.add(outcome)
        tell.tell(_explained(outcome, tell), console)

    def note(text: str) -> None:
        if not tell.quiet:
            console.note(text)

    with opened(asked, Told(ended, note)) as run:

        def stop() -> None:
            run.stopping = True
            note("stopping: finishing the files in progress (again: discard them)")

        with _stopped_by_signals(stop):
            note(f"watching {asked.folder}, delivering to {asked.destination}")
            run.run()
    failed = sum(totals.by_status[name] for name in ("failed", "refused"))
    return ExitCode.SOME_FAILED if failed and asked.once else ExitCode.DONE


def _explained(outcome: "Outcome", tell: "Report") -> "Outcome":
    """Returns the outcome with the place of a dead letter in the error, which is all that shows."""
    moved = [text for text in outcome.warnings if text.startswith("moved to ")]
    if tell.as_json or not (outcome.error and moved):
        return outcome
    return outcome._replace(error=f"{outcome.error}; {moved[-1]}")


@contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Calls ``stop`` for the first SIGTERM or SIGINT; the second one has its usual effect."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        restore()
        stop()

    def restore() -> None:
        for number, handler in before:
            signal.signal(number, handler)

    asked = [n for n in SIGNALS if signal.getsignal(n) not in (signal.SIG_IGN, None)]
    before = [(n, signal.getsignal(n)) for n in asked]
    for number in asked:
        signal.signal(number, after_imports(handle))
    try:
        yield
    finally:
        restore()
