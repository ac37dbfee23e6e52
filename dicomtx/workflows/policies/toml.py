"""Reads policies (``[[policy.NAME.rule]]``) from dicomtx.toml or from a separate file."""

import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

from dicomtx.engine.planning.conditions import KEYS, Matcher, matcher
from dicomtx.engine.planning.policy import Policy, Rule, RuleBook, Verdict
from dicomtx.errors import DicomtxError, SettingsError
from dicomtx.settings import FIELDS, GOALS, POLICY, settings_file
from dicomtx.transfer_syntaxes import TransferSyntax, find
from dicomtx.workflows.policies.modification import KEYS as MODIFYING
from dicomtx.workflows.policies.modification import modification_of, seeded

DEFAULT: Final = "default"
ACTIONS: Final = ("to", "keep", "refuse")


def policy_of(
    named: str | None, orthanc: tuple[str, ...], config: str | None, environ: Mapping[str, str]
) -> Policy | None:
    """Returns the policy to apply, or None.

    Args:
        named: a policy of the settings file, or a file. None means ``default``, if it exists.
        orthanc: files and folders of an Orthanc configuration, which takes precedence.
        config: the settings file named on the command line.
        environ: the environment.

    Raises:
        SettingsError: a file is invalid, or the policy does not exist.
    """
    if orthanc:
        from dicomtx.workflows.policies.orthanc import read_orthanc  # noqa: PLC0415 - slow

        return read_orthanc(orthanc, environ)
    path = settings_file(config, environ)
    if named is None:
        return read_policies(path).get(DEFAULT) if path else None
    if named.lower().endswith(".json"):
        raise SettingsError(
            f"{named}: policies are TOML; use --orthanc for Orthanc's configuration"
        )
    if os.sep in named or named.endswith(".toml") or os.path.isfile(named):
        return only(read_policies(named), named)
    found = read_policies(path) if path else {}
    if named not in found:
        where = f"{path} has {', '.join(found) or 'no policy'}" if path else "no settings file"
        raise SettingsError(f"no policy {named!r}: {where}, and no file has this name")
    return found[named]


def only(policies: Mapping[str, Policy], path: str) -> Policy:
    """Returns the only policy of a file, or the one named ``default``."""
    if len(policies) == 1:
        return next(iter(policies.values()))
    if DEFAULT not in policies:
        has = f"it has {', '.join(policies)}, but none is named {DEFAULT}" if policies else ""
        raise SettingsError(f"{path}: {has or 'it has no policy: [[policy.NAME.rule]] is missing'}")
    return policies[DEFAULT]


def read_policies(path: str) -> dict[str, RuleBook]:
    """Returns the policies of a file by name. Other settings in the file are ignored.

    Raises:
        SettingsError: the file is invalid. The message names file, policy, rule and key.
    """
    table = read_table(path)
    unknown = next((key for key in table if key not in (*FIELDS, POLICY)), None)
    if unknown:
        raise SettingsError(f"{path}: {unknown}: unknown key: {_near(unknown, (POLICY, *FIELDS))}")
    policies = table.get(POLICY, {})
    if not isinstance(policies, dict):
        raise SettingsError(f"{path}: {POLICY}: use tables [[{POLICY}.NAME.rule]]")
    return {name: _rule_book(path, name, policy) for name, policy in policies.items()}


def read_table(path: str) -> dict[str, Any]:
    """Returns the content of a TOML file.

    Raises:
        SettingsError: the file cannot be read, or is not valid TOML.
    """
    import tomllib  # noqa: PLC0415 - slow to import; only settings files need it

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # TOMLDecodeError, with the line, or UnicodeDecodeError
        raise SettingsError(f"{path}: not valid TOML: {error}") from error


def _rule_book(path: str, name: str, policy: Any) -> RuleBook:
    where = f"{path}: policy {name}"
    if not isinstance(policy, dict) or not isinstance(policy.get("rule"), list):
        raise SettingsError(f"{where}: it has no rules: use tables [[{POLICY}.{name}.rule]]")
    unknown = next((key for key in policy if key != "rule"), None)
    if unknown:
        raise SettingsError(f"{where}: {unknown}: unknown key: a policy can only have rules")
    rules = []
    for number, rule in enumerate(policy["rule"], 1):
        if not isinstance(rule, dict):
            raise SettingsError(f"{where}, rule {number}: {rule!r} is not a table")
        rules.append(_rule(f"{where}, rule {number}", rule))
    return RuleBook(name, seeded(rules))


