"""The rows of a tool's table: one option each, with what it means for dicomtx."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, NoReturn

import click

Meaning = Literal["used", "no effect", "refused"]
Choices = Mapping[str, Any]

NOTHING: Final[Choices] = MappingProxyType({})
VALUE: Final = object()
"""Stands for the value of the option, among the ``choices`` of a row."""


class Argument(NamedTuple):
    """An argument of an option.

    Attributes:
        name: how help and messages call it.
        kind: str, int, float, or list for numbers separated by commas.
        within: the smallest and the largest allowed number.
        words: the allowed texts; empty allows any.
    """

    name: str
    kind: type = str
    within: tuple[float, float] | None = None
    words: tuple[str, ...] = ()

    def parsed(self, option: str, text: str) -> Any:
        """Returns the value.

        Raises:
            click.UsageError: it is not allowed.
        """
        if self.words and text not in self.words:
            raise click.UsageError(f"{option}: {text!r} is not one of {', '.join(self.words)}")
        if self.kind is str:
            return text
        if self.kind is list:
            return tuple(self._number(option, part, float) for part in text.split(","))
        return self._number(option, text, self.kind)

    def _number(self, option: str, text: str, kind: type) -> Any:
        try:
            number = kind(text)
        except ValueError:
            self._fail(option, text)
        low, high = self.within or (float("-inf"), float("inf"))
        return number if low <= number <= high else self._fail(option, text)

    def _fail(self, option: str, text: str) -> NoReturn:
        wanted = "a whole number" if self.kind is int else "a number"
        if self.within:
            wanted += " from {:g} to {:g}".format(*self.within)
        raise click.UsageError(f"{option}: {text!r} is not {wanted}")


class Row(NamedTuple):
    """One option of a tool.

    Attributes:
        names: all spellings, the short ones first.
        meaning: whether dicomtx uses it, accepts it without effect, or refuses it.
        text: one sentence: what it does here, why it has no effect, or what to do instead.
        arguments: what follows the option on the command line.
        choices: what it sets, by the keys of ``choices.Wanted`` or of ``Settings``.
        differs: what dicomtx does differently than the tool, on purpose.
    """

    names: tuple[str, ...]
    meaning: Meaning
    text: str
    arguments: tuple[Argument, ...] = ()
    choices: Choices = NOTHING
    differs: str = ""

    @property
    def shown(self) -> str:
        """The spellings and arguments, for help and documentation."""
        return " ".join((", ".join(self.names), *(one.name for one in self.arguments)))


class Section(NamedTuple):
    """Options under a heading of the tool's help."""

    title: str
    rows: tuple[Row, ...]


class Tool(NamedTuple):
    """A tool whose arguments dicomtx takes.

    Attributes:
        name: the name of the tool.
        text: what the command does, in one sentence.
        version: the version whose options the table lists.
        sections: the table.
        dialect: how its command line is written: as getopt_long reads it, or as DCMTK does.
        finish: returns what the chosen options ask for (``choices.Wanted``).
        differs: what dicomtx does differently than the tool, whatever the options.
        streams: whether ``-`` means standard input or output.
    """

    name: str
    text: str
    version: str
    sections: tuple[Section, ...]
    dialect: Literal["getopt", "dcmtk"]
    finish: Callable[[Choices], Any]
    differs: tuple[str, ...] = ()
    streams: bool = True

    @property
    def rows(self) -> dict[str, Row]:
        """The rows by spelling."""
        return {name: row for part in self.sections for row in part.rows for name in row.names}


def used(names: str, text: str, *arguments: Argument, differs: str = "", **choices: Any) -> Row:
    """Returns the row of an option that sets something; ``names`` are separated by spaces."""
    return Row(tuple(names.split()), "used", text, arguments, choices, differs)


def accepted(names: str, text: str, *arguments: Argument, differs: str = "") -> Row:
    """Returns the row of an option that changes nothing, because ``text``."""
    return Row(tuple(names.split()), "no effect", text, arguments, differs=differs)


def refused(names: str, text: str, *arguments: Argument) -> Row:
    """Returns the row of an option that dicomtx does not have; ``text`` says what to do instead."""
    return Row(tuple(names.split()), "refused", text, arguments)
