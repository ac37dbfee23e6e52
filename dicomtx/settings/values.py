"""Parses and checks values of settings that need more than a type check."""

from dicomtx import verification
from dicomtx.errors import SettingsError, UsageError


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
