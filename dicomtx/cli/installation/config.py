"""``dicomtx config``: shows the settings and where they come from."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from dicomtx.cli.options.commands import Group
from dicomtx.cli.options.headings import Command, option
from dicomtx.cli.output.console import Console
from dicomtx.errors import ExitCode
from dicomtx.limits import Limits
from dicomtx.settings import FIELDS, settings_file, user_file

if TYPE_CHECKING:
    from dicomtx.settings.origins import Origin


@click.group(
    cls=Group,
    short_help="Show the settings and where they come from.",
    for_path="Use 'dicomtx config show --config {path}'",
)
def config() -> None:
    """Show the settings and where they come from.

    The settings file overrides the defaults, DICOMTX_* variables override the settings file, and
    the options of a command override all of them.
    """


@config.command(cls=Command, short_help="Show each setting, its value and its origin.")
@option(
    "Options", "--config", "file", metavar="FILE", help="Settings file, instead of the user's own."
)
@option("Reports", "--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def show(console: Console, /, file: str | None, *, as_json: bool) -> int:
    """Show each setting, its value, and whether a file, a variable or the default sets it.

    Exit code 9: the settings are invalid; the message names the file and the key.
    """
    from dicomtx.settings.origins import origins  # noqa: PLC0415 - a command imports its work

    found = list(origins(file, os.environ))
    if as_json:
        import json  # noqa: PLC0415 - 5 ms that only --json needs

        told = {one.name: _as_json(one) for one in found}
        path = settings_file(file, os.environ)
        console.result(json.dumps({"file": path, "settings": told}))
        return ExitCode.DONE
    from dicomtx.cli.output import tables  # noqa: PLC0415 - wraps text

    rows = [(name, one.place or one.kind, text) for one in found for name, text in _texts(one)]
    tables.show(console, rows, ("Setting", "From", "Value"))
    return ExitCode.DONE


@config.command(cls=Command, short_help="Show the path of the settings file.")
@click.pass_obj
def path(console: Console, /) -> int:
    """Show the path of the settings file: the one that is read, or where dicomtx looks for it."""
    console.result(settings_file(None, os.environ) or user_file(os.environ))
    return ExitCode.DONE


def _as_json(one: "Origin") -> dict[str, Any]:
    """Returns an origin as JSON has it; the limits are a table."""
    value = one.value._asdict() if hasattr(one.value, "_asdict") else one.value
    return {"value": value, "from": one.kind, "place": one.place}


def _texts(one: "Origin") -> Iterator[tuple[str, str]]:
    """Yields the name and the value as text; for the limits, those of each limit."""
    if isinstance(one.value, Limits):
        yield from ((f"{one.name}.{name}", text) for name, text in one.value.described())
    else:
        yield one.name, _text(one)


def _text(one: "Origin") -> str:
    """Returns the value as text, in the form that a variable has."""
    value, field = one.value, FIELDS[one.name]
    if value == field.default and field.shown:
        return field.shown
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
