"""Goals of quality and files that are in the target syntax already."""

from dicomtx.dicom.inspection import FileInfo
from dicomtx.settings import Settings, goal_text
from dicomtx.transfer_syntaxes import RECOMPRESSION, TransferSyntax


def has_ratio(header: FileInfo, target: TransferSyntax, settings: Settings) -> bool:
    """Returns whether a file that stays in its syntax has the ratio that is asked for."""
    if not target.lossy or target.uid == RECOMPRESSION:
        return True
    if settings.ratio is None or header.image is None or header.pixel_data != "encapsulated":
        return True
    return header.image.native_bytes >= settings.ratio * header.pixel_bytes


def unapplied(header: FileInfo, target: TransferSyntax, settings: Settings) -> tuple[str, ...]:
    """Returns the warning about a goal of code streams that are kept as they are, if there is one.

    Nothing is lost, so only a ratio can be missed; one that is not met is not kept.
    """
    goal = goal_text(settings)
    if not goal or not target.lossy or header.pixel_data != "encapsulated":
        return ()
    met = settings.ratio is not None and header.image and target.uid != RECOMPRESSION
    told = "is met already" if met else "was not applied"
    return (f"{goal} {told}: the code streams are kept as they are",)
