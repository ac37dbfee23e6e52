"""Terminals: their width, their colours, and text that fits."""

import os
import re
from collections.abc import Iterator
from typing import Final, Self, TextIO

USUAL: Final = 80
NARROWEST: Final = 20
COLOURS: Final = {"error": "31", "good": "32", "warning": "33"}
"""SGR codes of ECMA-48: red, green, yellow."""
BREAK: Final = r" (?!(?:[kMG]?B|dB|s|bits|bytes|bit|byte)\b)"
"""Where a line can end: not between a number and its unit."""


class Styled(str):
    """A text with a style, one of ``COLOURS``."""

    __slots__ = ("style",)
    style: str

    def __new__(cls, text: str, style: str) -> Self:
        """Returns the text with its style."""
        styled = super().__new__(cls, text)
        styled.style = style
        return styled


def width(stream: TextIO) -> int | None:
    """Returns the columns of a terminal; None for other streams, whose lines have any length."""
    if not stream.isatty():
        return None
    try:
        columns = int(os.environ.get("COLUMNS") or os.get_terminal_size(stream.fileno()).columns)
    except (OSError, ValueError):
        columns = 0
    return max(NARROWEST, columns if columns > 0 else USUAL)


def is_coloured(stream: TextIO, wanted: str = "auto") -> bool:
    """Whether to use colours: ``wanted`` is always, never, or auto.

    With auto, ``NO_COLOR`` and ``FORCE_COLOR`` decide, otherwise whether it is a terminal.
    """
    if wanted != "auto":
        return wanted == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or draws(stream)


def draws(stream: TextIO) -> bool:
    """Whether a stream is a terminal that understands control sequences."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def painted(text: str, style: str) -> str:
    """Returns the text with the control sequences of a style."""
    return f"\x1b[{COLOURS[style]}m{text}\x1b[0m" if style and text else text


def cells(text: str) -> int:
    """Returns the columns that a text takes: two for each wide character (UAX #11)."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # noqa: PLC0415 - only other scripts need it

    return sum(0 if combining(c) else 1 + (east_asian_width(c) in "WF") for c in text)


def folded(text: str, columns: int | None, indent: str = "") -> Iterator[str]:
    """Yields a text in lines that break at spaces. Words that are too long stay whole.

    Args:
        text: one line.
        columns: the longest line, or None for one line of any length.
        indent: the start of all lines but the first.
    """
    if columns is None or cells(text) <= columns:
        yield text
        return
    line, *words = re.split(BREAK, text)
    for word in words:
        if cells(line) + 1 + cells(word) > columns:
            yield line
            line = f"{indent}{word}"
        else:
            line = f"{line} {word}"
    yield line
