"""What to do with one data set, as a value: one class for each kind of work.

A new kind of work takes two places: its class and its group here, and its row in
``engine.transcoding.carry_out``.
"""

from enum import StrEnum
from typing import ClassVar

from dicomtx.dicom.pixel_data.overlay_planes import OverlayPlane
from dicomtx.frozen import Frozen
from dicomtx.image_pixel import ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax


class HighBits(StrEnum):
    """What happens to bits above Bits Stored."""

    PASS = "pass"  # noqa: S105 - both syntaxes hold whole words: nobody looks at them
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
    """What every plan says.

    Attributes:
        source: the transfer syntax that the file really has.
        target: the transfer syntax that the output will have.
        warnings: what a user should know.
    """

    source: TransferSyntax
    target: TransferSyntax
    warnings: tuple[str, ...] = ()


class Copy(AnyPlan):
    """The file is in the target syntax: all bytes pass."""

    action: ClassVar[Action] = Action.COPY


class Keep(AnyPlan):
    """The file cannot or must not be in the target syntax: all bytes pass.

    Attributes:
        reason: why.
    """

    action: ClassVar[Action] = Action.KEEP

    reason: str


class Refuse(AnyPlan):
    """Nothing is written.

    Attributes:
        reason: why.
    """

    action: ClassVar[Action] = Action.REFUSE

    reason: str


class Rewrite(AnyPlan):
    """Headers and byte order change. Pixel Data, if there is any, stays native.

    Attributes:
        after: the image as the output will label it; None without an image.
    """

    action: ClassVar[Action] = Action.REWRITE

    after: ImagePixel | None


class StreamsKept(AnyPlan):
    """What plans say that do not decode code streams.

    Attributes:
        before: the image as the data set labels it.
        after: the image as the output will label it.
        lossy_past: the code streams are lossy, and the data set does not say so.
    """

    before: ImagePixel
    after: ImagePixel
    lossy_past: bool

    @property
    def lossy(self) -> bool:
        """Nothing is lost."""
        return False

    @property
    def working(self) -> ImagePixel:
        """The image that the code streams hold."""
        return self.after


class Reencapsulate(StreamsKept):
    """Fragments, offset tables and labels are written anew. Code streams stay as they are."""

    action: ClassVar[Action] = Action.REWRITE


class Recompress(StreamsKept):
    """JPEG streams go into JPEG XL, or come out of it, without being decoded.

    Attributes:
        decoder: the codec that takes them out; empty if they go in.
        encoder: the codec that puts them in; empty if they come out.
    """

    action: ClassVar[Action] = Action.RECODE

    decoder: str
    encoder: str


class Code(AnyPlan):
    """Frames are decoded, or encoded, or both.

    Attributes:
        before: the image as the data set labels it.
        working: the image between decoder and encoder.
        after: the image as the output will label it.
        decoder: the codec that is asked first; others follow in the order of the settings. Empty
            for a native source.
        encoder: the codec that is asked first to encode; empty for a native target.
        expand: PALETTE COLOR becomes RGB.
        to_rgb: YBR_FULL becomes RGB.
        overlays: planes that are taken out of the unused bits.
        drop_overlays: these planes are not kept elsewhere.
        high_bits: what happens to bits above Bits Stored.
        planes_kept: the bits of each word that overlay planes stay in.
        whole_words: code streams are as wide as Bits Allocated.
        lossy: this step loses something.
        lossy_past: the source's code streams are lossy, and its data set does not say so.
        if_missed: what is done if this plan cannot reach the goal of quality; None: it fails.
        if_unfit: what is done if words have bits that code streams of Bits Stored bits would
            lose; None: streams hold all bits.
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
        """The public word for what it does."""
        if not self.target.encapsulated:
            return Action.DECODE
        return Action.RECODE if self.source.encapsulated else Action.ENCODE


Passing = Copy | Keep
"""All bytes pass."""
Framed = Reencapsulate | Recompress | Code
"""Works on the frames of Pixel Data."""
Changing = Rewrite | Framed
"""The data set is written anew."""
Plan = Passing | Refuse | Changing


def reason_of(plan: Plan) -> str:
    """Returns why the file is kept or refused, empty for other plans."""
    return plan.reason if isinstance(plan, Keep | Refuse) else ""


def codecs_of(plan: Plan) -> tuple[str, str]:
    """Returns the decoder and the encoder that are asked first, empty if none is."""
    return (plan.decoder, plan.encoder) if isinstance(plan, Recompress | Code) else ("", "")


def loses(plan: Plan) -> bool:
    """Returns whether it loses something if all goes as planned."""
    return isinstance(plan, Code) and plan.lossy


def alternatives_of(plan: Plan) -> tuple[str, ...]:
    """Returns the alternatives of a plan in words."""
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
