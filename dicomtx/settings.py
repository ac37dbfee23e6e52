"""How dicomtx works, whatever the file: defaults, then dicomtx.toml, then DICOMTX_*, then options."""

from dataclasses import dataclass
from typing import Final

ORDERS: Final = ("builtin-first", "plugins-first", "plugins-only")


@dataclass(frozen=True, slots=True)
class Settings:
    """What does not depend on the file.

    Attributes:
        order: one of ``ORDERS`` (Orthanc's After is plugins-first, Before is builtin-first, Disabled is plugins-only).
        codecs: when not empty, only these, in this order, in both directions.
        frame_timeout: seconds that an isolated codec may take for a frame.
        verify: decode what was written again, and compare.
        strict: what would be kept, or written beyond the standard, is an error.
    """

    order: str = "builtin-first"
    codecs: tuple[str, ...] = ()
    frame_timeout: float = 120.0
    verify: bool = True
    strict: bool = False
