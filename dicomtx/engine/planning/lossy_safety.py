"""Safety rules: what lossy compression refuses, and what needs an explicit option."""

from typing import Final

from dicomtx.dicom.inspection import FileInfo
from dicomtx.image_pixel import ImagePixel
from dicomtx.settings import Settings, is_exact, lacks_goal
from dicomtx.transfer_syntaxes import ROOT, TransferSyntax, by_uid

STORAGE: Final = "1.2.840.10008.5.1.4.1.1"
# pixel values of these classes are labels, doses or measurements
CLASSES: Final = {
    STORAGE + ".66.4": "a segmentation",
    STORAGE + ".66.7": "a segmentation",
    STORAGE + ".481.2": "an RT dose",
    STORAGE + ".30": "a parametric map",
}
XL: Final = f"{ROOT}.4.112"
LOSING: Final = ("quality", "ratio", "psnr")  # goals that always imply loss
# lossy syntaxes with a lossless mode
REVERSIBLE: Final = frozenset(f"{ROOT}.4.{n}" for n in (81, 91, 112, 203))


def lossy_stream(header: FileInfo) -> bool:
    """Returns whether the source's code streams may be lossy, by the stream or its syntax."""
    if header.pixel_data != "encapsulated":
        return False
    stream = header.first_stream
    return by_uid(stream.syntax).lossy if stream and stream.syntax else header.syntax.lossy


def unfit(header: FileInfo, target: TransferSyntax, image: ImagePixel, settings: Settings) -> str:
    """Returns why the target can never hold such an image; empty if it can."""
    if not is_exact(target, settings):
        return _not_lossy(header, target, image)
    goal = next((name for name in LOSING if getattr(settings, name) is not None), "")
    if target.lossy and settings.reversible and goal:
        return f"--reversible is lossless, so --{goal} cannot be met; use one of them"
    reversible = not target.lossy or target.uid in REVERSIBLE
    return "" if reversible else f"{target.name} has no lossless mode"


def refusal(header: FileInfo, target: TransferSyntax, settings: Settings) -> str:
    """Returns why a lossy target needs another option for this image; empty if it does not."""
    if is_exact(target, settings):
        return ""
    reasons = []
    if lacks_goal(target, settings):
        reasons.append(
            "it is lossy and needs a goal, such as --quality 90 or --psnr 50, or --lossy;"
            f" {target.lossless} is lossless"
        )
    named = CLASSES.get(header.sop_class_uid)
    if named and not settings.allow_lossy_class:
        reasons.append(
            f"the values of {named} must stay exact; use --allow-lossy-class to override"
        )
    if (header.lossy_before or lossy_stream(header)) and not settings.allow_generation_loss:
        reasons.append(
            "it is already lossy-compressed, and compressing it again loses more;"
            " use --allow-generation-loss to allow it"
        )
    return "; ".join(reasons)


def _not_lossy(header: FileInfo, target: TransferSyntax, image: ImagePixel) -> str:
    """Returns why the target cannot compress such an image lossily; empty if it can."""
    if header.mapped:
        return "its values are indices into a Supplemental Palette; use a lossless target"
    if image.bits_allocated not in (8, 16):
        return f"lossy compression needs Bits Allocated 8 or 16, not {image.bits_allocated}"
    if image.photometric_interpretation == "PALETTE COLOR":
        return "PALETTE COLOR cannot be lossy-compressed; use --palette expand"
    if (
        target.uid == XL and image.photometric_interpretation == "YBR_FULL"
    ):  # 8 bits were converted to RGB
        return "lossy JPEG XL needs RGB, and 16-bit YBR_FULL cannot be converted to it"
    return ""
