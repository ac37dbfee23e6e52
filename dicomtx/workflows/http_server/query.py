"""Turns the query of a request into arguments of ``dicomtx convert``.

A client can set what shapes its own result. It cannot name a file on the server, and it cannot
change what a request may cost.
"""

from collections.abc import Collection
from typing import Final
from urllib.parse import parse_qsl

from dicomtx.errors import SettingsError, UsageError
from dicomtx.settings import FIELDS, Field
from dicomtx.transfer_syntaxes import find

ON_FAILURE: Final = ("error", "keep-original")
SETTINGS: Final = {name: field for name, field in FIELDS.items() if field.in_requests}
NAMES: Final = ("to", "policy", "on_failure", *SETTINGS)
MOST_NAMES: Final = 100


def arguments_of(query: bytes, policies: Collection[str]) -> list[str]:
    """Returns the arguments for a query such as ``to=rle&verify=none``.

    Args:
        query: the query of the URL, without the question mark.
        policies: the names of policies that a client can choose from.

    Raises:
        UsageError: an option is unknown, repeated, or has a value that is not allowed.
    """
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_NAMES,
        )
    except ValueError as error:
        raise UsageError(f"the query is not valid: {error}") from error
    given = dict(pairs)
    if len(given) < len(pairs):
        raise UsageError("an option is given twice")
    if {"to", "policy"} <= given.keys():
        raise UsageError("to and policy contradict each other")
    return [_argument(name, text, policies) for name, text in given.items()]


def _argument(name: str, text: str, policies: Collection[str]) -> str:
    """Returns the checked argument for one option."""
    match name:
        case "to":
            return f"--to={find(text).name}"
        case "policy":
            return f"--policy={_one_of(name, text, policies)}"
        case "on_failure":
            return f"--on-failure={_one_of(name, text, ON_FAILURE)}"
        case _ if name in SETTINGS:
            return _setting(SETTINGS[name], text)
        case _:
            raise UsageError(f"{name}: unknown option: use one of {', '.join(NAMES)}")


def _one_of(name: str, text: str, allowed: Collection[str]) -> str:
    if text not in allowed:
        raise UsageError(f"{name}: {text!r} is not allowed: use one of {', '.join(allowed) or '-'}")
    return text


def _setting(field: Field, text: str) -> str:
    """Returns the argument that sets a field.

    Raises:
        UsageError: the value is not allowed.
    """
    try:
        value = field.from_text(field.name, text)
        field.checked(field.name, value)
    except SettingsError as error:
        raise UsageError(str(error)) from error
    on, _, off = field.options.partition("/")
    if isinstance(value, bool):
        return on if value else off
    return f"{on}={text}"
