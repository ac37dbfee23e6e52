"""The plan for one data set: one class for each kind of work.

To add a kind of work, add its class and its group here, and a case in
``engine.transcoding.carry_out``.
"""

from enum import StrEnum
from typing import ClassVar

from dicomtx.dicom.modification.modified import Modified
from dicomtx.dicom.pixel_data.overlay_planes import OverlayPlane
from dicomtx.frozen import Frozen
from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax


class HighBits(StrEnum):
    """How to treat bits above Bits Stored."""

    PASS = "pass"  # noqa: S105 - both syntaxes hold whole words, so no check is needed
    KEEP = "keep"
    MASK = "mask"
    REFUSE = "refuse"


class Action(StrEnum):
    """The public words for what a plan does."""

    COPY = "copy"
    REWRITE = "rewrite"
    DECODE = "decode"
    ENCODE = "encode"
    RECODE = "recode"  # decode, then encode
    KEEP = "keep"
    REFUSE = "refuse"


class AnyPlan(Frozen):
    """The fields that all plans share.

    Attributes:
        source: the real transfer syntax of the file, whatever its label.
        target: the transfer syntax of the output.
        warnings: the warnings for the user.
        modified: what a modification changes; None without a modification. Plans that copy all
            bytes have none.
    """

    source: TransferSyntax
    target: TransferSyntax
    warnings: tuple[str, ...] = ()
    modified: Modified | None = None


class Copy(AnyPlan):
    """The file already has the target transfer syntax: copy all bytes."""

    action: ClassVar[Action] = Action.COPY


class Keep(AnyPlan):
    """The file cannot or must not be converted to the target: copy all bytes.

    Attributes:
        reason: why.
    """

    action: ClassVar[Action] = Action.KEEP

    reason: str


class Refuse(AnyPlan):
    """Write nothing.

    Attributes:
        reason: why.
    """

    action: ClassVar[Action] = Action.REFUSE

    reason: str


class Rewrite(AnyPlan):
    """Change headers, byte order or elements. Pixel Data is not coded anew.

    Attributes:
        after: the image as the output describes it; None without an image, or if its description
            does not change.
    """

    action: ClassVar[Action] = Action.REWRITE

    after: ImagePixel | None


class StreamsKept(AnyPlan):
    """The fields of plans that do not decode code streams.

    Attributes:
        before: the image as the data set describes it.
        after: the image as the output describes it.
        lossy_past: whether the code streams are lossy and the data set does not record it.
    """

    before: ImagePixel
    after: ImagePixel
    lossy_past: bool

    @property
    def lossy(self) -> bool:
        """Always False: kept code streams lose nothing."""
        return False

    @property
    def working(self) -> ImagePixel:
        """The image that the code streams hold."""
        return self.after


class Reencapsulate(StreamsKept):
    """Write new fragments, offset tables and labels. Keep the code streams unchanged."""

    action: ClassVar[Action] = Action.REWRITE


class Recompress(StreamsKept):
    """Convert JPEG streams to JPEG XL or back, without decoding the pixels.

    Attributes:
        decoder: the codec that restores the JPEG streams; empty if JPEG XL is the target.
        encoder: the codec that converts to JPEG XL; empty if JPEG is the target.
    """

    action: ClassVar[Action] = Action.RECODE

    decoder: str
    encoder: str


class Code(AnyPlan):
    """Decode frames, encode them, or both.

    Attributes:
        before: the image as the data set describes it.
        working: the image between decoder and encoder.
        after: the image as the output describes it.
        decoder: the decoder to try first; others follow in the order of the settings. Empty for
            a native source.
        encoder: the encoder to try first; empty for a native target.
        expand: whether to expand PALETTE COLOR to RGB.
        to_rgb: whether to convert YCbCr to RGB.
        overlays: the overlay planes to move out of unused bits.
        drop_overlays: whether to discard these planes.
        high_bits: how to treat bits above Bits Stored.
        planes_kept: a mask of the bits that overlay planes keep using.
        whole_words: whether code streams are as wide as Bits Allocated.
        lossy: whether this step is lossy.
        lossy_past: whether the source is lossy-compressed and its data set does not record it.
        if_missed: the plan to use if this one misses the quality goal; None: fail.
        if_unfit: the plan to use if words have bits that code streams of Bits Stored bits
            would lose; None: the code streams hold all bits.
    """

    before: ImagePixel
    working: ImagePixel
    after: ImagePixel
    decoder: str = ""
    encoder: str = ""
    expand: bool = False
    to_rgb: bool = False
    overlays: tuple[OverlayPlane, ...] = ()
    drop_overlays: bool = False
    high_bits: HighBits = HighBits.PASS
    planes_kept: int = 0
    whole_words: bool = False
    lossy: bool = False
    lossy_past: bool = False
    if_missed: "Code | None" = None
    if_unfit: "Code | Refuse | None" = None

    @property
    def action(self) -> Action:
        """The public word for what this plan does."""
        if not self.target.encapsulated:
            return Action.DECODE
        return Action.RECODE if self.source.encapsulated else Action.ENCODE


Passing = Copy | Keep
"""Plans that copy all bytes."""
Framed = Reencapsulate | Recompress | Code
"""Plans that process the frames of Pixel Data."""
Changing = Rewrite | Framed
"""Plans that write a new data set."""
Plan = Passing | Refuse | Changing


def reason_of(plan: Plan) -> str:
    """Returns why the plan keeps or refuses the file; empty for other plans."""
    return plan.reason if isinstance(plan, Keep | Refuse) else ""


def codecs_of(plan: Plan) -> tuple[str, str]:
    """Returns the decoder and the encoder to try first; empty where none is needed."""
    return (plan.decoder, plan.encoder) if isinstance(plan, Recompress | Code) else ("", "")


def loses(plan: Plan) -> bool:
    """Returns whether the plan is lossy."""
    return isinstance(plan, Code) and plan.lossy


def alternatives_of(plan: Plan) -> tuple[str, ...]:
    """Returns the alternatives of a plan as texts for the user."""
    if not isinstance(plan, Code):
        return ()
    told = []
    if plan.if_missed:
        instead = "RGB components" if plan.if_missed.lossy else "coded without loss"
        told.append(f"{instead} if the goal is missed")
    if plan.if_unfit:
        wide = f"code streams of {plan.working.bits_allocated} bits per sample"
        instead = wide if isinstance(plan.if_unfit, Code) else "refused"
        told.append(f"{instead} if words need bits above Bits Stored")
    return tuple(told)
