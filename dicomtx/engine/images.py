"""What the image is on its way: as decoders give it, as it is worked on, as it is written."""

from dataclasses import replace
from typing import Final

from dicomtx.codecs import photometric
from dicomtx.dicom.header import Header
from dicomtx.dicom.pixel_data import LONGEST_NATIVE
from dicomtx.encoding_profiles import Standing, nearest, standing, whole_words
from dicomtx.image_pixel import ImagePixel
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import ROOT, TransferSyntax

# lossy JPEG, also within JPEG XL: there YCbCr is the codec's wish, and nobody's choice
DCT: Final = frozenset(f"{ROOT}.4.{n}" for n in (50, 51, 52, 53, 54, 55, 56, 111))
WORDS: Final = (1, 8, 16, 32, 64)


def decoded(header: Header, image: ImagePixel) -> ImagePixel:
    """Returns the image as frames come out of the source: native, or decoded."""
    family = header.syntax.family
    if family == "JPEG":
        said = photometric.of_jpeg(header.first_stream, image)
    elif family in ("JPEG 2000", "HTJ2K"):
        said = photometric.of_jpeg2000(header.first_stream, image)
    elif header.first_stream and header.first_stream.transform == "XYB":
        said = "RGB"  # the decoder undoes it
    else:
        said = photometric.as_said(image)
    return replace(image, photometric_interpretation=said, planar_configuration=0)


def turned_to_rgb(header: Header, image: ImagePixel, settings: Settings) -> bool:
    """Returns whether decoded samples are to be turned from YBR_FULL to RGB (as dcmdjpeg does)."""
    wanted = header.syntax.uid in DCT and not settings.keep_colour_space
    return wanted and image.photometric_interpretation == "YBR_FULL" and image.bits_allocated == 8


def written(target: TransferSyntax, image: ImagePixel) -> ImagePixel:
    """Returns the image as it is labelled in ``target`` (PS3.5 8.2.4: the component transform)."""
    if target.family in ("JPEG 2000", "HTJ2K") and image.photometric_interpretation == "RGB":
        return replace(image, photometric_interpretation="YBR_RCT")
    return image


def as_streamed(header: Header, image: ImagePixel) -> ImagePixel:
    """Returns the image labelled as its first code stream is, where that tells (PS3.5 8.2)."""
    stream = header.first_stream
    said = image.photometric_interpretation
    if stream and image.samples_per_pixel == 3:
        if header.syntax.family in ("JPEG 2000", "HTJ2K"):
            untransformed = "RGB" if said in ("YBR_RCT", "YBR_ICT") else said
            said = f"YBR_{stream.transform}" if stream.transform else untransformed
        elif header.syntax.uid in DCT and stream.transform:
            full = "YBR_FULL_422" if stream.subsampled else "YBR_FULL"
            said = "RGB" if stream.transform == "RGB" else full
    return replace(image, photometric_interpretation=said, planar_configuration=0)


def contradiction(header: Header, image: ImagePixel) -> str:
    """Returns how Photometric Interpretation and the code stream differ, empty if they agree."""
    label, stream = image.photometric_interpretation, header.first_stream
    if not stream or image.samples_per_pixel != 3:
        return ""
    streamed = as_streamed(header, image).photometric_interpretation
    if image.subsampled and header.syntax.uid not in DCT:
        streamed = "YBR_FULL"
    elif {label, streamed} <= {"YBR_FULL", "YBR_FULL_422"}:  # both are common, both are read
        return ""
    if streamed == label:
        return ""
    return f"Photometric Interpretation is {label}, but the code stream is {streamed}"


def refused(
    header: Header, target: TransferSyntax, after: ImagePixel, settings: Settings
) -> tuple[str, str]:
    """Returns why the output may not be, and what is to be warned of if it may."""
    if after.bits_allocated not in WORDS or after.bits_allocated == 1 < after.samples_per_pixel:
        samples = f"{after.samples_per_pixel} samples of {after.bits_allocated} bits allocated"
        return f"no codec takes {samples}", ""
    if not target.encapsulated:
        size = after.native_bytes
        too_long = (
            f"native Pixel Data would have {size} bytes, more than its length can say;"
            " encapsulated-uncompressed can hold it"
        )
        return (too_long if size > LONGEST_NATIVE else ""), ""
    if header.image and header.image.subsampled and after.columns % 2:
        return "native 4:2:2 with an odd number of columns has no defined order", ""
    if header.overlays and settings.overlays == "keep" and not whole_words(target):
        return "it has no room for overlay planes in unused bits; use --overlays extract", ""
    stands, why = standing(target, after)
    if stands is Standing.ALLOWED or (stands is Standing.PRACTISED and not settings.strict):
        return "", why
    if after.photometric_interpretation == "YBR_RCT":  # the label of this target only
        after = replace(after, photometric_interpretation="RGB")
    better = next((s for s in nearest(after) if standing(s, after)[0] is Standing.ALLOWED), None)
    return why + (f"; {better.slug} can hold it" if better else ""), ""
