"""The arrangement of JPEG 2000 and HTJ2K streams: what encoders can do, and what they did."""

from typing import Final

from dicomtx import code_stream
from dicomtx.code_stream import CodeStream
from dicomtx.code_stream.jpeg2000 import BASE, TILES, WHOLE, packet_order, with_progression
from dicomtx.codecs.codec import ANY_LAYOUT, EncodeOptions, Layout
from dicomtx.errors import CodecError
from dicomtx.image_pixel import ImagePixel
from dicomtx.settings import Settings
from dicomtx.settings.targets import RPCL_ONLY, is_jpeg2000
from dicomtx.transfer_syntaxes import TransferSyntax

PRECINCT: Final = 256
"""The largest side of the precincts in lossy JPEG 2000 by imagecodecs."""
LEAST_SIDE: Final = {"JPEG 2000": 8, "HTJ2K": 1}
"""The shortest side of the smallest resolution that the shipped encoders write."""


def layout_of(settings: Settings, target: TransferSyntax) -> Layout:
    """Returns the layout that the settings ask for in this target."""
    if not is_jpeg2000(target):
        return ANY_LAYOUT
    said = settings.progression
    return Layout(
        progression="" if said == "auto" else said,
        tile_size=settings.tile_size,
        levels=settings.levels,
    )


def has_layout(stream: CodeStream | None, layout: Layout) -> bool:
    """Returns whether a stream is arranged as asked; true if its header is unknown."""
    return stream is None or not _difference(stream, layout)


def unable(target: TransferSyntax, image: ImagePixel, layout: Layout, *, exact: bool) -> str:
    """Returns why the shipped encoders cannot arrange a stream so; empty if they can.

    Args:
        target: a JPEG 2000 or HTJ2K syntax.
        image: the image to encode.
        layout: the layout that is asked for.
        exact: whether the stream is lossless.
    """
    if layout.tile_size and target.family == "JPEG 2000":
        return f"no encoder of dicomtx writes tiles in {target.name}, only in HTJ2K"
    if target.uid == RPCL_ONLY and layout.progression not in ("", "RPCL"):
        return f"{target.name} needs the progression RPCL, not {layout.progression}"
    return (
        _unfit_progression(target, image, layout, exact=exact)
        or _too_many_tiles(image, layout)
        or _unfit_levels(target, image, layout)
    )


def _unfit_progression(
    target: TransferSyntax, image: ImagePixel, layout: Layout, *, exact: bool
) -> str:
    """Returns why a progression is not possible: the encoder writes packets in another order."""
    small = target.family == "JPEG 2000" and not exact
    written = "LRCP" if target.family == "JPEG 2000" and exact else "RPCL"
    divided = max(image.rows, image.columns) > (PRECINCT if small else WHOLE)
    orders = {
        packet_order(name, image.samples_per_pixel, divided=divided)
        for name in (written, layout.progression or written)
    }
    if len(orders) == 1:
        return ""
    size = f"{image.rows} x {image.columns} with {image.samples_per_pixel} components"
    return f"no encoder of dicomtx writes {layout.progression} in {target.name} for {size}"


def _too_many_tiles(image: ImagePixel, layout: Layout) -> str:
    width, height = layout.tile_size or (image.columns, image.rows)
    tiles = -(-image.columns // width) * -(-image.rows // height)
    return f"{tiles} tiles are more than the {TILES} that a stream can have" * (tiles > TILES)


def _unfit_levels(target: TransferSyntax, image: ImagePixel, layout: Layout) -> str:
    levels = layout.levels
    if levels is None:
        return ""
    if levels == 0 and target.family == "HTJ2K":
        return "the HTJ2K encoder of dicomtx writes at least 1 decomposition level"
    sides = (image.columns, image.rows, *(layout.tile_size or ()))
    if levels and min(sides) >> levels < LEAST_SIDE[target.family]:
        return f"{levels} decomposition levels are too many for a side of {min(sides)} samples"
    longest = max(image.columns, image.rows)
    if target.uid == RPCL_ONLY and longest > BASE << levels:
        return (
            f"{levels} decomposition levels are too few for a side of {longest} samples: the"
            f" smallest resolution of {target.name} is at most 64 x 64 (PS3.5 10.18)"
        )
    return ""


def arranged(stream: bytes, options: EncodeOptions) -> bytes:
    """Returns a stream that was just encoded, arranged as asked.

    A progression with the same order of packets needs only another label.

    Raises:
        CodecError: the encoder arranged it in another way.
    """
    layout = options.layout
    if layout == ANY_LAYOUT:
        return stream
    said = code_stream.read(stream)
    if said and layout.progression not in ("", said.progression):
        stream = with_progression(stream, layout.progression) or stream
        said = code_stream.read(stream)
    wrong = _difference(said, layout) if said else "a stream without a header"
    if wrong:
        raise CodecError(f"the encoder wrote {wrong}")
    return stream


def _difference(said: CodeStream, layout: Layout) -> str:
    """Returns how a stream is arranged in another way than asked; empty if it is not."""
    if layout.progression not in ("", said.progression):
        return f"the progression {said.progression}, not {layout.progression}"
    if layout.levels not in (None, said.levels):
        return f"{said.levels} decomposition levels, not {layout.levels}"
    if layout.tile_size:
        image = said.columns, said.rows
        written, asked = (
            tuple(map(min, size, image)) for size in (said.tile_size, layout.tile_size)
        )
        if written != asked:
            return f"tiles of {written[0]} x {written[1]}, not {asked[0]} x {asked[1]}"
    return ""
