"""What is written down of a loss: in the data set, for ever."""

from typing import Final, cast

from dicomtx import __version__, code_stream
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.part10 import SOP_INSTANCE
from dicomtx.dicom.pixel_data import EncapsulatedFrames as Streams
from dicomtx.dicom.pixel_data import NativeFrames
from dicomtx.dicom.provenance import (
    METHODS,
    LossyStep,
    lossy_edits,
    lossy_past_edits,
    pixel_range_edits,
    says_lossy,
)
from dicomtx.dicom.uids import UidMode, new_uid
from dicomtx.engine.plan import Plan
from dicomtx.engine.quality import Range, asked
from dicomtx.quality import Quality
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import by_uid

HEAD: Final = 1 << 12  # bytes of a code stream that tell whether it lost something
SHAPING: Final = ("keep_colour_space", "overlays", "palette")  # with the target and the goal


def past_edits(plan: Plan, data_set: DataSet, source: Streams | NativeFrames) -> list[Edit]:
    """Returns the edits by which the data set tells that its source's streams are lossy."""
    past = _past(plan, data_set, source)
    return lossy_past_edits(data_set, plan.source, past[1]) if past else []


def step_edits(
    plan: Plan,
    data_set: DataSet,
    settings: Settings,
    source: Streams | NativeFrames,
    losses: tuple[Quality, Range],
) -> tuple[list[Edit], str]:
    """Returns the edits that tell of a lossy step, and the new SOP Instance UID.

    Args:
        plan: what was done.
        data_set: the source.
        settings: what was asked.
        source: the frames as they were.
        losses: what came of it, and the range of the values written.
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


def _uid(plan: Plan, data_set: DataSet, settings: Settings) -> str:
    mode = cast("UidMode", {"auto": "new"}.get(settings.uid, settings.uid))
    shaping = [f"{name}={getattr(settings, name)}" for name in SHAPING]
    seed = " ".join([plan.target.uid, asked(settings, plan.target).text, *shaping])
    return new_uid(mode, data_set.text(SOP_INSTANCE), seed.encode())


def _past(
    plan: Plan, data_set: DataSet, source: Streams | NativeFrames
) -> tuple[str, float] | None:
    """Returns method and ratio of a source that is lossy and does not say so."""
    if plan.working is None or isinstance(source, NativeFrames):
        return None
    if not plan.lossy_past and not _has_lossy_stream(plan, data_set, source):
        return None
    native = plan.working.frame_bytes * source.count
    return METHODS.get(plan.source.uid, ""), native / max(1, source.size)


def _has_lossy_stream(plan: Plan, data_set: DataSet, source: Streams) -> bool:
    """Whether a frame's stream says that it lost something, though the first one's does not."""
    if not plan.source.lossy or says_lossy(data_set):
        return False
    read = (code_stream.read(source.head(index, HEAD)) for index in range(1, source.count))
    return any(said and said.syntax and by_uid(said.syntax).lossy for said in read)
