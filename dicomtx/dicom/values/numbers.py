"""Parses numbers in text elements (PS3.5 6.2). All such numbers are parsed here."""

from math import isfinite
from typing import Final

MOST_DIGITS: Final = 10  # an IS holds 32 bits
LONGEST: Final = 64  # an IS has up to 12 characters and a DS 16, but some files pad them


def integer(text: str) -> int | None:
    """Parses the first value of an IS, with or without a sign; None if it is not a number.

    Raises:
        OverflowError: the number has more digits than an IS can have.
    """
    first = text.split("\\", 1)[0].strip(" \0")
    digits = first[1:] if first[:1] in ("+", "-") else first
    if not (digits.isascii() and digits.isdigit()):
        return None
    digits = digits.lstrip("0") or "0"
    if len(digits) > MOST_DIGITS:
        raise OverflowError(f"it has {len(digits)} digits")
    return -int(digits) if first[0] == "-" else int(digits)


def decimal(text: str) -> float | None:
    """Parses one value of a DS; None if it is not a finite number."""
    if len(text) > LONGEST or not text.isascii() or "_" in text:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None
