"""Names everything that the results of a batch depend on, as options and their values."""

from typing import Any

from dicomtx.settings import FIELDS
from dicomtx.version import __version__
from dicomtx.workflows.batch.fingerprint import digest, shaping
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.batch.plan_options import HIDDEN, VERSION


def options_of(batch: Batch) -> dict[str, str]:
    """Returns everything that results depend on, by the option that sets it."""
    decides: dict[str, Any] = {
        "--from-plan": bool(batch.from_plan),
        "--on-failure": batch.on_failure,
    }
    if batch.policy:
        content = HIDDEN + digest(batch.policy, size=8)
        decides |= {"--policy": batch.policy.name, "the rules of the policy": content}
    elif not batch.from_plan:
        decides["--to"] = batch.target.name
    rules = {_option(name): value for name, value in batch.rules._asdict().items()}
    settings = {_named(name): value for name, value in shaping(batch.settings).items()}
    layout = HIDDEN + digest(batch.layout, size=8) if batch.layout else ""
    changes = HIDDEN + digest(batch.changes, size=8) if batch.changes else ""
    others = {
        "the modification": changes,
        "--layout": layout,
        "--remap-references": batch.remap,
        VERSION: __version__,
    }
    every = decides | rules | settings | others
    return {
        name: _text(value)
        for name, value in every.items()
        if value is not False and value not in (None, "", ())
    }


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _named(setting: str) -> str:
    return FIELDS[setting].options.partition("/")[0]


def _text(value: Any) -> str:
    if value is True:
        return "on"
    if isinstance(value, tuple):
        return ",".join(getattr(one, "name", str(one)) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
