"""Makes untrusted text safe to show on a terminal, in one line, or in a CSV cell."""

from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "|", "%")


def plain(text: str) -> str:
    """Returns the text on one line: control characters are escaped, secrets of URLs left out."""
    text = without_secrets(text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def without_secrets(text: str) -> str:
    """Returns the text without the passwords and the queries of URLs; see ``urls``."""
    if "://" not in text:
        return text
    from dicomtx import urls  # noqa: PLC0415 - imports re, which takes 10 ms

    return urls.without_secrets(text)


def csv_cell(value: object) -> str | int | float:
    """Returns the content of a CSV cell: one printable line that is not a formula."""
    if value is None or value == {}:
        return ""
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        from json import dumps  # noqa: PLC0415 - takes 5 ms; only tables need it

        parts = value if isinstance(value, list | tuple) else [value]
        value = "; ".join(part if isinstance(part, str) else dumps(part) for part in parts)
    text = " ".join(value.splitlines())
    guarded = text.startswith(FORMULA) or text.lstrip().startswith(FORMULA)
    return f"'{plain(text)}" if guarded else plain(text)
