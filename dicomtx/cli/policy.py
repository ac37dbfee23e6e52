"""``dicomtx policy``: check policies and explain their decisions."""

import os
from typing import TYPE_CHECKING

import click

from dicomtx.cli.options.commands import Group
from dicomtx.cli.options.headings import argument, option
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode

if TYPE_CHECKING:
    from dicomtx.engine.planning.policy import Policy


@click.group(cls=Group, short_help="Check policies and explain their decisions.")
def policy() -> None:
    """Check policies and explain their decisions.

    FILE is a settings file with tables [[policy.NAME.rule]]. A folder, or a file that ends in
    .json, is Orthanc's configuration.
    """


@policy.command(short_help="Check a policy file.")
@argument("file", metavar="FILE")
@click.pass_obj
def check(console: Console, /, file: str) -> int:
    """Check a policy file. If it has an error, the message says where, and the exit code is 9."""
    for name, found in _policies(file).items():
        rules = getattr(found, "rules", None)
        count = f" ({len(rules)} rule{'s' * (len(rules) > 1)})" if rules else ""
        place = file if name in (file, os.path.basename(file)) else f"{file}: {name}"
        console.line(f"{place}: OK{count}", {"OK": "good"})
        for text in (*found.warnings, *_without_goal(found)):
            console.note(f"{file}: warning: {text}", "warning")
    return ExitCode.DONE


@policy.command(short_help="Show which rule decides for a file, and why.")
@argument("file", metavar="FILE")
@option(
    "Options", "--file", "source", metavar="DICOM", required=True, help="The file to decide for."
)
@click.option("--name", metavar="NAME", help="Policy of FILE, if there are several.")
@click.pass_obj
def explain(console: Console, /, file: str, source: str, name: str | None) -> int:
    """Show which rule decides for a file, and why the other rules do not."""
    from dicomtx.cli.output import tables  # noqa: PLC0415 - a command imports its work when run
    from dicomtx.workflows.policies.toml import only  # noqa: PLC0415
    from dicomtx.workflows.preview.dry_run import explained  # noqa: PLC0415

    policies = _policies(file)
    if name is not None and name not in policies:
        raise click.UsageError(f"there is no policy {name!r} in {file}: {', '.join(policies)}")
    chosen = policies[name] if name else only(policies, file)
    tables.show(console, explained(source, chosen), ("Rule", "Why"))
    return ExitCode.DONE


def _without_goal(policy: "Policy") -> tuple[str, ...]:
    """Returns a warning if a rule relies on the settings for the goal of a lossy target."""
    from dicomtx.engine.planning.policy import RuleBook  # noqa: PLC0415 - a command imports its work
    from dicomtx.settings import Settings  # noqa: PLC0415

    fault = policy.without_goal(Settings()) if isinstance(policy, RuleBook) else ""
    return (fault,) if fault else ()


def _policies(file: str) -> "dict[str, Policy]":
    """Returns the policies of a file, by name."""
    from dicomtx.workflows.policies.toml import read_policies  # noqa: PLC0415

    if os.path.isdir(file) or file.lower().endswith(".json"):
        from dicomtx.workflows.policies.orthanc import read_orthanc  # noqa: PLC0415 - brings a parser

        found = read_orthanc((file,), os.environ)
        return {found.name: found}
    return dict(read_policies(file))
