"""Reads the command lines of tools, by their tables."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import click

from dicomtx.cli.faces.row import VALUE, Row, Tool


class Given(NamedTuple):
    """A command line.

    Attributes:
        options: the options, as they were written, in their order.
        choices: what they set. Of options that set the same, the last one counts.
        files: all other arguments.
    """

    options: tuple[str, ...]
    choices: dict[str, Any]
    files: tuple[str, ...]


def given(tool: Tool, line: Sequence[str]) -> Given:
    """Returns what a command line says.

    Raises:
        click.UsageError: an option is unknown or refused, or its argument is missing or wrong.
    """
    read = _getopt(tool, list(line)) if tool.dialect == "getopt" else _dcmtk(tool, list(line))
    options: list[str] = []
    files: list[str] = []
    choices: dict[str, Any] = {}
    for name, row, texts in read:
        if row is None:
            files.append(name)
            continue
        if row.meaning == "refused":
            raise click.UsageError(f"{name} is not supported: {row.text}")
        values = [a.parsed(name, text) for a, text in zip(row.arguments, texts, strict=True)]
        value = values[0] if len(values) == 1 else tuple(values)
        choices |= {key: value if one is VALUE else one for key, one in row.choices.items()}
        options.append(name)
    return Given(tuple(options), choices, tuple(files))


Item = tuple[str, Row | None, list[str]]
"""An option as written, its row and the texts of its arguments; or a file without a row."""


def _getopt(tool: Tool, line: list[str]) -> Iterator[Item]:
    """Yields what ``getopt_long`` finds: ``-KY``, ``-r10``, ``--rate=10``, ``--rat 10``, ``--``."""
    rows = tool.rows
    while line:
        text = line.pop(0)
        if text == "--":
            yield from ((file, None, []) for file in line)
            return
        if text.startswith("--"):
            name, mark, joined = text.partition("=")
            name = _completed(name, rows)
            yield name, rows[name], _joined(name, rows[name], joined if mark else None, line)
        elif text.startswith("-") and text != "-":
            yield from _cluster(text[1:], rows, line)
        else:
            yield text, None, []


def _cluster(letters: str, rows: dict[str, Row], line: list[str]) -> Iterator[Item]:
    """Yields short options written as one word; what follows one with an argument is its value."""
    while letters:
        name, letters = f"-{letters[0]}", letters[1:]
        if name not in rows:
            raise click.UsageError(f"unknown option {name}")
        row = rows[name]
        if row.arguments:
            yield name, row, _joined(name, row, letters or None, line)
            return
        yield name, row, []


def _completed(name: str, rows: dict[str, Row]) -> str:
    """Returns the long option that a name, or the beginning of one, means."""
    begun = [one for one in rows if one.startswith(name) and one.startswith("--")]
    if name in rows or len(begun) == 1:
        return name if name in rows else begun[0]
    if begun:
        raise click.UsageError(f"{name} is ambiguous: {', '.join(begun)}")
    raise click.UsageError(f"unknown option {name}")


def _joined(name: str, row: Row, joined: str | None, line: list[str]) -> list[str]:
    """Returns the argument of an option, which is joined to it or comes next."""
    if joined is None:
        return _next(name, row, line)
    if not row.arguments:
        raise click.UsageError(f"{name} takes no argument")
    return [joined]


def _dcmtk(tool: Tool, line: list[str]) -> Iterator[Item]:
    """Yields what DCMTK's tools find: whole words only, and command files."""
    rows = tool.rows
    line = [word for text in line for word in (_words(text[1:]) if text[:1] == "@" else [text])]
    while line:
        text = line.pop(0)
        if text in rows:
            yield text, rows[text], _next(text, rows[text], line)
        elif text[:1] in ("-", "+") and len(text) > 1:
            raise click.UsageError(f"unknown option {text}")
        else:
            yield text, None, []


def _words(path: str) -> list[str]:
    """Returns the arguments in a command file; quotation marks keep words together."""
    from shlex import shlex  # noqa: PLC0415 - only command files need it

    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError as error:
        raise click.UsageError(f"command file {path}: {error.strerror}") from error
    words = shlex(text, posix=True, punctuation_chars=False)
    words.whitespace_split, words.commenters, words.escape = True, "", ""
    try:
        return list(words)
    except ValueError as error:
        raise click.UsageError(f"command file {path}: a quotation mark is not closed") from error


def _next(name: str, row: Row, line: list[str]) -> list[str]:
    """Takes the arguments of an option from the line."""
    count = len(row.arguments)
    if len(line) < count:
        wanted = " ".join(argument.name for argument in row.arguments)
        raise click.UsageError(f"{name} needs {wanted}")
    taken, line[:count] = line[:count], []
    return taken
