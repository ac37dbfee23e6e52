"""The keyword arguments of the Python API that are not settings, and what they select."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from dicomtx.api.places import Path
from dicomtx.errors import UsageError
from dicomtx.limits import enforce
from dicomtx.settings import GOALS, Settings, load
from dicomtx.settings.options import Options
from dicomtx.settings.targets import check_target
from dicomtx.transfer_syntaxes import DEFAULT_TARGET, RECOMPRESSION, TransferSyntax, find

if TYPE_CHECKING:
    from dicomtx.engine.planning.policy import Policy


class PolicyOptions(Options, total=False):
    """The settings, and a policy that decides instead of ``to``.

    Attributes:
        policy: a file with one policy, or with one named ``default`` (docs/policies.md).
        orthanc: a configuration of Orthanc, to decide as that server does: files or folders.
        on_failure: what to do with a file that cannot be transcoded.
    """

    policy: Path
    orthanc: Path | Sequence[Path]
    on_failure: Literal["error", "keep-original"]


class BatchOptions(PolicyOptions, total=False):
    """The settings, the policy, and the options of ``dicomtx batch`` (docs/cli.md)."""

    in_place: bool
    overwrite: bool
    skip_existing: bool
    skip_same: bool
    best_of: Sequence[str]
    only: Literal["uncompressed", "compressed"]
    copy_others: bool
    preserve: bool
    layout: str
    include: Sequence[str]
    exclude: Sequence[str]
    follow: bool
    base: Path
    flat: bool
    remap_references: bool
    journal: Path
    retry_failed: bool
    fail_fast: bool
    from_plan: Path
    rejected: Path
    file_timeout: float
    cluster: str


def settings_of(
    options: Mapping[str, Any], allowed: type = PolicyOptions, policy: "Policy | None" = None
) -> Settings:
    """Returns the settings among the options. Their limits stay in force in this process.

    Args:
        options: the keyword arguments of a function.
        allowed: the type of the keyword arguments.
        policy: its order of codecs applies if the options have none.

    Raises:
        SettingsError: an option is unknown, or its value is not allowed.
    """
    others = allowed.__annotations__.keys() - Options.__annotations__.keys()
    given = {name: value for name, value in options.items() if name not in others}
    settings = load(None, {}, **given)
    if "limits" in given:
        enforce(settings.limits)
    if policy and policy.order and not given.get("order"):
        return settings._replace(order=policy.order)
    return settings


def target_of(
    to: str | None, options: Mapping[str, Any], policy: "Policy | None"
) -> TransferSyntax:
    """Returns the target transfer syntax: Explicit VR Little Endian if there is none.

    Raises:
        UsageError: the syntax is unknown, a policy decides, or a quality goal would be ignored.
    """
    if to and policy:
        raise UsageError(f"to and the policy {policy.name} contradict each other")
    goal = next((name for name in ("lossy", *GOALS) if options.get(name)), "")
    if policy:
        _check_goal(goal, policy)
        return DEFAULT_TARGET
    target = find(to) if to else DEFAULT_TARGET
    check_target(options, target, option=False)
    if goal and (not target.lossy or target.uid == RECOMPRESSION):
        raise UsageError(f"{goal} needs a lossy target, but {target.name} is lossless")
    return target


def _check_goal(goal: str, policy: "Policy") -> None:
    """Checks that a policy does not ignore a quality goal.

    Raises:
        UsageError: it does.
    """
    from dicomtx.workflows.policies.goals import goals_of  # noqa: PLC0415 - only policies need it

    own = goals_of(policy)
    if goal and not own:
        raise UsageError(f"{goal} needs a lossy target, but policy {policy.name} has none")
    if goal and all(own):
        raise UsageError(f"{goal} has no effect: policy {policy.name} sets {' and '.join(own)}")


def policy_of(options: Mapping[str, Any]) -> "Policy | None":
    """Returns the policy that the options select; None if ``to`` decides.

    Raises:
        SettingsError: a file is invalid.
        UsageError: there are two policies.
    """
    named, orthanc = options.get("policy"), options.get("orthanc", ())
    if not (named or orthanc):
        return None
    if named and orthanc:
        raise UsageError("policy and orthanc contradict each other")
    from dicomtx.workflows.policies import toml  # noqa: PLC0415 - only policies need it

    if named:
        return toml.only(toml.read_policies(os.fspath(named)), os.fspath(named))
    listed = (orthanc,) if isinstance(orthanc, str | os.PathLike) else orthanc
    return toml.policy_of(None, tuple(map(os.fspath, listed)), None, os.environ)
