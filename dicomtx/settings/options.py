"""The settings as typed keyword arguments of the Python API.

Generated from the table of settings by ``make generated``.
"""

from typing import Literal, TypedDict

from dicomtx.limits import Limits


class Options(TypedDict, total=False):
    """Keyword arguments of ``transcode``: the fields of ``Settings``. See docs/cli.md."""

    order: Literal["builtin-first", "plugins-first", "plugins-only"]
    codecs: tuple[str, ...] | list[str]
    frame_timeout: float
    verify: str | bool
    strict: bool
    threads: int
    max_memory: int | str
    fallback: tuple[str, ...] | list[str]
    only_if_smaller: bool | float
    keep_colour_space: bool
    assume_colour: Literal["auto", "rgb", "ybr"]
    overlays: Literal["extract", "keep", "drop"]
    high_bits: Literal["keep", "mask"]
    offset_table: Literal["auto", "basic", "extended", "empty"]
    progression: Literal["auto", "LRCP", "RLCP", "RPCL", "PCRL", "CPRL"]
    tile_size: tuple[int, int] | int | str | None
    levels: int | None
    salvage: bool
    force_native: bool
    repair: bool
    lossy: bool
    quality: int | None
    near: int | None
    ratio: float | None
    psnr: float | None
    max_error: int | None
    reversible: bool
    min_psnr: float
    palette: Literal["keep", "expand"]
    allow_generation_loss: bool
    allow_lossy_class: bool
    allow_lossy_in_place: bool
    uid: Literal["auto", "keep", "new", "derived"]
    limits: Limits | dict[str, int] | str
