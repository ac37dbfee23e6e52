"""``dicomtx policy``: check policies and explain their decisions."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from dicomtx.cli.options.commands import Group
from dicomtx.cli.options.headings import Command, argument, option
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode

if TYPE_CHECKING:
    from dicomtx.engine.planning.policy import Policy


@click.group(
    cls=Group,
    short_help="Check policies and explain their decisions.",
    for_path="Use 'dicomtx policy check POLICY' or 'dicomtx policy explain POLICY FILE'",
)
def policy() -> None:
    """Check policies and explain their decisions.

    POLICY is a settings file with tables [[policy.NAME.rule]]. A folder, or a file that ends in
    .json, is Orthanc's configuration.
    """


@policy.command(cls=Command, short_help="Check a policy file.")
@argument("file", metavar="POLICY")
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


@policy.command(cls=Command, short_help="Show which rule decides for a file, and why.")
@argument("paths", metavar="POLICY FILE", nargs=-1)
@option("Options", "--file", "source", metavar="FILE", help="Same as the argument FILE.")
@option("Options", "--name", metavar="NAME", help="Name of the policy, if POLICY has several.")
@click.pass_obj
def explain(
    console: Console, /, paths: tuple[str, ...], source: str | None, name: str | None
) -> int:
    """Show which rule of POLICY decides for the DICOM file FILE, and why the others do not.

    POLICY is a settings file with policies, or Orthanc's configuration (.json or a folder).
    """
    from dicomtx.cli.output import tables  # noqa: PLC0415 - a command imports its work when run
    from dicomtx.workflows.policies.toml import only  # noqa: PLC0415
    from dicomtx.workflows.preview.dry_run import explained  # noqa: PLC0415

    file, source = _policy_and_file((*paths, source) if source else paths)
    policies = _policies(file)
    if name is not None and name not in policies:
        raise click.UsageError(f"there is no policy {name!r} in {file}: {', '.join(policies)}")
    chosen = policies[name] if name else only(policies, file)
    tables.show(console, explained(source, chosen), ("Rule", "Why"))
    return ExitCode.DONE


def _policy_and_file(paths: Sequence[str]) -> Sequence[str]:
    """Returns the policy and the DICOM file; people name them in either order.

    Raises:
        click.UsageError: there are not two paths.
    """
    if len(paths) != 2:
        raise click.UsageError("name a policy and a DICOM file: dicomtx policy explain POLICY FILE")
    return sorted(paths, key=_is_policy, reverse=True)


def _is_policy(path: str) -> bool:
    return os.path.isdir(path) or path.lower().endswith((".toml", ".json"))


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
