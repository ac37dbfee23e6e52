"""What a tool's command line asks for, in the terms of dicomtx."""

from typing import Any, Final, Literal, NamedTuple

from dicomtx.settings import Settings

Verbosity = Literal["quiet", "normal", "verbose"]
SAME: Final = "same"
"""A target: the transfer syntax of the source."""
NATIVE: Final = "native"
"""A target: uncompressed, with implicit VR if the source is uncompressed with implicit VR."""
LOSSY_JPEG: Final = "lossy-jpeg"
"""A target: jpeg-baseline for 8 bits allocated, jpeg-extended for more."""


class Wanted(NamedTuple):
    """What the options ask for.

    Attributes:
        target: a slug of a transfer syntax, or one of these words.
        settings: fields of ``Settings``.
        verbosity: how much to print.
        has_meta: the source must have file meta information, or must not; None allows both.
        encoding: the slug of the encoding that the source must have; empty allows any.
        planar: the planar configuration that the result must have; None allows both.
        explicit_lengths: the sequences of the source must have explicit lengths.
        notes: warnings about the command line.
    """

    target: str
    settings: dict[str, Any]
    verbosity: Verbosity = "normal"
    has_meta: bool | None = None
    encoding: str = ""
    planar: int | None = None
    explicit_lengths: bool = False
    notes: tuple[str, ...] = ()


def settings_in(choices: dict[str, Any]) -> dict[str, Any]:
    """Returns the choices that are fields of ``Settings``."""
    return {key: value for key, value in choices.items() if key in Settings._fields}
