"""What is to be done with one data set, and why: decides all, touches nothing."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from dicomtx.codecs import photometric
from dicomtx.codecs.codec import Direction
from dicomtx.codecs.registry import SHIPPED, Codecs
from dicomtx.dicom.header import Header
from dicomtx.dicom.overlay_planes import OverlayPlane
from dicomtx.dicom.pixel_data import LONGEST_NATIVE
from dicomtx.encoding_profiles import Standing, nearest, standing
from dicomtx.image_pixel import ImagePixel
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import TransferSyntax

DCT: Final = frozenset((".50", ".51", ".52", ".53", ".54", ".55", ".56", "111"))


class Action(StrEnum):
    """The cases of a conversion."""

    COPY = "copy"  # it is in the target syntax: all bytes pass
    REWRITE = "rewrite"  # native to native: headers and byte order
    DECODE = "decode"
    ENCODE = "encode"
    RECODE = "recode"  # decode, then encode
    KEEP = "keep"  # it cannot be in the target syntax: all bytes pass, with the reason
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Plan:
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
    warnings: tuple[str, ...] = ()


def plan(header: Header, target: TransferSyntax, codecs: Codecs, settings: Settings) -> Plan:
    """Returns what is to be done to have the file in ``target``."""
    if header.syntax == header.label == target:
        return Plan(Action.COPY, header.syntax, target)
    reason, keep = _untouchable(header, target)
    if reason and keep and not settings.strict:
        return Plan(Action.KEEP, header.syntax, header.label, reason)
    if not reason and _only_headers(header, target):
        return Plan(Action.REWRITE, header.syntax, target)
    if not reason and target.lossy:
        reason = "lossy targets are not offered yet"
    if reason or header.image is None:
        return refusal(header, target, reason)
    return _coded(header, header.image, target, codecs, settings)


def _only_headers(header: Header, target: TransferSyntax) -> bool:
    """Whether Pixel Data, if there is any, can stay as it is."""
    if header.image is None or target.uid == header.syntax.uid:
        return True
    return not header.syntax.encapsulated and not target.encapsulated


def refusal(header: Header, target: TransferSyntax, reason: str) -> Plan:
    """Returns the plan that does nothing, for this reason."""
    return Plan(Action.REFUSE, header.syntax, target, reason)


def _untouchable(header: Header, target: TransferSyntax) -> tuple[str, bool]:
    """Returns why the file cannot be transcoded, if so, and whether it may be kept as it is."""
    if header.file_set:
        return "a DICOMDIR holds byte offsets into itself", True
    if header.syntax.family == "video":
        return f"{header.syntax.name} is video, which is never transcoded", target.encapsulated
    if not header.syntax.known:
        return f"no codec knows transfer syntax {header.syntax.name}", target.encapsulated
    nothing_to_compress = {
        "none": "it has no pixel data to compress",
        "float": "float pixel data has no compressed form",
    }
    return nothing_to_compress.get(header.pixel_data, "") if target.encapsulated else "", True


def _coded(
    header: Header,
    image: ImagePixel,
    target: TransferSyntax,
    codecs: Codecs,
    settings: Settings,
) -> Plan:
    """Returns the plan for a file whose frames must be decoded or encoded."""
    decodes, encodes = header.syntax.encapsulated, target.encapsulated
    made = _decoded(header, image) if decodes else replace(image, planar_configuration=0)
    if made.subsampled:
        made = replace(made, photometric_interpretation="YBR_FULL")
    to_rgb = decodes and _is_dct_colour(header, made)
    if to_rgb:
        made = replace(made, photometric_interpretation="RGB")
    after = _written(target, made) if encodes else made
    steps = Plan(
        {(True, False): Action.DECODE, (False, True): Action.ENCODE}.get(
            (decodes, encodes), Action.RECODE
        ),
        header.syntax,
        target,
        before=image,
        working=made,
        after=after,
        to_rgb=to_rgb,
        overlays=header.overlays if encodes else (),
    )
    reason, warning = _not_allowed(header, steps, after, settings)
    if reason:
        return refusal(header, target, reason)
    steps = replace(steps, warnings=(warning,) if warning else ())
    return _with_codecs(header, steps, codecs)


def _decoded(header: Header, image: ImagePixel) -> ImagePixel:
    """Returns the image as decoders give it."""
    stream = header.first_stream
    if header.syntax.family == "JPEG":
        said = photometric.of_jpeg(stream, image)
    elif header.syntax.family in ("JPEG 2000", "HTJ2K"):
        said = photometric.of_jpeg2000(stream, image)
    else:
        said = photometric.as_said(image)
    return replace(image, photometric_interpretation=said, planar_configuration=0)


def _is_dct_colour(header: Header, image: ImagePixel) -> bool:
    """Whether the samples are YCbCr because JPEG wants it so, not because somebody chose it."""
    lossy_jpeg = header.syntax.uid[-3:] in DCT
    return lossy_jpeg and image.photometric_interpretation == "YBR_FULL"


def _written(target: TransferSyntax, image: ImagePixel) -> ImagePixel:
    """Returns the image as it is labelled in ``target`` (PS3.5 8.2.4: the component transform)."""
    if target.family in ("JPEG 2000", "HTJ2K") and image.photometric_interpretation == "RGB":
        return replace(image, photometric_interpretation="YBR_RCT")
    return image


def _not_allowed(
    header: Header, steps: Plan, after: ImagePixel, settings: Settings
) -> tuple[str, str]:
    """Returns why the output may not be, or what is to be warned of."""
    if not steps.target.encapsulated:
        if header.icon_encapsulated:
            return "its icon is encapsulated, and would not fit a native data set", ""
        if after.frame_bytes * after.number_of_frames > LONGEST_NATIVE:
            return (
                f"native Pixel Data would have {after.frame_bytes * after.number_of_frames} bytes,"
                " more than its length can say; use encapsulated-uncompressed"
            ), ""
        return "", ""
    if header.image and header.image.subsampled and after.columns % 2:
        return "native 4:2:2 with an odd number of columns cannot be told apart", ""
    stands, why = standing(steps.target, after)
    if stands is Standing.ALLOWED or (stands is Standing.PRACTISED and not settings.strict):
        return "", why and f"beyond the standard: {why}"
    better = next(iter(nearest(after)), None)
    return why + (f"; {better.slug} can hold it" if better else ""), ""


def _with_codecs(header: Header, steps: Plan, codecs: Codecs) -> Plan:
    """Returns the plan with the first codec for each direction, or why there is none."""
    decoder = encoder = ""
    if header.syntax.encapsulated:
        decoder = next((spec.name for spec in codecs.able(header.syntax, "decode")), "")
        if not decoder:
            return refusal(header, steps.target, _no_codec(header.syntax, "decode"))
    if steps.target.encapsulated:
        encoder = next((spec.name for spec in codecs.able(steps.target, "encode")), "")
        if not encoder:
            return refusal(header, steps.target, _no_codec(steps.target, "encode"))
    return replace(steps, decoder=decoder, encoder=encoder)


def _no_codec(syntax: TransferSyntax, direction: Direction) -> str:
    able = [spec for spec in SHIPPED.values() if syntax.uid in spec.does(direction)]
    if not able:
        return f"no codec can {direction} {syntax.name}"
    names = " or ".join(f"{spec.name} (pip install {spec.install})" for spec in able)
    return f"no codec in the order in force can {direction} {syntax.name}; {names} can"
