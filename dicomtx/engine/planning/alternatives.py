"""Chooses in advance what a plan does if its frames miss the goal or do not fit the target."""

from dicomtx.encoding_profiles import Permission, nearest, permission, whole_words
from dicomtx.engine.planning.high_bits import whole
from dicomtx.engine.planning.image_states import DCT, HALF, XL
from dicomtx.engine.planning.plan import Code, Refuse


def with_alternatives(plan: Code) -> Code:
    """Returns the plan with its alternatives for a missed goal and for words that do not fit."""
    return plan._replace(if_missed=_if_missed(plan), if_unfit=_if_unfit(plan))


def _if_missed(plan: Code) -> Code | None:
    """Returns the plan for a missed goal: RGB instead of 4:2:2, or lossless JPEG XL."""
    if not plan.lossy:
        return None
    if plan.after.photometric_interpretation == HALF:
        return plan._replace(
            to_rgb=plan.to_rgb or plan.working.photometric_interpretation == "YBR_FULL",
            working=plan.working._replace(photometric_interpretation="RGB"),
            after=plan.after._replace(photometric_interpretation="RGB"),
        )
    rounded = plan.to_rgb and plan.source.uid not in DCT  # converting YCbCr to RGB rounds
    if plan.target.uid != XL or rounded:
        return None
    colour = plan.working.photometric_interpretation
    after = plan.after._replace(photometric_interpretation=colour)
    return with_alternatives(plan._replace(lossy=False, after=after))


def _if_unfit(plan: Code) -> Code | Refuse | None:
    """Returns the plan for code streams as wide as Bits Allocated, or a refusal that says why."""
    narrow = plan.working.bits_stored < plan.working.bits_allocated
    if not plan.target.encapsulated or plan.lossy or not narrow or whole_words(plan.target):
        return None
    after = whole(plan.after)
    allowed, why = permission(plan.target, after)
    if allowed is not Permission.FORBIDDEN:
        return plan._replace(whole_words=True)
    better = next((syntax for syntax in nearest(after) if whole_words(syntax)), None)
    instead = f"--to {better.slug}, or " if better else ""
    return Refuse(
        source=plan.source,
        target=plan.target,
        reason=f"the samples use all {after.bits_allocated} allocated bits, not only the"
        f" {plan.after.bits_stored} of Bits Stored, but {why}. Try {instead}--high-bits mask.",
    )
