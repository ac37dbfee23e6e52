"""``--assume-colour``: what to believe of JPEG streams that do not declare their colours."""

from typing import Final

from dicomtx.dicom.inspection import FileInfo
from dicomtx.image_pixel import ImagePixel
from dicomtx.settings import Settings

LABELS: Final = {"rgb": "RGB", "ybr": "YBR_FULL"}
LOSSLESS: Final = (".57", ".70")
"""Writers of these processes insert arbitrary markers, so their streams declare nothing."""


def assumed(header: FileInfo, settings: Settings) -> tuple[FileInfo, str]:
    """Returns the header with the colours that the settings assume, and a warning or "".

    Only JPEG streams of three components are concerned. A stream that declares its colours is
    right, whatever is assumed.
    """
    stream, image, wanted = header.first_stream, header.image, settings.assume_colour
    if wanted == "auto" or not stream or not image or not _is_colour_jpeg(header, image):
        return header, ""
    declared = "" if stream.syntax.endswith(LOSSLESS) else stream.transform
    if declared:
        told = f"--assume-colour {wanted} was not applied: the code stream declares {declared}"
        return header, told if declared != wanted.upper() else ""
    label = LABELS[wanted]
    known = image.photometric_interpretation
    if wanted == "ybr" and known.startswith("YBR_FULL"):
        return header, ""
    relabelled = image._replace(photometric_interpretation=label)
    warning = f"Photometric Interpretation is {known}, but {label} is assumed (--assume-colour)"
    return header._replace(image=relabelled), warning if label != known else ""


def _is_colour_jpeg(header: FileInfo, image: ImagePixel) -> bool:
    return header.syntax.family == "JPEG" and image.samples_per_pixel == 3
