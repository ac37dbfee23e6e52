"""Tells where the value of each setting comes from."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from dicomtx.errors import SettingsError
from dicomtx.settings.loading import from_file, from_variables, settings_file
from dicomtx.settings.overriding import merged
from dicomtx.settings.table import FIELDS

DEFAULT: Final = "default"
TABLE: Final = re.compile(r"\s*\[")


class Origin(NamedTuple):
    """The value of a setting, and where it comes from.

    Attributes:
        name: the name of the setting.
        value: its value.
        kind: default, file or variable.
        place: the file and the line, or the variable; empty for a default.
    """

    name: str
    value: Any
    kind: str = DEFAULT
    place: str = ""


def origins(config: str | None, environ: Mapping[str, str]) -> Iterator[Origin]:
    """Yields each setting with its value and its origin, as ``load`` finds them.

    Raises:
        SettingsError: a file or a variable is invalid.
    """
    path = settings_file(config, environ)
    by_file = from_file(path) if path else {}
    by_variable = from_variables(environ)
    values = merged(merged({}, by_file, SettingsError), by_variable, SettingsError)
    lines = _lines(path) if path else []
    for name, field in FIELDS.items():
        if name not in values:
            yield Origin(name, field.default)
        elif name in by_variable:
            yield Origin(name, values[name], "variable", field.variable)
        else:
            yield Origin(name, values[name], "file", f"{path}:{_line_of(name, lines)}")


def _lines(path: str) -> list[str]:
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def _line_of(name: str, lines: list[str]) -> int:
    """Returns the number of the line that sets a key: ``key =``, ``key.part =`` or ``[key]``."""
    key = re.compile(rf"""\s*["']?{name}["']?\s*[.=]""")
    table = re.compile(rf"""\s*\[\s*["']?{name}["']?\s*\]""")
    in_table = False
    for number, line in enumerate(lines, 1):
        if table.match(line) or (not in_table and key.match(line)):
            return number
        in_table = in_table or bool(TABLE.match(line))
    return 1
