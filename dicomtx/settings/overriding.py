"""Merges settings from several sources. A later quality goal replaces an earlier one."""

from collections.abc import Iterable
from typing import Any, Final

from dicomtx.errors import DicomtxError, UsageError
from dicomtx.settings.table import GOALS, Settings

EXCLUSIVE: Final = (*GOALS, "reversible")


def merged(
    below: dict[str, object], above: dict[str, object], error: type[DicomtxError]
) -> dict[str, object]:
    """Merges ``above`` over ``below``. A quality goal in ``above`` replaces any in ``below``.

    Raises:
        DicomtxError: ``above`` has two goals. The class of the error is ``error``.
    """
    goals = [name for name in EXCLUSIVE if above.get(name, False) is not False]
    if len(goals) > 1:
        dashes = "--" if error is UsageError else ""  # keys of a file have no dashes
        two = " and ".join(dashes + name.replace("_", "-") for name in goals)
        raise error(f"{two} contradict each other: use only one of them")
    kept = {name: v for name, v in below.items() if not (goals and name in EXCLUSIVE)}
    return kept | above


def overridden(settings: Settings, options: Iterable[tuple[str, object]]) -> Settings:
    """Returns the settings with overrides applied, such as those of a policy's rule.

    A quality goal in the overrides replaces the goal in the settings.
    """
    above = dict(options)
    asks = above.keys() & set(GOALS) or above.get("reversible")
    goals: dict[str, Any] = dict.fromkeys(GOALS) | {"reversible": False} if asks else {}
    return settings._replace(**(goals | above))
