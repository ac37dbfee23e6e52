"""What is written down of a loss: in the data set, for ever."""

from typing import Final, cast

from dicomtx import __version__
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.part10 import SOP_INSTANCE
from dicomtx.dicom.provenance import (
    METHODS,
    LossyStep,
    lossy_edits,
    lossy_past_edits,
    pixel_range_edits,
)
from dicomtx.dicom.uids import UidMode, new_uid
from dicomtx.engine.plan import Plan
from dicomtx.engine.quality import Errors, Range, asked
from dicomtx.quality import Quality
from dicomtx.settings import Settings

SHAPING: Final = ("keep_colour_space", "overlays", "palette")  # with the target and the goal


def past(plan: Plan, frames: int, stream_bytes: int) -> tuple[str, float] | None:
    """Returns method and ratio of a source that is lossy and does not say so."""
    if not plan.lossy_past or plan.working is None:
        return None
    native = plan.working.frame_bytes * frames
    return METHODS.get(plan.source.uid, ""), native / max(1, stream_bytes)


def untold_edits(plan: Plan, data_set: DataSet, told: tuple[str, float] | None) -> list[Edit]:
    """Returns the edits by which the data set says so, where this step itself loses nothing."""
    return lossy_past_edits(data_set, plan.source, told[1]) if told and not plan.lossy else []


def step_edits(
    plan: Plan,
    data_set: DataSet,
    settings: Settings,
    quality: Quality,
    *,
    found: Range,
    before: tuple[str, float] | None,
) -> tuple[list[Edit], str]:
    """Returns the edits that tell of a lossy step, and the new SOP Instance UID.

    Args:
        plan: what was done.
        data_set: the source.
        settings: what was asked.
        quality: what came of it.
        found: the range of the values written.
        before: see ``past``.
    """
    uid = _uid(plan, data_set, settings)
    figure = "no error" if quality.psnr is None else f"PSNR {quality.psnr:.1f} dB"
    step = LossyStep(
        method=METHODS[plan.target.uid],
        ratio=quality.ratio,
        new_uid=uid,
        description=f"Lossy compression to {plan.target.name}, {figure}, by dicomtx {__version__}",
        past=before,
    )
    edits = lossy_edits(data_set, step)
    if not plan.expand:
        edits += pixel_range_edits(data_set, found.smallest, found.largest)
    return edits, uid


def _uid(plan: Plan, data_set: DataSet, settings: Settings) -> str:
    mode = cast("UidMode", {"auto": "new"}.get(settings.uid, settings.uid))
    shaping = [f"{name}={getattr(settings, name)}" for name in SHAPING]
    goal = asked(settings, plan.target)
    seed = " ".join([plan.target.uid, goal.text, *shaping])
    return new_uid(mode, data_set.text(SOP_INSTANCE), seed.encode())


def found_range(frames: list[Errors]) -> Range:
    """Returns the range of the values written in all frames."""
    return Range.around(frame.found for frame in frames)
