"""``dicomtx batch``: converts directory trees."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.core import ParameterSource

from dicomtx.cli.options.batch import BATCH, PLANS
from dicomtx.cli.options.cluster import CLUSTER, executor_of
from dicomtx.cli.options.commands import ARGUMENTS
from dicomtx.cli.options.headings import argument
from dicomtx.cli.options.many_files import FINDING, JOBS, PLACING, REPORTS, SELECTION, TREE, add
from dicomtx.cli.options.places import check_in_place, sources_and_output
from dicomtx.cli.options.policy import policy_options
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.options.syntaxes import SyntaxCommand
from dicomtx.cli.output.console import Console
from dicomtx.deferred_signals import after_imports
from dicomtx.errors import ExitCode

if TYPE_CHECKING:
    from dicomtx.cli.output.outcome import Report
    from dicomtx.run_facts import RunFacts
    from dicomtx.workflows.batch.batch import BatchRun
    from dicomtx.workflows.batch.job import Batch
    from dicomtx.workflows.convert.request import Outcome
    from dicomtx.workflows.inputs.layout import Layout

NAMES = {"null": "-0", "jobs": "-j"}
RULES = ("skip_same", "best_of", "copy_others", "preserve")


def _options(command: Any) -> Any:
    """Adds all options."""
    return add(
        (
            *BATCH,
            *TREE,
            *SELECTION,
            *JOBS,
            CLUSTER,
            settings_options("batch"),
            policy_options,
            *PLANS,
            *REPORTS,
        ),
        command,
    )


@click.command(cls=SyntaxCommand, short_help="Convert directory trees; resume interrupted runs.")
@argument("paths", metavar="SRC... DST", nargs=-1)
@_options
@click.pass_obj
def batch(console: Console, /, paths: tuple[str, ...], **options: Any) -> int:
    """Convert all files of SRC to another transfer syntax, and write them to the folder DST.

    SRC are files, folders, ZIP archives, DICOMDIRs, or '-' for a list of paths on standard input.
    in/ct/1.dcm becomes DST/ct/1.dcm if SRC is the folder 'in', DST/in/ct/1.dcm if there are several
    folders, and DST/1.dcm if SRC is the file. A listed path is kept whole, see --base and --flat.

    To resume, run the same command again: dicomtx does not read finished files again. --to,
    --policy, --orthanc or a reviewed plan decides what happens to each file.
    """
    from dicomtx.cli.output.outcome import Report  # noqa: PLC0415 - a command imports its work when run

    tell = Report(*(options.pop(name) for name in ("as_json", "verbose", "quiet")))
    if tell.verbose and tell.quiet:
        raise click.UsageError("-v and -q contradict each other")
    asked = _batch(paths, options)
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
            tell_if_none_listed(console, asked.sources, run.known + run.to_do)
            _tell_of_earlier(console, run)
        stack.enter_context(shown(console, totals, run.known + run.to_do, tell=tell))
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


def _batch(paths: tuple[str, ...], options: dict[str, Any]) -> "Batch":
    """Returns the batch to run.

    Raises:
        click.UsageError: arguments are missing, or contradict each other.
    """
    from dicomtx.workflows.batch.job import Batch  # noqa: PLC0415
    from dicomtx.workflows.batch.resume import Choice  # noqa: PLC0415
    from dicomtx.workflows.convert.request import FileRules  # noqa: PLC0415
    from dicomtx.workflows.inputs.arguments import Selection  # noqa: PLC0415
    from dicomtx.workflows.workers.pool import ProcessPool  # noqa: PLC0415

    sources, destination = _places(paths, options)
    _check(options)
    best_of = options["best_of"]
    rules = {name: options[name] for name in RULES}
    find = {name: options[name] for name in (*FINDING, *PLACING)}
    timeout = options["file_timeout"]
    return Batch(
        sources,
        destination,
        options["target"],
        options["settings"],
        FileRules(only=options["only"] or "", skip_others=True, **rules),
        Selection(**find),
        _layout(options["layout"]),
        options["journal"],
        Choice(options["overwrite"], options["skip_existing"], options["retry_failed"]),
        options["fail_fast"],
        options["remap"],
        executor=ProcessPool(options["jobs"], options["settings"].max_memory, timeout),
        policy=None if best_of or options["from_plan"] else options["policy"],
        on_failure=options["on_failure"],
        from_plan=options["from_plan"],
        rejected=options["rejected"],
    )


def _places(paths: tuple[str, ...], options: dict[str, Any]) -> tuple[tuple[str, ...], str]:
    """Returns the sources and the destination, which is empty with --in-place.

    Raises:
        click.UsageError: SRC or DST is missing, or is not allowed.
    """
    output = options["output"]
    if options["in_place"]:
        check_in_place(paths, output)
        sources, destination = paths, ""
    else:
        sources, destination = sources_and_output(paths, output)
    if not (destination or options["in_place"]):
        raise click.UsageError("SRC and DST are missing")
    if options["from_plan"] and sources:
        raise click.UsageError(f"{sources[0]}: --from-plan names the files, so SRC is not allowed")
    if not (options["from_plan"] or sources):
        raise click.UsageError(
            "DST is missing: add it, or overwrite the sources with --in-place. For a list of paths"
            f" on standard input, add '-': dicomtx batch - {destination}"
        )
    return sources, destination


def _check(options: dict[str, Any]) -> None:
    """Checks that no two options contradict each other.

    Raises:
        click.UsageError: two do.
    """
    from dicomtx.workflows.batch.contradictions import PLANNED, contradiction  # noqa: PLC0415

    context = click.get_current_context()
    params = {"policy": context.params["named"], "report": options["reports"]}
    given = {name for name, value in (options | params).items() if value}
    given |= {"orthanc"} & {name for name, value in context.params.items() if value}
    given |= {n for n in PLANNED if context.params[n] is not None}  # --no-repair contradicts, too
    if context.get_parameter_source("target") is ParameterSource.COMMANDLINE:
        given.add("to")
    if two := contradiction(given):
        first, second = (NAMES.get(name, f"--{name.replace('_', '-')}") for name in two)
        raise click.UsageError(f"{first} and {second} contradict each other")


def _layout(template: str | None) -> "Layout | None":
    if not template:
        return None
    from dicomtx.workflows.inputs.layout import Layout  # noqa: PLC0415 - brings pydicom

    return Layout.parse(template)


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
