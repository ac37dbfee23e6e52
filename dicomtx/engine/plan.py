"""What is to be done with one data set, and why: decides all, touches nothing."""

from enum import StrEnum
from typing import Final, NamedTuple

from dicomtx.codecs.builtin import IMAGECODECS
from dicomtx.codecs.codec import Direction
from dicomtx.codecs.registry import SHIPPED, Codecs, missing
from dicomtx.dicom.header import Header
from dicomtx.dicom.overlay_planes import OverlayPlane
from dicomtx.engine import goals
from dicomtx.engine.high_bits import HighBits, rule
from dicomtx.image_pixel import ImagePixel
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import RECOMPRESSION, ROOT, TransferSyntax, by_uid, find

BASELINE: Final = ROOT + ".4.50"


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


def plan(header: Header, target: TransferSyntax, codecs: Codecs, settings: Settings) -> Plan:
    """Returns what is to be done to have the file in ``target``, or in the first fallback."""
    made = _plan(header, target, codecs, settings)
    reasons = []
    for name in settings.fallback:
        if made.action is not Action.REFUSE:
            break
        reasons.append(f"{made.target.name} cannot be: {made.reason}")
        made = _plan(header, find(name), codecs, settings)
    if not reasons:
        return made
    if made.action is Action.REFUSE:
        return made._replace(reason="; ".join([*reasons, f"nor {made.target.name}: {made.reason}"]))
    return made._replace(warnings=(*reasons, f"{made.target.name} is taken", *made.warnings))


def _plan(header: Header, target: TransferSyntax, codecs: Codecs, settings: Settings) -> Plan:
    if header.hidden and not settings.force_native:
        return refusal(header, target, hidden_streams(header))
    small = goals.has_ratio(header, target, settings)
    same = header.syntax == header.label == target and small
    if same and header.sound and not (settings.repair and _can_rewrap(header)):
        return Plan(Action.COPY, header.syntax, target, warnings=goals.unapplied(target, settings))
    reason, keep = _untouchable(header, target, settings)
    if reason and keep and not settings.strict:
        return Plan(Action.KEEP, header.syntax, header.label, reason)
    if not reason and target.uid == header.syntax.uid and _can_rewrap(header) and small:
        return _rewrapped(header, target, settings)
    if not reason and _only_headers(header, target):
        return Plan(Action.REWRITE, header.syntax, target, after=header.image)
    return _with_pixels(header, target, codecs, settings, reason)


def _with_pixels(
    header: Header, target: TransferSyntax, codecs: Codecs, settings: Settings, reason: str
) -> Plan:
    if not reason and header.missing:
        reason = f"there is Pixel Data, but no {' and no '.join(header.missing)}"
    if reason or header.image is None:
        return refusal(header, target, reason)
    if RECOMPRESSION in (target.uid, header.syntax.uid):
        if {target.uid, header.syntax.uid} == {RECOMPRESSION, BASELINE}:
            return _repacked(header, target, codecs, settings)
        if target.uid == RECOMPRESSION:
            return refusal(header, target, "only the streams of jpeg-baseline can be repacked so")
    return _coded(header, header.image, target, codecs, settings)


def refusal(header: Header, target: TransferSyntax, reason: str) -> Plan:
    """Returns the plan that does nothing, for this reason."""
    return Plan(Action.REFUSE, header.syntax, target, reason)


def hidden_streams(header: Header) -> str:
    """Returns why words that hold code streams are not taken for pixels."""
    return (
        f"Pixel Data is native by its label ({header.label.name}), but holds {header.hidden}."
        " Try --force-native if these bytes are pixels after all."
    )


def _untouchable(header: Header, target: TransferSyntax, settings: Settings) -> tuple[str, bool]:
    """Returns why the file cannot be transcoded, if so, and whether it may be kept as it is."""
    if settings.strict and header.syntax.known and not header.label.keyword:
        return f"transfer syntax {header.label.uid} is unknown", False
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


def _only_headers(header: Header, target: TransferSyntax) -> bool:
    """Whether Pixel Data, if there is any, can stay as it is."""
    return header.pixel_data != "encapsulated" and not target.encapsulated


def _can_rewrap(header: Header) -> bool:
    return header.image is not None and header.syntax.encapsulated


def _rewrapped(header: Header, target: TransferSyntax, settings: Settings) -> Plan:
    """Returns the plan that leaves each code stream as it is."""
    from dicomtx.engine import images, rails  # noqa: PLC0415 - native to native needs none

    image = header.image
    after = images.as_streamed(header, image) if image else None
    told = images.contradiction(header, image) if image else ""
    return Plan(
        Action.REWRITE,
        header.syntax,
        target,
        before=image,
        working=after,
        after=after,
        rewrap=True,
        lossy_past=rails.lossy_stream(header) and not header.lossy_before,
        warnings=(*((told,) if told else ()), *goals.unapplied(target, settings)),
    )