def _rule(where: str, rule: dict[str, Any]) -> Rule:
    """Returns one rule, with all keys and values checked."""
    given = [key for key in ACTIONS if key in rule]
    if len(given) != 1:
        said = f"{' and '.join(given)} contradict each other" if given else "no action"
        raise SettingsError(f'{where}: {said}: use to = "SYNTAX", keep = true, or refuse = true')
    (action,) = given
    target, reason = _action(f"{where}: {action}", action, rule[action])
    conditions, options = [], []
    for key, value in rule.items():
        if key in (*ACTIONS, *MODIFYING, "reason"):
            continue
        if key in FIELDS:
            if action != "to":
                raise SettingsError(f'{where}: {key}: needs a target: add to = "SYNTAX"')
            options.append((key, checked_option(f"{where}: {key}", key, value)))
        else:
            conditions.append(condition(f"{where}: {key}", key, value))
    check_goals(where, rule)
    if "reason" in rule and not isinstance(rule["reason"], str):
        raise SettingsError(f"{where}: reason: {rule['reason']!r} is not allowed: use text")
    verdict = Verdict.TRANSCODE if action == "to" else Verdict(action)
    reason = rule.get("reason", reason)
    modified = modification_of(where, rule, action)
    return Rule(tuple(conditions), verdict, target, tuple(options), reason, modified)


def _action(where: str, action: str, value: Any) -> tuple[TransferSyntax | None, str]:
    """Returns the target, and the reason if it is given in place of ``true``."""
    if action != "to":
        if value is not True and (not isinstance(value, str) or not value):
            raise SettingsError(f"{where}: {value!r} is not allowed: use true, or a reason")
        return None, value if isinstance(value, str) else ""
    if not isinstance(value, str):
        raise SettingsError(f"{where}: {value!r} is not allowed: use the name of a transfer syntax")
    try:
        return find(value), ""
    except DicomtxError as error:
        raise SettingsError(f"{where}: {error}") from error


def check_goals(where: str, rule: Mapping[str, Any]) -> None:
    """Checks that a rule sets at most one goal of a lossy target.

    Raises:
        SettingsError: it sets several.
    """
    goals = [key for key in (*GOALS, "reversible") if rule.get(key, False) is not False]
    if len(goals) > 1:
        raise SettingsError(f"{where}: {' and '.join(goals)} contradict each other: use only one")


def checked_option(where: str, key: str, value: Any) -> Any:
    """Returns the value of a setting in a rule, in its final form.

    Raises:
        SettingsError: a rule cannot have this setting or value. The message begins with ``where``.
    """
    if not FIELDS[key].in_rules:
        raise SettingsError(f"{where}: applies to all files; it cannot be set in a rule")
    return FIELDS[key].checked(where, value)


def condition(where: str, key: str, value: Any) -> Matcher:
    """Returns a condition of a rule.

    Raises:
        SettingsError: the key or its value is not allowed. The message begins with ``where``.
    """
    try:
        if key == "sop_class":
            return matcher(key, [_sop_class(item) for item in _listed(value)])
        if key in KEYS:
            return matcher(key, value)
        return matcher(key, value, _tag(key))
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from error


def _listed(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list) else [value]


def _sop_class(value: Any) -> Any:
    from dicomtx.dicom.values import sop_classes  # noqa: PLC0415 - imports pydicom

    return sop_classes.uid_of(value) if isinstance(value, str) else value


def _tag(key: str) -> int:
    from dicomtx.dicom.values import text  # noqa: PLC0415 - imports pydicom

    try:
        return text.tag_of(key)
    except SettingsError:
        pass
    keys = (
        *KEYS,
        *ACTIONS,
        *MODIFYING,
        "reason",
        *(name for name, field in FIELDS.items() if field.in_rules),
    )
    raise SettingsError(f"unknown key, and not an element of PS3.6: {_near(key, keys)}")


def _near(key: str, keys: tuple[str, ...]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - takes 5 ms; only wrong keys need it

    near = get_close_matches(key, keys, 1)
    return f"did you mean {near[0]}?" if near else f"use one of {', '.join(keys)}"
