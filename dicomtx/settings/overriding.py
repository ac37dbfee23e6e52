"""Settings over settings. Of the goals of quality, only the uppermost holds."""

from collections.abc import Iterable
from typing import Any, Final

from dicomtx.errors import DicomtxError, UsageError
from dicomtx.settings.table import GOALS, Settings

EXCLUSIVE: Final = (*GOALS, "reversible")


def merged(
    below: dict[str, Any], above: dict[str, Any], error: type[DicomtxError]
) -> dict[str, Any]:
    """Returns both. A goal of quality in ``above`` replaces those in ``below``.

    Raises:
        DicomtxError: ``above`` has two goals; the error is of the class given.
    """
    goals = [name for name in EXCLUSIVE if above.get(name, False) is not False]
    if len(goals) > 1:
        dashes = "--" if error is UsageError else ""  # options; keys of a file have none
        two = " and ".join(dashes + name.replace("_", "-") for name in goals)
        raise error(f"{two} contradict each other: ask for one of them")
    kept = {name: v for name, v in below.items() if not (goals and name in EXCLUSIVE)}
    return kept | above


def overridden(settings: Settings, options: Iterable[tuple[str, Any]]) -> Settings:
    """Returns the settings with others over them, such as those of a policy's rule.

    A goal of quality among them replaces that of the settings.
    """
    above = dict(options)
    asks = above.keys() & set(GOALS) or above.get("reversible")
    goals: dict[str, Any] = dict.fromkeys(GOALS) | {"reversible": False} if asks else {}
    return settings._replace(**(goals | above))
