"""What to do with one data set, as a value."""

from enum import StrEnum
from typing import NamedTuple

from dicomtx.dicom.pixel_data.overlay_planes import OverlayPlane
from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax


class HighBits(StrEnum):
    """What happens to bits above Bits Stored."""

    PASS = "pass"  # noqa: S105 - both syntaxes hold whole words: nobody looks at them
    KEEP = "keep"
    MASK = "mask"
    REFUSE = "refuse"


class Action(StrEnum):
    """The cases of a conversion."""

    COPY = "copy"  # it is in the target syntax: all bytes pass
    REWRITE = "rewrite"  # headers, byte order, offset tables: no codec is needed
    DECODE = "decode"
    ENCODE = "encode"
    RECODE = "recode"  # decode, then encode
    KEEP = "keep"  # it cannot be in the target syntax: all bytes pass, with the reason
    REFUSE = "refuse"


class Plan(NamedTuple):
    """What is to be done.

    Attributes:
        action: the case.
        source: what the file really is.
        target: what the output will be.
        reason: why it is kept or refused.
        decoder: the codec that is asked first; others follow in the order of the settings.
        encoder: likewise.
        before: the image as the data set says it.
        working: the image between decoder and encoder.
        after: the image as the output will say it.
        to_rgb: YBR_FULL is turned into RGB.
        overlays: planes that are taken out of the unused bits.
        drop_overlays: and that is the end of them.
        high_bits: what happens to bits above Bits Stored.
        planes_kept: the bits of each word that overlay planes stay in.
        whole_words: code streams are as wide as Bits Allocated.
        rewrap: code streams are encapsulated anew as they are.
        repack: JPEG streams go into JPEG XL, or come out of it, without being decoded.
        lossy: this step loses something.
        lossy_past: the source's streams have lost something, and its data set does not say so.
        expand: PALETTE COLOR becomes RGB.
        warnings: what a user should know.
    """

    action: Action
    source: TransferSyntax
    target: TransferSyntax
    reason: str = ""
    decoder: str = ""
    encoder: str = ""
    before: ImagePixel | None = None
    working: ImagePixel | None = None
    after: ImagePixel | None = None
    to_rgb: bool = False
    overlays: tuple[OverlayPlane, ...] = ()
    drop_overlays: bool = False
    high_bits: HighBits = HighBits.PASS
    planes_kept: int = 0
    whole_words: bool = False
    rewrap: bool = False
    repack: bool = False
    lossy: bool = False
    lossy_past: bool = False
    expand: bool = False
    warnings: tuple[str, ...] = ()
