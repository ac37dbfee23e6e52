"""Safety rails: what is not made lossy, unless it is asked for by name."""

from typing import Final

from dicomtx.dicom.inspection import FileInfo
from dicomtx.image_pixel import ImagePixel
from dicomtx.settings import Settings, is_exact, lacks_goal
from dicomtx.transfer_syntaxes import ROOT, TransferSyntax, by_uid

STORAGE: Final = "1.2.840.10008.5.1.4.1.1"
# values in these are labels, doses or measurements, and no picture
CLASSES: Final = {
    STORAGE + ".66.4": "a segmentation",
    STORAGE + ".66.7": "a segmentation",
    STORAGE + ".481.2": "an RT dose",
    STORAGE + ".30": "a parametric map",
}
XL: Final = f"{ROOT}.4.112"
# these lossy syntaxes have a way to lose nothing
LOSING: Final = ("quality", "ratio", "psnr")  # goals that ask for a loss, whatever their value
REVERSIBLE: Final = frozenset(f"{ROOT}.4.{n}" for n in (81, 91, 112, 203))


def lossy_stream(header: FileInfo) -> bool:
    """Returns whether the source's code streams may have lost something, by all that they say."""
    if header.pixel_data != "encapsulated":
        return False
    stream = header.first_stream
    return by_uid(stream.syntax).lossy if stream and stream.syntax else header.syntax.lossy


def unfit(header: FileInfo, target: TransferSyntax, image: ImagePixel, settings: Settings) -> str:
    """Returns why no option allows to put such an image into the target, empty if one may."""
    if not is_exact(target, settings):
        return _not_lossy(header, target, image)
    goal = next((name for name in LOSING if getattr(settings, name) is not None), "")
    if target.lossy and settings.reversible and goal:
        return f"--reversible loses nothing, so that --{goal} cannot be met"
    reversible = not target.lossy or target.uid in REVERSIBLE
    return "" if reversible else f"{target.name} has no way to lose nothing"


def refusal(header: FileInfo, target: TransferSyntax, settings: Settings) -> str:
    """Returns why the image is not put into a lossy target unless an option allows it."""
    if is_exact(target, settings):
        return ""
    reasons = []
    if lacks_goal(target, settings):
        reasons.append(
            "it is lossy, and lossy compression needs a goal, such as --quality 90 or --psnr 50,"
            f" or --lossy; {target.lossless} loses nothing"
        )
    named = CLASSES.get(header.sop_class_uid)
    if named and not settings.allow_lossy_class:
        reasons.append(f"it is {named}, whose values are no picture; --allow-lossy-class allows it")
    if (header.lossy_before or lossy_stream(header)) and not settings.allow_generation_loss:
        reasons.append(
            "it has been lossy before, and every generation loses more;"
            " --allow-generation-loss allows it"
        )
    return "; ".join(reasons)


def _not_lossy(header: FileInfo, target: TransferSyntax, image: ImagePixel) -> str:
    """Returns why such an image is never lossy in the target, empty if it can be."""
    if header.mapped:
        return "its values stand for the colours of a Supplemental Palette, and are no shades"
    if image.bits_allocated not in (8, 16):
        return f"lossy is for 8 or 16 bits allocated, not {image.bits_allocated}"
    if image.photometric_interpretation == "PALETTE COLOR":
        return "the values of PALETTE COLOR are no shades; --palette expand makes RGB of it first"
    if target.uid == XL and image.photometric_interpretation == "YBR_FULL":  # of 8 bits, it is RGB
        return "lossy JPEG XL makes its colours of RGB, which YBR_FULL of 16 bits is not made"
    return ""
