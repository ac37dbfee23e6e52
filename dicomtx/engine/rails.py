"""Safety rails: what is not made lossy, unless it is asked for by name."""

from typing import Final

from dicomtx.dicom.header import Header
from dicomtx.image_pixel import ImagePixel
from dicomtx.settings import Settings
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
REVERSIBLE: Final = frozenset(f"{ROOT}.4.{n}" for n in (81, 91, 112, 203))


def lossy_stream(header: Header) -> bool:
    """Returns whether the source's code streams may have lost something, by all that they say."""
    stream = header.first_stream
    if not header.syntax.lossy or header.pixel_data != "encapsulated":
        return False
    return not stream or not stream.syntax or by_uid(stream.syntax).lossy


def exact(target: TransferSyntax, settings: Settings) -> bool:
    """Returns whether this target is to lose nothing."""
    none = 0 in (settings.near, settings.max_error) or settings.reversible
    return not target.lossy or none


def refusal(header: Header, target: TransferSyntax, image: ImagePixel, settings: Settings) -> str:
    """Returns why the image may not be put into a lossy target, empty if it may."""
    if exact(target, settings):
        reversible = not target.lossy or target.uid in REVERSIBLE
        return "" if reversible else f"{target.name} has no way to lose nothing"
    named = CLASSES.get(header.sop_class_uid)
    if named and not settings.allow_lossy_class:
        return f"it is {named}, whose values are no picture; --allow-lossy-class allows it"
    if (header.lossy_before or lossy_stream(header)) and not settings.allow_generation_loss:
        return (
            "it has been lossy before, and every generation loses more;"
            " --allow-generation-loss allows it"
        )
    return _unfit(target, image)


def _unfit(target: TransferSyntax, image: ImagePixel) -> str:
    """Returns why no way of asking for it makes such an image lossy, empty if it can be."""
    if image.bits_allocated not in (8, 16):
        return f"lossy is for 8 or 16 bits allocated, not {image.bits_allocated}"
    if image.photometric_interpretation == "PALETTE COLOR":
        return "the values of PALETTE COLOR are no shades; --palette expand makes RGB of it first"
    if target.uid == XL and image.photometric_interpretation == "YBR_FULL":  # of 8 bits, it is RGB
        return "lossy JPEG XL makes its colours of RGB, which YBR_FULL of 16 bits is not made"
    return ""