def _repacked(header: Header, target: TransferSyntax, codecs: Codecs, settings: Settings) -> Plan:
    """Returns the plan that puts JPEG streams into JPEG XL, or takes them out, as they are."""
    made = _rewrapped(header, target, settings)
    able = codecs.able(by_uid(RECOMPRESSION), "decode")
    if not any(spec.name == IMAGECODECS.name for spec in able):
        return refusal(header, target, f"{IMAGECODECS.name} alone can, and is not in force")
    codec = IMAGECODECS.name
    packs = target.uid == RECOMPRESSION
    stream, reason = header.first_stream, ""
    if packs and stream and max(stream.distances) > 2:
        across, down = stream.distances
        return refusal(
            header,
            target,
            f"JPEG XL cannot hold a JPEG stream with {across} x {down} luma samples for each chroma"
            " sample; jpeg-xl-lossless can hold the decoded image",
        )
    if made.after:
        from dicomtx.encoding_profiles import Standing, standing  # noqa: PLC0415 - seldom needed

        stands, why = standing(target, made.after)
        reason = why if stands is Standing.FORBIDDEN else ""
    if reason:
        return refusal(header, target, reason)
    return made._replace(
        action=Action.RECODE,
        rewrap=False,
        repack=True,
        decoder="" if packs else codec,
        encoder=codec if packs else "",
    )


def _coded(
    header: Header,
    image: ImagePixel,
    target: TransferSyntax,
    codecs: Codecs,
    settings: Settings,
) -> Plan:
    """Returns the plan for a file whose frames must be decoded or encoded."""
    from dicomtx.engine import images, rails  # noqa: PLC0415 - native to native needs none

    decodes, encodes = header.syntax.encapsulated, target.encapsulated
    working = images.decoded(header, image)
    expand = images.expanded(target, working, settings)
    if expand:
        working = images.rgb_of_palette(working)
    to_rgb = images.turned_to_rgb(header, target, working, settings)
    if to_rgb:
        working = working._replace(photometric_interpretation="RGB")
    after = images.written(target, working, settings) if encodes else working
    reason = rails.unfit(header, target, working, settings)
    warning = ""
    if not reason:
        reason, warning = images.refused(header, target, after, settings)
    decoder, encoder = "", ""
    if decodes and not reason:
        decoder, reason = _first(codecs, header.syntax, "decode", working)
    if encodes and not reason:
        encoder, reason = _first(codecs, target, "encode", working)
    reason = reason or rails.refusal(header, target, settings)
    if reason:
        return refusal(header, target, reason)
    moved = header.overlays if encodes and settings.overlays != "keep" else ()
    return Plan(
        Action.RECODE if decodes and encodes else Action.ENCODE if encodes else Action.DECODE,
        header.syntax,
        target,
        decoder=decoder,
        encoder=encoder,
        before=image,
        working=working,
        after=after,
        to_rgb=to_rgb,
        overlays=moved,
        drop_overlays=settings.overlays == "drop",
        high_bits=rule(header.syntax, target, settings),
        planes_kept=0 if moved else sum(1 << plane.bit for plane in header.overlays),
        lossy=not rails.exact(target, settings),
        lossy_past=rails.lossy_stream(header) and not header.lossy_before,
        expand=expand,
        warnings=tuple(filter(None, (*images.warnings(header, image), warning))),
    )


def _first(
    codecs: Codecs, syntax: TransferSyntax, direction: Direction, image: ImagePixel
) -> tuple[str, str]:
    """Returns the codec that is asked first, or why there is none."""
    for spec in codecs.able(syntax, direction):
        need = spec.memory_for(syntax, image)
        if codecs.budget.frames(need):
            return spec.name, ""
        return "", (
            f"to {direction} one frame takes about {need / 1e9:.1f} GB of memory, more than the"
            f" {codecs.budget.memory / 1e9:.1f} GB that it may take (--max-memory)"
        )
    able = [spec for spec in SHIPPED.values() if syntax.uid in spec.does(direction)]
    if not able:
        return "", f"no codec can {direction} {syntax.name}"
    names = " or ".join(
        f"{spec.name} (pip install {spec.install})" if missing(spec) else spec.name for spec in able
    )
    return "", (
        f"no codec in force can {direction} {syntax.name}; {names} can (see --codec and --order)"
    )
