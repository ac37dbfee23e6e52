"""Quality goals: whether a lossy target has one, and whether the result must be lossless."""

from dicomtx.settings.table import GOALS, Settings
from dicomtx.transfer_syntaxes import RECOMPRESSION, TransferSyntax


def goal_text(settings: Settings) -> str:
    """Returns the quality goal as an option; empty if there is none."""
    asked = {name: getattr(settings, name) for name in GOALS}
    told = (f"--{n.replace('_', '-')} {v:g}" for n, v in asked.items() if v is not None)
    return next(told, "")


def is_exact(target: TransferSyntax, settings: Settings) -> bool:
    """Returns whether the conversion must be lossless."""
    none = 0 in (settings.near, settings.max_error) or settings.reversible
    return not target.lossy or none


def lacks_goal(target: TransferSyntax, settings: Settings) -> bool:
    """Returns whether a lossy target has neither a quality goal nor ``lossy`` set.

    JPEG recompression is lossless, so it needs neither.
    """
    if is_exact(target, settings) or target.uid == RECOMPRESSION:
        return False
    return not (settings.lossy or goal_text(settings))
