"""The definition of a setting: everything but its value."""

from collections.abc import Callable, Mapping
from math import inf
from types import UnionType
from typing import Any, Final, Literal, NamedTuple, get_args

from dicomtx.comma_list import comma_list
from dicomtx.errors import SettingsError
from dicomtx.settings.values import NO, YES, texts_of

Scope = Literal["run", "reading", "file", "checking"]
"""What a setting applies to.

- run: the whole run. It is fixed before the first file is read.
- reading: how a file is read, which happens before any rule applies. A plan records it.
- file: what happens to a file. A rule of a policy can set it, and a plan records it.
- checking: how a result is judged. A rule can set it. A reviewed plan leaves it to the command.
"""


class Field(NamedTuple):
    """One row of ``Settings``: an option, a key of dicomtx.toml, a variable, and its rules.

    Attributes:
        help: the help text of the option.
        scope: see ``Scope``.
        commands: the commands that offer it as an option.
        heading: where ``--help`` lists it.
        shapes_result: whether the setting can change the files that a run writes.
        allowed: the allowed values; empty if there is no fixed list.
        within: the smallest and the largest allowed number.
        kind: the type of the value, if the default does not show it.
        accepts: other types that the Python API accepts; ``parse`` converts them.
        parse: returns the value in its final form, or raises ``SettingsError``.
        needs: the targets that it concerns, see ``settings.targets``; empty if all.
        marks_uid: whether a derived SOP Instance UID depends on it.
        option: the option, if it is not the name with hyphens; ``--on/--off`` for a switch.
        metavar: the placeholder of the value in ``--help``.
        shown: the default in ``--help``, if it is not the value itself.
        bare: the value of the option if the command line has none, as in ``--option[=VALUE]``.
        former: another name of the option, such as an earlier one, which the help does not show.
        shortcut: an option that sets one of the values, and that value.
        variable: the environment variable, if it is not ``DICOMTX_`` plus the name.
        name: the key, set by ``fields_of``.
        default: the default value, set by ``fields_of``.
    """

    help: str
    scope: Scope
    commands: tuple[str, ...]
    heading: str
    shapes_result: bool = True
    allowed: tuple[str, ...] = ()
    within: tuple[float, float] | None = None
    kind: type | None = None
    accepts: type | UnionType | None = None
    parse: Callable[[str, Any], Any] | None = None
    needs: str = ""
    marks_uid: bool = False
    option: str = ""
    metavar: str = ""
    shown: str = ""
    bare: str = ""
    former: str = ""
    shortcut: tuple[str, str] = ("", "")
    variable: str = ""
    name: str = ""
    default: Any = None

    @property
    def in_rules(self) -> bool:
        """Whether a rule of a policy can set it for its files."""
        return self.scope in ("file", "checking")

    @property
    def in_plans(self) -> bool:
        """Whether a reviewed plan decides it, not the command that executes the plan."""
        return self.scope in ("file", "reading")

    @property
    def in_requests(self) -> bool:
        """Whether a client of the HTTP server can set it.

        A plan shows everything that shapes a result. It has no settings for what a run may cost or
        overwrite.
        """
        return self.shapes_result and "plan" in self.commands

    @property
    def options(self) -> str:
        """The option; for a switch, also the option that turns it off, after a slash."""
        name = self.name.replace("_", "-")
        switch = f"--{name}/--no-{name}" if self.default is False else f"--{name}"
        return self.option or switch

    def checked(self, where: str, value: object) -> Any:
        """Returns the value in its final form.

        Raises:
            SettingsError: the value is not allowed. The message begins with ``where``.
        """
        if self.parse:
            return self.parse(where, value)
        kind = self.kind or type(self.default)
        if kind is tuple:
            return texts_of(where, value)
        wanted, right = KINDS[kind]
        if self.allowed:
            wanted, right = f"one of {', '.join(self.allowed)}", self.allowed.__contains__
        if self.within:
            low, high = self.within
            wanted = f"{'a whole number' if kind is int else 'a number'}, {low} to {high}"
            right = _number_within(kind, low, high)
        if not right(value):
            raise SettingsError(f"{where}: {value!r} is not allowed: use {wanted}")
        return value

    def from_text(self, where: str, text: str) -> object:
        """Parses the text of an environment variable. The value is not checked yet."""
        kind = self.kind or type(self.default)
        if kind is tuple:
            return comma_list(text)
        if self.parse or kind is str:
            return text
        if kind is bool:
            if text.lower() not in YES + NO:
                allowed = ", ".join(YES + NO)
                raise SettingsError(f"{where}: {text!r} is not allowed: use one of {allowed}")
            return text.lower() in YES
        try:
            return kind(text)
        except ValueError as error:
            raise SettingsError(f"{where}: {text!r} is not allowed: use a number") from error


def fields_of(settings: Any) -> dict[str, Field]:
    """Returns the rows of a named tuple, each with its name and default.

    Raises:
        TypeError: a field has no row, or its row has no scope.
    """
    rows = {}
    for name, default in settings._field_defaults.items():
        row = next(iter(getattr(settings.__annotations__[name], "__metadata__", ())), None)
        if not isinstance(row, Field) or row.scope not in get_args(Scope):
            raise TypeError(f"{name}: this setting needs a Field with a scope")
        variable = row.variable or f"DICOMTX_{name.upper()}"
        rows[name] = row._replace(name=name, default=default, variable=variable)
    return rows


def _number_within(kind: type, low: float, high: float) -> Callable[[Any], bool]:
    whole = (int,) if kind is int else (int, float)
    return lambda value: type(value) in whole and low <= value <= high


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < inf


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


KINDS: Final[Mapping[type, tuple[str, Callable[[Any], bool]]]] = {
    str: ("text", lambda value: isinstance(value, str)),
    float: ("a number above 0", _is_positive),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("a whole number, 0 or more", _is_count),
}
