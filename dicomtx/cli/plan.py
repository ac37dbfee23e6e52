"""``dicomtx plan``: what would be done with each file, and why; nothing is written."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from dicomtx.cli.options.policy import policy_options
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.options.syntaxes import SyntaxCommand, SyntaxType
from dicomtx.cli.output.console import Console

if TYPE_CHECKING:
    from dicomtx.engine.planning.policy import Policy
    from dicomtx.workflows.preview.dry_run import Asked
    from dicomtx.workflows.preview.plan_record import Planned, Sums

ENGINES = ("dicomtx", "orthanc-builtin", "orthanc-gdcm")
FINDING = ("include", "exclude", "follow", "null")


@click.command(
    cls=SyntaxCommand, short_help="Show what would be done, and why; nothing is written."
)
@click.argument("sources", metavar="SRC...", nargs=-1, required=True)
@click.option("--to", "target", type=SyntaxType(), metavar="SYNTAX", help="Transfer syntax wanted.")
@settings_options("plan")
@policy_options
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="dicomtx",
    help="Whose codecs: those of dicomtx, or what an Orthanc server could do, with --orthanc.",
)
@click.option(
    "--estimate",
    metavar="N",
    type=click.IntRange(min=1),
    help="Estimate the bytes after, from N files that are really converted.",
)
@click.option("--include", multiple=True, metavar="GLOB", help="Only files that match.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="No files or folders that match.")
@click.option("--follow", is_flag=True, help="Follow symbolic links out of SRC.")
@click.option("-0", "null", is_flag=True, help="The list on standard input ends paths with NUL.")
@click.option("--json", "form", flag_value="json", help="One JSON object a file, each on a line.")
@click.option("--csv", "form", flag_value="csv", help="Comma separated values, with a header.")
@click.option("-q", "--quiet", is_flag=True, help="Tell the totals only.")
@click.pass_obj
def plan(console: Console, /, sources: tuple[str, ...], **options: Any) -> int:
    """Show what would be done with each file, and why. Nothing is written.

    SRC are files, folders with all that is in them, ZIP archives, DICOMDIRs, or '-' for a list of
    paths on standard input. Headers are read only. What decides is --to, --policy, --orthanc, or
    the policy 'default' of the settings file. Exit code 8: some would be refused by the policy; 4:
    some could not be transcoded; 3: some cannot be read.
    """
    from dicomtx.cli.output import plan as plan_report  # noqa: PLC0415 - a command imports its work when run
    from dicomtx.workflows.preview.plan_record import Sums  # noqa: PLC0415

    sums = Sums()
    told = _counted(_planned(_asked(sources, options), options["estimate"]), sums)
    if options["quiet"]:
        for _ in told:
            pass
    else:
        plan_report.show(console, told, options["form"])
    plan_report.totals(console, sums, options["form"], estimated=bool(options["estimate"]))
    return sums.exit_code


def _asked(sources: tuple[str, ...], options: dict[str, Any]) -> "Asked":
    """Returns what is asked for.

    Raises:
        click.UsageError: nothing decides.
    """
    from dicomtx.workflows.inputs.arguments import Rules  # noqa: PLC0415
    from dicomtx.workflows.preview.dry_run import Asked  # noqa: PLC0415

    rules = Rules(**{name: options[name] for name in FINDING})
    decider = _decider(options["policy"], options["target"])
    asked = (options["settings"], rules, options["on_failure"], options["engine"])
    return Asked(sources, decider, *asked)


def _decider(policy: "Policy | None", target: Any) -> "Policy":
    if policy:
        return policy
    if target is None:
        raise click.UsageError("nothing decides: use --to, --policy or --orthanc")
    from dicomtx.engine.planning.policy import OneTarget  # noqa: PLC0415

    return OneTarget(target, f"--to {target.name}")


def _planned(asked: "Asked", estimate: int | None) -> "Iterator[Planned]":
    if estimate:
        from dicomtx.workflows.preview.estimate import estimated  # noqa: PLC0415 - brings the codecs

        return estimated(asked, estimate)
    from dicomtx.workflows.preview.dry_run import dry_run  # noqa: PLC0415

    return dry_run(asked)


def _counted(told: "Iterable[Planned]", sums: "Sums") -> "Iterator[Planned]":
    for planned in told:
        sums.add(planned)
        yield planned
