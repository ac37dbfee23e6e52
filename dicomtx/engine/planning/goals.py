"""Quality goals for files that already have the target transfer syntax."""

from dicomtx.dicom.inspection import FileInfo
from dicomtx.settings import Settings, goal_text
from dicomtx.settings.targets import is_jpeg2000
from dicomtx.transfer_syntaxes import RECOMPRESSION, TransferSyntax


def has_ratio(header: FileInfo, target: TransferSyntax, settings: Settings) -> bool:
    """Returns whether a file already meets ``--ratio``, so that its code streams can be kept."""
    if not target.lossy or target.uid == RECOMPRESSION:
        return True
    if settings.ratio is None or header.image is None or header.pixel_data != "encapsulated":
        return True
    return header.image.native_bytes >= settings.ratio * header.pixel_bytes


def is_met(header: FileInfo, target: TransferSyntax, settings: Settings) -> bool:
    """Returns whether a file of the target syntax has the ratio and the layout that are asked for.

    Its code streams can then be kept. The layout is that of the first frame.
    """
    if not is_jpeg2000(target):
        return has_ratio(header, target, settings)
    from dicomtx.codecs.layout import has_layout, layout_of  # noqa: PLC0415 - most targets need none

    arranged = has_layout(header.first_stream, layout_of(settings, target))
    return arranged and has_ratio(header, target, settings)


def unapplied(header: FileInfo, target: TransferSyntax, settings: Settings) -> tuple[str, ...]:
    """Returns a warning if code streams are kept, so that the quality goal does not apply.

    A file that misses its ratio is encoded again, so a ratio here is always met.
    """
    goal = goal_text(settings)
    if not goal or not target.lossy or header.pixel_data != "encapsulated":
        return ()
    met = settings.ratio is not None and header.image and target.uid != RECOMPRESSION
    told = "is met already" if met else "was not applied"
    return (f"{goal} {told}: the code streams are kept unchanged",)
