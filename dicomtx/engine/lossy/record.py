"""Records a lossy step in the data set."""

from typing import Final, cast

from dicomtx import code_stream
from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.derivation.lossy_attributes import (
    METHODS,
    LossyStep,
    lossy_edits,
    lossy_past_edits,
    pixel_range_edits,
    says_lossy,
)
from dicomtx.dicom.derivation.uids import UidMode, new_uid
from dicomtx.dicom.pixel_data.frames import EncapsulatedFrames as Streams
from dicomtx.dicom.pixel_data.frames import NativeFrames
from dicomtx.engine.lossy.measurement import Range, asked
from dicomtx.engine.planning.plan import Code, Framed
from dicomtx.errors import UnsupportedError
from dicomtx.quality_figures import Quality
from dicomtx.settings import FIELDS, Settings
from dicomtx.transfer_syntaxes import by_uid
from dicomtx.version import __version__

HEADS: Final = (1 << 12, 1 << 16)  # bytes of a code stream that show whether it is lossy


def past_edits(
    plan: Framed, data_set: DataSet, source: Streams | NativeFrames, warnings: list[str]
) -> list[Edit]:
    """Returns the edits that mark the data set as lossy if a stream of the source is lossy.

    Args:
        plan: the plan that was carried out.
        data_set: the source.
        source: its frames.
        warnings: a warning about the mark is added here.
    """
    past = _past(plan, data_set, source)
    edits = lossy_past_edits(data_set, past) if past else []
    if edits:
        warnings.append(
            "Lossy Image Compression (0028,2110) set to 01: a code stream of the source is lossy"
        )
    return edits


def check_generation(
    plan: Code, data_set: DataSet, settings: Settings, source: Streams | NativeFrames
) -> None:
    """Refuses another lossy step if the stream of any later frame is already lossy.

    Raises:
        UnsupportedError: a stream is lossy, and the settings do not allow another lossy step.
    """
    if not settings.allow_generation_loss and _past(plan, data_set, source):
        raise UnsupportedError(
            "a frame is already lossy-compressed; use --allow-generation-loss to recompress it"
        )


def step_edits(
    plan: Code,
    data_set: DataSet,
    settings: Settings,
    source: Streams | NativeFrames,
    losses: tuple[Quality, Range],
) -> tuple[list[Edit], str]:
    """Returns the edits that record a lossy step, and the new SOP Instance UID.

    Args:
        plan: the plan that was carried out.
        data_set: the source.
        settings: the settings of the conversion.
        source: the source frames.
        losses: the measured quality, and the range of the written values.
    """
    quality, found = losses
    uid = _uid(plan, data_set, settings)
    figure = "no error" if quality.psnr is None else f"PSNR {quality.psnr:.1f} dB"
    step = LossyStep(
        method=METHODS[plan.target.uid],
        ratio=quality.ratio,
        new_uid=uid,
        description=f"Lossy compression to {plan.target.name}, {figure}, by dicomtx {__version__}",
        past=_past(plan, data_set, source),
    )
    edits = lossy_edits(data_set, step)
    if not plan.expand:
        edits += pixel_range_edits(data_set, found.smallest, found.largest)
    return edits, uid


def _uid(plan: Code, data_set: DataSet, settings: Settings) -> str:
    mode = cast("UidMode", {"auto": "new"}.get(settings.uid, settings.uid))
    shaping = [f"{n}={getattr(settings, n)}" for n, field in FIELDS.items() if field.marks_uid]
    seed = " ".join([plan.target.uid, asked(settings, plan.target).text, *shaping])
    return new_uid(mode, data_set.text(tags.SOP_INSTANCE_UID), seed.encode())


def _past(
    plan: Framed, data_set: DataSet, source: Streams | NativeFrames
) -> tuple[str, float] | None:
    """Returns the method and ratio of a lossy source that is not marked as lossy."""
    if isinstance(source, NativeFrames):
        return None
    uid = plan.source.uid if plan.lossy_past else _later_lossy_stream(data_set, source)
    if not uid:
        return None
    native = plan.working.frame_bytes * source.count
    return METHODS.get(uid, ""), native / max(1, source.size)


def _later_lossy_stream(data_set: DataSet, source: Streams) -> str:
    """Returns the syntax of the first lossy stream after the first frame; empty if none."""
    if says_lossy(data_set):
        return ""
    uids = (_syntax(source, index) for index in range(1, source.count))
    return next((uid for uid in uids if uid and by_uid(uid).lossy), "")


def _syntax(source: Streams, index: int) -> str:
    """Returns the syntax in the header of a frame's stream; empty if unknown."""
    read = (code_stream.read(source.head(index, size)) for size in HEADS)
    return next((said.syntax for said in read if said), "")
