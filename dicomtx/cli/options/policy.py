"""The options that select a policy, which decides for each file instead of one target."""

import os
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from dicomtx.cli.options.headings import option
from dicomtx.cli.options.settings import given_goal, refuse_goal
from dicomtx.errors import SettingsError
from dicomtx.settings import Settings, settings_file

if TYPE_CHECKING:
    from dicomtx.engine.planning.policy import Policy


VIA: Final = option(
    *("Policy", "--via"),
    type=click.Choice(["rest", "dicom"]),
    default="rest",
    show_default=True,
    help="How files reach Orthanc: by REST, or by C-STORE (dicom). C-STORE applies"
    " AcceptedTransferSyntaxes.",
)
ON_FAILURE: Final = option(
    *("Policy", "--on-failure"),
    type=click.Choice(["error", "keep-original"]),
    default="error",
    show_default=True,
    help="If a file cannot be transcoded: report an error, or keep it unchanged as Orthanc does.",
)


def policy_options(command: Callable[..., int], *, implied: bool = True) -> Callable[..., int]:
    """Adds --policy, --orthanc, --via and --on-failure; put it below ``settings_options``.

    The command receives ``policy`` (None if --to decides) and ``on_failure``. Without these
    options, the policy ``default`` of the settings file applies if there is one and ``implied``.
    """
    return ingest_options(VIA(ON_FAILURE(command)), implied=implied)


def ingest_options(command: Callable[..., int], *, implied: bool = True) -> Callable[..., int]:
    """Adds --policy and --orthanc for files that arrive by C-STORE, and passes on ``policy``."""

    @option(
        *("Policy", "--policy", "named"),
        metavar="NAME|FILE",
        help="Policy to apply: its name in the settings file, or a file.",
    )
    @option(
        *("Policy", "--orthanc"),
        metavar="PATH",
        multiple=True,
        help="Decide as Orthanc does with this configuration: a file or a folder, such as"
        " /etc/orthanc. Repeatable.",
    )
    @wraps(command)
    def with_policy(*args: Any, **options: Any) -> int:
        context = click.get_current_context()
        named, orthanc = options.pop("named"), options.pop("orthanc")
        by_dicom = options.pop("via", "dicom" if orthanc else "rest") == "dicom"
        given = context.get_parameter_source("target") is ParameterSource.COMMANDLINE
        if given + bool(named) + bool(orthanc) > 1:
            raise click.UsageError("--to, --policy and --orthanc contradict each other")
        if by_dicom and not orthanc:
            raise click.UsageError("--via dicom needs --orthanc")
        asked = implied or named or orthanc
        policy = found(named, orthanc, by_dicom=by_dicom) if asked and not given else None
        preferred = context.params.get("preferred")  # of send
        if not (given or context.params.get("from_plan") or (preferred and preferred.lossy)):
            _check_use_of_goal(policy)
        if policy:
            _check_goals(policy, options["settings"])
        if policy and policy.order and not context.params.get("order"):
            options["settings"] = options["settings"]._replace(order=policy.order)
        return command(*args, policy=policy, **options)

    return with_policy


def _check_use_of_goal(policy: "Policy | None") -> None:
    """Checks that without --to, a goal is not ignored because nothing selects a lossy target."""
    options = click.get_current_context().params
    default = options.get("target")
    if options.get("best_of"):
        refuse_goal("but --best-of has only lossless ones")
    elif policy:
        from dicomtx.workflows.policies.goals import goals_of  # noqa: PLC0415 - a command imports its work

        goals = goals_of(policy)
        if not goals:
            refuse_goal(f"but policy {policy.name} has none")
        elif all(goals) and given_goal():
            raise click.UsageError(
                f"{given_goal()} has no effect: policy {policy.name} sets {' and '.join(goals)}"
            )
    else:
        refuse_goal(
            f"but the default, {default.name}, is lossless" if default else "but there is no --to"
        )


def _check_goals(policy: "Policy", settings: Settings) -> None:
    """Checks that each rule with a lossy target has a goal, before any file is read."""
    from dicomtx.engine.planning.policy import RuleBook  # noqa: PLC0415 - a command imports its work

    fault = policy.without_goal(settings) if isinstance(policy, RuleBook) else ""
    if fault:
        raise SettingsError(fault)


def found(named: str | None, orthanc: tuple[str, ...], *, by_dicom: bool) -> "Policy | None":
    """Returns the named policy, otherwise ``default``; None if there is none."""
    context = click.get_current_context()
    config = context.params.get("config")
    if not (named or orthanc or settings_file(config, os.environ)):
        return None
    from dicomtx.workflows.policies.toml import policy_of  # noqa: PLC0415 - a command imports its work

    policy = policy_of(named, orthanc, config, os.environ)
    for text in policy.warnings if policy else ():
        context.obj.note(f"warning: {text}")
    if not by_dicom:
        return policy
    from dicomtx.workflows.policies.orthanc import by_c_store  # noqa: PLC0415

    return by_c_store(policy)
