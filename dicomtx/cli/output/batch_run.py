"""Runs a batch, and reports the outcomes."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dicomtx.cli.options.cluster import executor_of
from dicomtx.cli.options.commands import ARGUMENTS
from dicomtx.cli.output.console import Console
from dicomtx.deferred_signals import after_imports
from dicomtx.errors import ExitCode

if TYPE_CHECKING:
    from dicomtx.cli.output.outcome import Report
    from dicomtx.run_facts import RunFacts
    from dicomtx.workflows.batch.batch import BatchRun
    from dicomtx.workflows.batch.job import Batch
    from dicomtx.workflows.convert.request import Outcome


def carried_out(console: Console, asked: "Batch", options: dict[str, Any]) -> int:
    """Runs a batch, or shows what it would do; returns the exit code.

    Args:
        console: where the outcomes are shown.
        asked: the batch.
        options: the options of the command.
    """
    from dicomtx.cli.output.outcome import Report  # noqa: PLC0415 - a command imports its work when run

    tell = Report(*(options[name] for name in ("as_json", "verbose", "quiet")))
    if options["dry_run"]:
        return _dry_run(console, asked, tell)
    return _run(console, asked, tell, options)


def _run(console: Console, asked: "Batch", tell: "Report", options: dict[str, Any]) -> int:
    """Runs the batch, reports the outcomes, and returns the exit code."""
    from dicomtx.cli.output.groups import Groups  # noqa: PLC0415
    from dicomtx.cli.output.progress import shown, tell_if_none_listed  # noqa: PLC0415
    from dicomtx.workflows.batch.batch import opened  # noqa: PLC0415
    from dicomtx.workflows.batch.uid_map import check_uid_map, write_uid_map  # noqa: PLC0415
    from dicomtx.workflows.reports.totals import Totals  # noqa: PLC0415
    from dicomtx.workflows.reports.writers import check_reports, open_report  # noqa: PLC0415

    reports, uid_map = options["reports"], options["uid_map"]
    check_reports(reports)
    if uid_map:
        check_uid_map(uid_map)
    totals, wrong = Totals(), 0
    with ExitStack() as stack:
        stack.enter_context(_one_interrupt())
        asked = replace(asked, executor=stack.enter_context(executor_of(asked, options, console)))
        run = stack.enter_context(opened(asked))
        if uid_map:
            stack.callback(lambda: write_uid_map(uid_map, run.journal.uids))
        facts = _facts(asked)
        rows = [stack.enter_context(open_report(path, facts)) for path in reports]
        if not tell.quiet:
            _tell_of_journal(console, asked)
            tell_if_none_listed(console, asked.sources, run.known + run.to_do)
            _tell_of_earlier(console, run)
        command = "modify" if asked.modification else "batch"
        stack.enter_context(
            shown(console, totals, run.known + run.to_do, tell=tell, command=command)
        )
        groups = Groups(console, quiet=tell.quiet)
        stack.callback(groups.close)
        for outcome in stack.enter_context(closing(run.outcomes())):
            totals.add(outcome)
            wrong += _is_wrong(outcome, asked)
            for row in rows:
                row.add(outcome)
            if tell.as_json or tell.verbose:
                tell.tell(outcome, console)
            else:
                groups.add(outcome)
        for row in rows:
            row.complete = totals.files >= run.known + run.to_do
    return ExitCode.SOME_FAILED if wrong else ExitCode.DONE


def _tell_of_journal(console: Console, asked: "Batch") -> None:
    """Says where the journal of a destination at a URL is: the user cannot find it there."""
    from dicomtx.urls import is_url, without_secrets  # noqa: PLC0415

    if is_url(asked.destination) and not asked.journal:
        console.note(f"{without_secrets(asked.destination)}: the journal is {asked.journal_path}")


def _tell_of_earlier(console: Console, run: "BatchRun") -> None:
    """Says how many files were finished with other options, and what happens to them."""
    for earlier in run.earlier():
        files = f"{earlier.files} file{'s' * (earlier.files != 1)}"
        changed = f"changed since: {', '.join(earlier.changed)}"
        if not earlier.kept:
            console.note(f"converting {files} again; {changed}")
        elif not earlier.only_version:
            console.note(
                f"--retry-failed leaves {files} as an earlier run converted them; {changed}"
            )


def _facts(asked: "Batch") -> "RunFacts":
    """Returns what reports say about this run."""
    from dicomtx.run_facts import run_facts  # noqa: PLC0415

    arguments = click.get_current_context().meta[ARGUMENTS]
    sources = (asked.from_plan,) if asked.from_plan else asked.sources
    return run_facts(arguments, sources, asked.destination)


def _dry_run(console: Console, asked: "Batch", tell: "Report") -> int:
    """Prints what the batch would do, and returns its exit code."""
    from dicomtx.cli.output.dry_run import show, wrong  # noqa: PLC0415
    from dicomtx.cli.output.progress import tell_if_none_listed  # noqa: PLC0415
    from dicomtx.workflows.batch.dry_run import dry_run  # noqa: PLC0415

    sums = show(console, dry_run(asked), tell)
    if not tell.quiet:
        tell_if_none_listed(console, asked.sources, sum(sums.files.values()))
    refusals = asked.settings.strict
    return ExitCode.SOME_FAILED if wrong(sums, refusals=refusals) else ExitCode.DONE


def _is_wrong(outcome: "Outcome", asked: "Batch") -> bool:
    """Whether the file has no output but should; files that a policy refuses should not."""
    if outcome.exit_code == ExitCode.POLICY:
        return asked.settings.strict
    return outcome.status in ("failed", "refused")


@contextmanager
def _one_interrupt() -> Iterator[None]:
    """Makes the first Ctrl-C end the run cleanly, and ignores a second one."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt("run the same command again to go on")

    before = signal.signal(signal.SIGINT, after_imports(interrupt))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
