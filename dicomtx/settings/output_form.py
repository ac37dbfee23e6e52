"""The rows of ``Settings`` that decide the form of the output, not its pixels."""

from typing import Final

from dicomtx.settings import groups
from dicomtx.settings.values import ANY, gain_of, tile_of

ONLY_IF_SMALLER: Final = groups.output(
    "Copy a file unchanged if the result would not be smaller, or not by PERCENT.",
    scope="checking",
    commands=tuple(name for name in groups.PLANNING if name != "send"),  # the peer decides
    parse=gain_of,
    option="--only-if-smaller",
    metavar="[=PERCENT]",
    shown="off",
    bare=ANY,
    former="--keep-smaller",
)
OFFSET_TABLE: Final = groups.pixels(
    "Offset table of compressed frames. auto: basic, or extended if offsets need more than"
    " 32 bits. The others also rewrite files of the same syntax.",
    allowed=("auto", "basic", "extended", "empty"),
    needs="encapsulated",
)
PROGRESSION: Final = groups.pixels(
    "Order of the packets of JPEG 2000 and HTJ2K.",
    allowed=("auto", "LRCP", "RLCP", "RPCL", "PCRL", "CPRL"),
    shown="chosen by the encoder",
    needs="JPEG 2000",
)
TILE_SIZE: Final = groups.pixels(
    "Columns and rows of a tile of HTJ2K, or one number for both.",
    metavar="N[,N]",
    shown="one tile",
    accepts=int | str,
    parse=tile_of,
    needs="JPEG 2000",
    marks_uid=True,
)
LEVELS: Final = groups.pixels(
    "Decomposition levels of JPEG 2000 and HTJ2K.",
    kind=int,
    within=(0, 32),
    metavar="N",
    shown="chosen by the encoder",
    needs="JPEG 2000",
    marks_uid=True,
)
