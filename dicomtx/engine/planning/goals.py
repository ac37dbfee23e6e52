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


def unapplied(target: TransferSyntax, settings: Settings) -> tuple[str, ...]:
    """Returns the warning for streams that stay as they are although a goal is asked, if it is.

    Nothing is lost, so no goal but a ratio can be missed.
    """
    goal = goal_text(settings)
    if not goal or not target.lossy:
        return ()
    return (f"{goal} was not applied: the code streams are kept as they are",)
