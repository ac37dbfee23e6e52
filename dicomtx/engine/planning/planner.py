"""Makes the plan for one data set. Nothing here changes the data set."""

from typing import Final

from dicomtx.codecs.codec import Direction
from dicomtx.codecs.registry import SHIPPED, Codecs, missing
from dicomtx.codecs.shipped import IMAGECODECS
from dicomtx.dicom.inspection import FileInfo
from dicomtx.engine.planning import goals
from dicomtx.engine.planning.high_bits import rule
from dicomtx.engine.planning.plan import (
    Code,
    Copy,
    Keep,
    Plan,
    Recompress,
    Reencapsulate,
    Refuse,
    Rewrite,
)
from dicomtx.image_pixel import ImagePixel
from dicomtx.settings import Settings, is_exact
from dicomtx.settings.targets import is_jpeg2000
from dicomtx.transfer_syntaxes import BASELINE, RECOMPRESSION, TransferSyntax, by_uid, find

ADVICE: Final = "; try --to "
"""What follows in a reason is of no use after a fallback."""


def plan(header: FileInfo, target: TransferSyntax, codecs: Codecs, settings: Settings) -> Plan:
    """Returns the plan to convert a file to ``target``, or to the first possible fallback."""
    if settings.assume_colour == "auto":
        return _with_fallbacks(header, target, codecs, settings)
    from dicomtx.engine.planning.assumed_colour import assumed  # noqa: PLC0415 - seldom needed

    believed, warning = assumed(header, settings)
    if believed.image != header.image:  # the label changes, even if nothing else does
        believed = believed._replace(sound=False)
    made = _with_fallbacks(believed, target, codecs, settings)
    return made._replace(warnings=(*made.warnings, warning)) if warning else made


def _with_fallbacks(
    header: FileInfo, target: TransferSyntax, codecs: Codecs, settings: Settings
) -> Plan:
    made = _plan(header, target, codecs, settings)
    refused: list[Refuse] = []
    for name in settings.fallback:
        if not isinstance(made, Refuse):
            break
        refused.append(made)
        made = _plan(header, find(name), codecs, settings)
    if not refused:
        return made
    if isinstance(made, Refuse):
        first, *others = [*refused, made]
        each = (f"; fallback {one.target.name}: {_without_advice(one)}" for one in others)
        advice = "".join(made.reason.partition(ADVICE)[1:])
        return first._replace(reason=f"{_without_advice(first)}{''.join(each)}{advice}")
    why = "; ".join(map(_without_advice, refused))
    return made._replace(warnings=(f"fell back to {made.target.name}: {why}", *made.warnings))


def _without_advice(made: Refuse) -> str:
    return made.reason.partition(ADVICE)[0]


def _plan(header: FileInfo, target: TransferSyntax, codecs: Codecs, settings: Settings) -> Plan:
    if header.hidden and not settings.force_native:
        return refusal(header, target, hidden_streams(header))
    met = goals.is_met(header, target, settings)
    same = header.syntax == header.label == target and met
    if same and header.sound and not _is_rewrapped(header, settings):
        told = goals.unapplied(header, target, settings)
        return Copy(source=header.syntax, target=target, warnings=told)
    reason, keep = _untouchable(header, target, settings)
    if reason and keep and not settings.strict:
        return Keep(source=header.syntax, target=header.label, reason=reason)
    whole = target.uid == header.syntax.uid and target.encapsulated and met
    if not reason and whole and header.image:
        return _rewrapped(header, header.image, target, settings)
    if not reason and _only_headers(header, target):
        return Rewrite(source=header.syntax, target=target, after=header.image)
    return _with_pixels(header, target, codecs, settings, reason)


def _with_pixels(
    header: FileInfo, target: TransferSyntax, codecs: Codecs, settings: Settings, reason: str
) -> Plan:
    if not reason and header.missing:
        reason = f"it has Pixel Data, but no {' and no '.join(header.missing)}"
    if reason or header.image is None:
        return refusal(header, target, reason)
    if RECOMPRESSION in (target.uid, header.syntax.uid):
        if {target.uid, header.syntax.uid} == {RECOMPRESSION, BASELINE}:
            return _repacked(header, header.image, target, codecs, settings)
        if target.uid == RECOMPRESSION:
            return refusal(header, target, "only jpeg-baseline can be converted to it")
    return _coded(header, header.image, target, codecs, settings)


def refusal(header: FileInfo, target: TransferSyntax, reason: str) -> Refuse:
    """Returns the plan that refuses the file for ``reason``."""
    return Refuse(source=header.syntax, target=target, reason=reason)


def hidden_streams(header: FileInfo) -> str:
    """Returns the message for native Pixel Data that seems to hold code streams."""
    return (
        f"transfer syntax {header.label.name} is native, but Pixel Data holds {header.hidden}."
        " If these bytes are pixels, use --force-native."
    )


def _untouchable(header: FileInfo, target: TransferSyntax, settings: Settings) -> tuple[str, bool]:
    """Returns why the file cannot be transcoded, or "", and whether it can be kept unchanged."""
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


def _only_headers(header: FileInfo, target: TransferSyntax) -> bool:
    """Returns whether Pixel Data, if there is any, stays native."""
    return header.pixel_data != "encapsulated" and not target.encapsulated


