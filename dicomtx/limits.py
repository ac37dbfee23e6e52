"""Limits on the resources that one file can use. They apply to every source."""

import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

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

    def bomb(self, compressed: int, size: int) -> str:
        """Returns why this inflated size is too large; empty if it is not."""
        if size > self.inflated:
            return f"{size} bytes exceed the limit of {self.inflated} ({VARIABLE}: inflated)"
        if size > self.freely and size > compressed * self.ratio:
            return f"{compressed} bytes would inflate to {size} ({VARIABLE}: ratio)"
        return ""

    def shown(self, warnings: Sequence[str]) -> tuple[str, ...]:
        """Returns the first warnings, and a line with the number of the rest."""
        more = len(warnings) - self.warnings
        rest = (f"and {more} more warning{'s' * (more > 1)}",) if more > 0 else ()
        return (*warnings[: self.warnings], *rest)


def limits_of(environ: Mapping[str, str]) -> Limits:
    """Returns the limits set in ``DICOMTX_LIMITS``, such as ``ratio=1000``.

    Raises:
        SettingsError: a name is not a limit, or a value is not a whole number.
    """
    limits = Limits()
    for part in filter(None, environ.get(VARIABLE, "").replace(" ", "").split(",")):
        name, _, number = part.partition("=")
        short = number.isascii() and number.isdecimal() and len(number) <= len(str(1 << 63))
        if name not in Limits._fields or not short:
            wanted = ", ".join(f"{key}=N" for key in Limits._fields)
            raise SettingsError(f"{VARIABLE}: {part!r} is not allowed: use {wanted}")
        limits = limits._replace(**{name: int(number)})
    return limits


@cache
def in_force() -> Limits:
    """Returns the limits of this process. Its workers inherit them."""
    return limits_of(os.environ)
