"""Parses and checks values of settings that need more than a type check."""

from typing import Final

from dicomtx import verification
from dicomtx.errors import SettingsError, UsageError

YES: Final = ("1", "true", "yes", "on")
NO: Final = ("0", "false", "no", "off")
ANY: Final = "any"
"""The value of ``only_if_smaller`` if its option has none."""


def bytes_of(where: str, value: object) -> int:
    """Parses a number of bytes from a whole number or from text such as "2G"."""
    digits, factor = str(value).strip().upper().removesuffix("B"), 1
    for power, letter in enumerate("KMGT", 1):
        if digits.endswith(letter):
            digits, factor = digits[:-1], 1024**power
    if isinstance(value, bool) or not digits.strip().isdecimal():
        raise SettingsError(f"{where}: {value!r} is not allowed: use bytes, such as 400M or 2G")
    return int(digits) * factor


def verify_of(where: str, value: object) -> str:
    """Returns the value of ``verify`` as text: true means all, false means none."""
    try:
        return verification.plain(value)
    except ValueError as error:
        raise SettingsError(
            f"{where}: {value!r} is not allowed: use {verification.ALLOWED}"
        ) from error


def gain_of(where: str, value: object) -> bool | float:
    """Returns by how many percent a result must be smaller. True: by any. False: no rule."""
    words = dict.fromkeys(YES, True) | dict.fromkeys(NO, False) | {ANY: True}
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower().removesuffix("%")
    if isinstance(value, str) and text in words and text not in ("0", "1"):
        return words[text]
    try:
        percent = float(text)
    except ValueError:
        percent = 0.0
    if not 0 < percent < 100:
        raise SettingsError(
            f"{where}: {value!r} is not allowed: use a percentage above 0 and below 100, or {ANY}"
        )
    return percent


def tile_of(where: str, value: object) -> tuple[int, int] | None:
    """Parses columns and rows of a tile: two numbers, or one for both."""
    if value is None:
        return None
    parts = value.replace("x", ",").split(",") if isinstance(value, str) else value
    listed = list(parts) if isinstance(parts, list | tuple) else [parts]
    sides = [str(side).strip() for side in listed]
    if len(sides) not in (1, 2) or not all(side.isdecimal() and int(side) > 0 for side in sides):
        raise SettingsError(
            f"{where}: {value!r} is not allowed: use columns and rows, such as 512,512, or one"
            " number for both"
        )
    return int(sides[0]), int(sides[-1])


def texts_of(where: str, value: object) -> tuple[str, ...]:
    """Returns a list of strings as a tuple."""
    if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
        raise SettingsError(f"{where}: {value!r} is not allowed: use a list of strings")
    return tuple(value)


def syntaxes_of(where: str, value: object) -> tuple[str, ...]:
    """Returns the names of transfer syntaxes given by name, alias, keyword or UID."""
    from dicomtx.transfer_syntaxes import find  # noqa: PLC0415 - only few settings name a syntax

    try:
        return tuple(find(name).name for name in texts_of(where, value))
    except UsageError as error:
        raise SettingsError(f"{where}: {error}") from error
