"""Limits on the resources that one file can use. They apply to every source."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from dicomtx.comma_list import comma_list
from dicomtx.errors import SettingsError

VARIABLE: Final = "DICOMTX_LIMITS"


class Limits(NamedTuple):
    """The limits of one file. A file that exceeds a limit fails with an error that names it.

    Attributes:
        inflated: largest inflated size of a deflated data set or of a ZIP member, in bytes.
        freely: inflated size in bytes up to which ``ratio`` does not apply.
        ratio: largest ratio of inflated to compressed size.
        elements: most elements of one data set or item in memory at once.
        fragments: most fragments of Pixel Data.
        frames: largest Number of Frames of Pixel Data to decode or encode.
        depth: deepest nesting of sequences to compare.
        warnings: most warnings shown per file. The rest are only counted.
    """

    inflated: int = 16 << 30
    freely: int = 256 << 20
    ratio: int = 100
    elements: int = 1 << 24
    fragments: int = 1 << 22
    frames: int = 1 << 24
    depth: int = 100
    warnings: int = 100

    def described(self) -> Iterator[tuple[str, str]]:
        """Yields the name of each limit, and its value with the unit and what it limits."""
        for name, number in self._asdict().items():
            yield name, f"{number} {MEANINGS[name]}"

    def bomb(self, compressed: int, size: int) -> str:
        """Returns why this inflated size is too large; empty if it is not."""
        if size > self.inflated:
            return f"{size} bytes exceed the limit of {self.inflated}; {how_to_raise('inflated')}"
        if size > self.freely and size > compressed * self.ratio:
            return f"{compressed} bytes would inflate to {size}; {how_to_raise('ratio')}"
        return ""

    def shown(self, warnings: Sequence[str]) -> tuple[str, ...]:
        """Returns the first warnings, and a line with the number of the rest."""
        more = len(warnings) - self.warnings
        rest = (f"and {more} more warning{'s' * (more > 1)}",) if more > 0 else ()
        return (*warnings[: self.warnings], *rest)


MEANINGS: Final = {
    "inflated": "bytes: most after decompression",
    "freely": "bytes after decompression: up to here, the limit ratio does not apply",
    "ratio": "times the compressed size: most after decompression",
    "elements": "elements in one data set or item",
    "fragments": "fragments of Pixel Data",
    "frames": "frames to decode or encode",
    "depth": "levels of sequences to compare",
    "warnings": "warnings shown for one file",
}
"""What follows the number of each limit where it is shown."""


def how_to_raise(name: str) -> str:
    """Returns what a message about a file beyond a limit suggests."""
    return f"raise '{name}' in [limits] of dicomtx.toml, or in {VARIABLE}"


def limits_of(where: str, value: object) -> Limits:
    """Returns the limits in a table, or in a text such as ``ratio=1000,depth=50``.

    Args:
        where: where the value comes from. Messages begin with it.
        value: names and whole numbers. Limits that it does not name have their defaults.

    Raises:
        SettingsError: a name is not a limit, or a value is not a whole number.
    """
    if isinstance(value, str):
        return Limits(**dict(_parts(where, value)))
    if isinstance(value, Limits):
        return value
    wanted = f"use whole numbers from 0, with the names {', '.join(Limits._fields)}"
    if not isinstance(value, Mapping):
        raise SettingsError(f"{where}: {value!r} is not allowed: {wanted}")
    for name, number in value.items():
        if name not in Limits._fields:
            raise SettingsError(f"{where}.{name}: unknown key: {wanted}")
        if type(number) is not int or number < 0:
            raise SettingsError(f"{where}.{name}: {number!r} is not allowed: {wanted}")
    return Limits(**value)


def _parts(where: str, text: str) -> Iterator[tuple[str, int]]:
    """Yields the names and numbers in a text."""
    for part in comma_list(text.replace(" ", "")):
        name, _, number = part.partition("=")
        short = number.isascii() and number.isdecimal() and len(number) <= len(str(1 << 63))
        if name not in Limits._fields or not short:
            wanted = ", ".join(f"{key}=N" for key in Limits._fields)
            raise SettingsError(f"{where}: {part!r} is not allowed: use {wanted}")
        yield name, int(number)


_enforced: list[Limits] = []


def enforce(limits: Limits) -> None:
    """Puts limits in force for this process."""
    _enforced[:] = [limits]


def in_force() -> Limits:
    """Returns the limits of this process: from the settings, or else from ``DICOMTX_LIMITS``."""
    if not _enforced:
        enforce(limits_of(VARIABLE, os.environ.get(VARIABLE, "")))
    return _enforced[0]
