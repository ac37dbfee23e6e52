"""``dicomtx plan``: shows what a conversion would do with each file, and why."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from dicomtx.cli.options.headings import argument, option
from dicomtx.cli.options.many_files import FINDING, PLACING, SELECTION, TREE, add
from dicomtx.cli.options.policy import policy_options
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.options.syntaxes import SyntaxCommand, to_option
from dicomtx.cli.output.console import Console
from dicomtx.cli.output.left_out import LeftOut

if TYPE_CHECKING:
    from dicomtx.engine.planning.policy import Policy
    from dicomtx.workflows.preview.dry_run import Asked
    from dicomtx.workflows.preview.plan_record import Planned, Sums

ENGINES = ("dicomtx", "orthanc-builtin", "orthanc-gdcm")
PLAN = (
    option(
        *("Policy", "--engine"),
        type=click.Choice(ENGINES),
        default="dicomtx",
        show_default=True,
        help="Plan for the codecs of dicomtx, or for those of an Orthanc server (with --orthanc).",
    ),
    option(
        *("Reports", "--estimate"),
        metavar="N",
        type=click.IntRange(min=1),
        help="Estimate the size of the output by converting N of the files.",
    ),
)
FORM = (
    option(
        *("Reports", "--json", "form"),
        flag_value="json",
        help="Print one JSON object per line, one for each file.",
    ),
    option(
        *("Reports", "--csv", "form"),
        flag_value="csv",
        help="Print comma-separated values with a header.",
    ),
    option("Reports", "-q", "--quiet", is_flag=True, help="Print the totals only."),
)


def _options(command: Any) -> Any:
    """Adds all options."""
    target = to_option("Target transfer syntax.")
    return add(
        (target, settings_options("plan"), policy_options, *PLAN, *TREE, *SELECTION, *FORM), command
    )


@click.command(
    cls=SyntaxCommand, short_help="Show what a conversion would do, and why; write nothing."
)
@argument("sources", metavar="SRC...", nargs=-1, required=True)
@_options
@click.pass_obj
def plan(console: Console, /, sources: tuple[str, ...], **options: Any) -> int:
    """Show what a conversion would do with each file, and why. Nothing is written.

    SRC are files, folders, ZIP archives, DICOMDIRs, or '-' for a list of paths on standard input.
    Only headers are read. --to, --policy, --orthanc or the policy 'default' of the settings file
    decides.

    Exit code: 4 if a file cannot be converted, else 8 if the policy refuses a file, else 3 if a
    file cannot be read, else 0.
    """
    from dicomtx.cli.output import plan as plan_report  # noqa: PLC0415 - a command imports its work when run
    from dicomtx.cli.output.progress import tell_if_none_listed  # noqa: PLC0415
    from dicomtx.workflows.preview.plan_record import Sums  # noqa: PLC0415

    sums, left_out = Sums(), LeftOut()
    asked = _asked(sources, options)._replace(left_out=left_out.add)
    told = _counted(_planned(asked, options["estimate"]), sums)
    if options["quiet"]:
        for _ in told:
            pass
    else:
        plan_report.show(console, told, options["form"])
    left_out.tell(console)
    tell_if_none_listed(console, sources, sum(sums.files.values()))
    plan_report.totals(console, sums, options["form"], estimated=bool(options["estimate"]))
    return sums.exit_code


def _asked(sources: tuple[str, ...], options: dict[str, Any]) -> "Asked":
    """Returns the dry run to do.

    Raises:
        click.UsageError: there is neither a target nor a policy.
    """
    from dicomtx.workflows.inputs.arguments import Selection  # noqa: PLC0415
    from dicomtx.workflows.preview.dry_run import Asked  # noqa: PLC0415

    rules = Selection(**{name: options[name] for name in (*FINDING, *PLACING)})
    decider = _decider(options["policy"], options["target"])
    asked = (options["settings"], rules, options["on_failure"], options["engine"])
    return Asked(sources, decider, *asked)


def _decider(policy: "Policy | None", target: Any) -> "Policy":
    if policy:
        return policy
    if target is None:
        raise click.UsageError("no target: use --to, --policy or --orthanc")
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
