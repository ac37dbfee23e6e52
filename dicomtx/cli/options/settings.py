"""The options of settings, made from the rows of ``dicomtx.settings``."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

import click
from click.core import ParameterSource

from dicomtx import transfer_syntaxes
from dicomtx.cli.options.headings import option
from dicomtx.errors import SettingsError
from dicomtx.settings import FIELDS, GOALS, Field, load
from dicomtx.transfer_syntaxes import TransferSyntax

Decorator = Callable[[Any], Any]


def settings_options(command: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Adds ``--config`` and the settings that a command offers; it gets all as ``settings``."""
    fields = {name: field for name, field in FIELDS.items() if command in field.commands}

    def add_options(function: Callable[..., int]) -> Callable[..., int]:
        @click.option("--config", metavar="FILE", help="Settings file, instead of the user's own.")
        @wraps(function)
        def with_settings(*args: Any, config: str | None, **options: Any) -> int:
            given = _given({field: options.pop(name) for name, field in fields.items()})
            _check_goal(given)
            return function(*args, settings=load(config, os.environ, **given), **options)

        wrapped = with_settings
        for add in reversed([add for field in fields.values() for add in options_of(field)]):
            wrapped = add(wrapped)
        return wrapped

    return add_options


def options_of(field: Field) -> Iterator[Decorator]:
    """Yields the options that set a field: one, or two where it has a shortcut."""
    yield option(
        field.heading,
        _names(field),
        field.name,
        default=None,
        type=_type(field),
        metavar=field.metavar or None,
        multiple=field.default == () and not field.parse,
        help=field.help,
        shown=_default(field),
    )
    name, value = field.shortcut
    if name:
        text = f"Same as {_names(field)} {value}."
        yield option(field.heading, name, field.name, flag_value=value, help=text)


def _names(field: Field) -> str:
    """Returns the name of the option, and behind a slash that which switches it off."""
    name = field.name.replace("_", "-")
    switch = f"--{name}/--no-{name}" if field.default is False else f"--{name}"
    return field.option or switch


def _type(field: Field) -> Any:
    """Returns click's type; None for switches, and for texts that ``Field`` reads."""
    if field.allowed:
        return click.Choice(field.allowed)
    kind = field.kind or type(field.default)
    return None if field.parse or kind not in (int, float) else kind


def _default(field: Field) -> str:
    """Returns the default as the help shows it, empty if there is none."""
    if field.shown or field.default in (None, ()):
        return field.shown
    if isinstance(field.default, bool):
        on, off = (name.removeprefix("--") for name in _names(field).split("/"))
        return on if field.default else off
    return f"{field.default:g}" if isinstance(field.default, float) else str(field.default)


def _given(options: Mapping[Field, Any]) -> dict[str, Any]:
    """Returns the settings that were given as options, checked.

    Raises:
        click.UsageError: a value is not allowed.
    """
    given = {}
    for field, value in options.items():
        if value in (None, ()):  # click gives () for an option that can be repeated
            continue
        name = _names(field).partition("/")[0]
        try:
            read = field.from_text(name, value) if isinstance(value, str) else value
            given[field.name] = field.checked(name, read)
        except SettingsError as error:
            raise click.UsageError(str(error)) from error
    return given


def _check_goal(given: Mapping[str, Any]) -> None:
    """Raises ``click.UsageError`` for a goal of quality with a target that loses nothing."""
    context = click.get_current_context()
    target = context.params.get("target")
    by_option = context.get_parameter_source("target") is ParameterSource.COMMANDLINE
    goal = next((name for name in GOALS if name in given), "")
    if not goal or not by_option or not isinstance(target, TransferSyntax):
        return
    if not target.lossy or target.uid == transfer_syntaxes.RECOMPRESSION:
        raise click.UsageError(
            f"{_names(FIELDS[goal])} is for a lossy target: {target.name} loses nothing"
        )
