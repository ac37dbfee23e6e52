"""What one file may cost to read: the same limits for every source, whatever it comes from."""

import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

from dicomtx.errors import SettingsError

VARIABLE: Final = "DICOMTX_LIMITS"


class Limits(NamedTuple):
    """The limits of one file. A file that exceeds one fails with an error that names it.

    Attributes:
        inflated: bytes that a deflated data set, or member of a ZIP archive, may become.
        freely: bytes up to which the ratio is not looked at.
        ratio: bytes that one compressed byte may become.
        elements: elements of one data set or item that are held at once.
        fragments: fragments of Pixel Data.
        frames: Number of Frames of Pixel Data that is decoded or encoded.
        depth: sequences in each other that are compared.
        warnings: warnings that are shown of one file; of the rest only the number is.
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
        """Returns why this many inflated bytes are too many; empty if they are not."""
        if size > self.inflated:
            return f"{size} bytes are more than the limit of {self.inflated} ({VARIABLE}: inflated)"
        if size > self.freely and size > compressed * self.ratio:
            return f"{compressed} bytes would become {size} ({VARIABLE}: ratio)"
        return ""

    def shown(self, warnings: Sequence[str]) -> tuple[str, ...]:
        """Returns the first warnings, and how many more there are."""
        more = len(warnings) - self.warnings
        rest = (f"and {more} more warning{'s' * (more > 1)}",) if more > 0 else ()
        return (*warnings[: self.warnings], *rest)


def limits_of(environ: Mapping[str, str]) -> Limits:
    """Returns the limits that ``DICOMTX_LIMITS`` asks for, such as ``ratio=1000``.

    Raises:
        SettingsError: it names no limit, or a limit is not a whole number.
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
    """Returns the limits of this process, which its workers inherit."""
    return limits_of(os.environ)