def _is_rewrapped(header: FileInfo, settings: Settings) -> bool:
    """Returns whether to write fragments and offset tables anew, though the syntax stays."""
    if header.image is None or not header.syntax.encapsulated:
        return False
    return settings.repair or settings.offset_table not in ("auto", header.offset_table)


def _rewrapped(
    header: FileInfo, image: ImagePixel, target: TransferSyntax, settings: Settings
) -> Reencapsulate:
    """Returns the plan that keeps each code stream and writes the rest anew."""
    from dicomtx.engine.planning import image_states, lossy_safety  # noqa: PLC0415 - native to native needs none

    told = image_states.contradiction(header, image)
    return Reencapsulate(
        source=header.syntax,
        target=target,
        before=image,
        after=image_states.as_streamed(header, image),
        lossy_past=lossy_safety.lossy_stream(header) and not header.lossy_before,
        warnings=(*((told,) if told else ()), *goals.unapplied(header, target, settings)),
    )


def _repacked(
    header: FileInfo,
    image: ImagePixel,
    target: TransferSyntax,
    codecs: Codecs,
    settings: Settings,
) -> Plan:
    """Returns the plan that converts JPEG streams to JPEG XL or back, without decoding them."""
    from dicomtx.encoding_profiles import Permission, permission  # noqa: PLC0415 - seldom needed

    able = codecs.able(by_uid(RECOMPRESSION), "decode")
    codec = IMAGECODECS.name
    if not any(spec.name == codec for spec in able):
        return refusal(
            header,
            target,
            f"only the codec {codec} can do this, and it is not enabled (see --codec)",
        )
    packs = target.uid == RECOMPRESSION
    stream = header.first_stream
    if packs and stream and max(stream.distances) > 2:
        across, down = stream.distances
        return refusal(
            header,
            target,
            f"JPEG XL cannot hold a JPEG stream with {across} x {down} luma samples for each chroma"
            " sample; jpeg-xl-lossless can hold the decoded image",
        )
    same = _rewrapped(header, image, target, settings)
    allowed, why = permission(target, same.after)
    if allowed is Permission.FORBIDDEN:
        return refusal(header, target, why)
    return Recompress(
        **same._asdict(), decoder="" if packs else codec, encoder=codec if packs else ""
    )


def _coded(
    header: FileInfo,
    image: ImagePixel,
    target: TransferSyntax,
    codecs: Codecs,
    settings: Settings,
) -> Plan:
    """Returns the plan that decodes frames, encodes them, or both."""
    from dicomtx.engine.planning import (  # noqa: PLC0415 - native to native needs none
        alternatives,
        image_states,
        lossy_safety,
    )

    decodes, encodes = header.syntax.encapsulated, target.encapsulated
    working = image_states.decoded(header, image)
    expand = image_states.expanded(target, working, settings)
    if expand:
        from dicomtx.engine.pixels.palette import rgb_of_palette  # noqa: PLC0415 - seldom needed

        working = rgb_of_palette(working)
    to_rgb = image_states.turned_to_rgb(header, target, working, settings)
    if to_rgb:
        working = working._replace(photometric_interpretation="RGB")
    after = image_states.written(target, working, settings) if encodes else working
    reason = lossy_safety.unfit(header, target, working, settings)
    warning = ""
    if not reason:
        reason, warning = image_states.refused(header, target, after, settings)
    decoder, encoder = "", ""
    if decodes and not reason:
        decoder, reason = _first(codecs, header.syntax, "decode", working)
    if encodes and not reason:
        encoder, reason = _first(codecs, target, "encode", working)
        if encoder in SHIPPED and is_jpeg2000(target):
            from dicomtx.codecs.layout import layout_of, unable  # noqa: PLC0415 - most targets need none

            layout, exact = layout_of(settings, target), is_exact(target, settings)
            reason = unable(target, working, layout, exact=exact)
    reason = reason or lossy_safety.refusal(header, target, settings)
    if reason:
        return refusal(header, target, reason)
    moved = header.overlays if encodes and settings.overlays != "keep" else ()
    made = Code(
        source=header.syntax,
        target=target,
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
        lossy=not is_exact(target, settings),
        lossy_past=lossy_safety.lossy_stream(header) and not header.lossy_before,
        expand=expand,
        warnings=tuple(filter(None, (*image_states.warnings(header, image), warning))),
    )
    return alternatives.with_alternatives(made)


def _first(
    codecs: Codecs, syntax: TransferSyntax, direction: Direction, image: ImagePixel
) -> tuple[str, str]:
    """Returns the codec to try first, or an empty name and why there is none."""
    for spec in codecs.able(syntax, direction):
        need = spec.memory_for(syntax, image)
        if codecs.budget.frames(need):
            return spec.name, ""
        return "", (
            f"the {direction} step needs about {need / 1e9:.1f} GB of memory a frame, more than the"
            f" limit of {codecs.budget.memory / 1e9:.1f} GB (see --max-memory)"
        )
    able = [spec for spec in SHIPPED.values() if syntax.uid in spec.does(direction)]
    if not able:
        return "", f"no codec can {direction} {syntax.name}"
    names = " or ".join(
        f"{spec.name} (pip install {spec.install})" if missing(spec) else spec.name for spec in able
    )
    return "", (
        f"no enabled codec can {direction} {syntax.name}; {names} can (see --codec and --order)"
    )
