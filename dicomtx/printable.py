"""Text of unknown origin as it can be shown: on a terminal, in a line, in a cell."""

from typing import Any, Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "|", "%")


def plain(text: str) -> str:
    """Returns the text on one line: control characters, wherever they come from, are escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def csv_cell(value: Any) -> str | int | float:
    """Returns the content of a CSV cell: one printable line that is not a formula."""
    if value is None or value == {}:
        return ""
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        from json import dumps  # noqa: PLC0415 - 5 ms that only tables need

        parts = [value] if isinstance(value, dict) else value
        value = "; ".join(part if isinstance(part, str) else dumps(part) for part in parts)
    text = " ".join(value.splitlines())
    guarded = text.startswith(FORMULA) or text.lstrip().startswith(FORMULA)
    return f"'{plain(text)}" if guarded else plain(text)
