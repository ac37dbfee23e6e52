"""Goals of quality: what a lossy target needs, and when nothing is to be lost."""

from dicomtx.settings.table import GOALS, Settings
from dicomtx.transfer_syntaxes import RECOMPRESSION, TransferSyntax


def goal_text(settings: Settings) -> str:
    """Returns the goal of quality as an option, empty if there is none."""
    asked = {name: getattr(settings, name) for name in GOALS}
    told = (f"--{n.replace('_', '-')} {v:g}" for n, v in asked.items() if v is not None)
    return next(told, "")


def is_exact(target: TransferSyntax, settings: Settings) -> bool:
    """Returns whether this target is to lose nothing."""
    none = 0 in (settings.near, settings.max_error) or settings.reversible
    return not target.lossy or none


def lacks_goal(target: TransferSyntax, settings: Settings) -> bool:
    """Returns whether the target is lossy and nobody asked for a loss.

    A goal or ``lossy`` asks for it. JPEG recompression loses nothing, so it needs neither.
    """
    if is_exact(target, settings) or target.uid == RECOMPRESSION:
        return False
    return not (settings.lossy or goal_text(settings))
