"""Reads what a rule of a policy modifies: ``set``, ``replace``, ``remove`` and ``new_uids``."""

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from dicomtx.dicom.modification.modification import LEVELS, Change, Level, Modification
from dicomtx.engine.planning.policy import Rule
from dicomtx.errors import SettingsError

KEYS: Final = ("set", "replace", "remove", "new_uids")
REASON: Final = "COERCE"


def modification_of(where: str, rule: dict[str, Any], action: str) -> Modification | None:
    """Returns what a rule modifies; None if it modifies nothing.

    Raises:
        SettingsError: an element or a value is not possible; the message begins with ``where``.
    """
    given = [key for key in KEYS if key in rule]
    if not given:
        return None
    if action == "refuse":
        raise SettingsError(f"{where}: {given[0]}: a refused file is not modified")
    from dicomtx.dicom.modification.parsing import modification  # noqa: PLC0415 - brings pydicom

    level = _level(f"{where}: new_uids", rule.get("new_uids", False))
    changes = tuple(change for key in given for change in _changes(f"{where}: {key}", key, rule))
    try:
        return modification(changes, level)._replace(reason=REASON)
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from error


def seeded(rules: list[Rule]) -> tuple[Rule, ...]:
    """Returns the rules with the seed of their new UIDs.

    All rules have the same one, so that files of a study get the same new UIDs whatever the rule.
    It depends on all modifications, and nothing else: every run gives the same new UIDs.
    """
    every = [rule.modification for rule in rules if rule.modification]
    seed = hashlib.blake2b(repr(every).encode(), digest_size=16).hexdigest()
    return tuple(
        rule._replace(modification=rule.modification._replace(seed=seed))
        if rule.modification
        else rule
        for rule in rules
    )


def _level(where: str, value: Any) -> Level:
    """Returns what gets new UIDs: nothing for false, the study for true, or what is named."""
    if isinstance(value, bool):
        return "study" if value else ""
    if value not in LEVELS:
        raise SettingsError(f"{where}: {value!r} is not allowed: use true or {', '.join(LEVELS)}")
    level: Level = value
    return level


def _changes(where: str, key: str, rule: dict[str, Any]) -> Iterator[Change]:
    from dicomtx.dicom.modification.parsing import change  # noqa: PLC0415 - brings pydicom

    value = rule[key]
    try:
        if key == "remove":
            for place in value if isinstance(value, list) else [value]:
                yield change("remove", _text(place))
        elif key in ("set", "replace"):
            for place, text in _table(value).items():
                yield change("set" if key == "set" else "replace", place, _text(text))
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from error


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingsError(f'{value!r} is not allowed: use {{ KEYWORD = "VALUE" }}')
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise SettingsError(f"{value!r} is not allowed: use text")
    return value
