"""What the image is on its way: as decoders give it, as it is worked on, as it is written."""

from typing import Final

from dicomtx.codecs import photometric
from dicomtx.dicom.inspection import FileInfo
from dicomtx.dicom.pixel_data.frames import LONGEST_NATIVE
from dicomtx.encoding_profiles import Permission, nearest, permission, whole_words
from dicomtx.encoding_table import TRANSFORMED
from dicomtx.image_pixel import PARTIAL, ImagePixel
from dicomtx.settings import Settings, is_exact
from dicomtx.transfer_syntaxes import ROOT, TransferSyntax

# lossy JPEG, also within JPEG XL: there YCbCr is the codec's wish, and nobody's choice
DCT: Final = frozenset(f"{ROOT}.4.{n}" for n in (50, 51, 52, 53, 54, 55, 56, 111))
HALF: Final = "YBR_FULL_422"
BASELINE: Final = f"{ROOT}.4.50"
EXTENDED: Final = f"{ROOT}.4.51"
XL: Final = f"{ROOT}.4.112"
WORDS: Final = (1, 8, 16, 32, 64)


def decoded(header: FileInfo, image: ImagePixel) -> ImagePixel:
    """Returns the image as frames come out of the source: native, or decoded."""
    family = header.syntax.family
    if family == "JPEG":
        said = photometric.of_jpeg(header.first_stream, image)
    elif family in ("JPEG 2000", "HTJ2K"):
        said = photometric.of_jpeg2000(header.first_stream, image)
    elif _is_xyb(header, image):
        said = "RGB"  # the decoder undoes it
    else:
        said = photometric.as_said(image)
    return image._replace(photometric_interpretation=said, planar_configuration=0)


def _is_xyb(header: FileInfo, image: ImagePixel) -> bool:
    """Whether colours are JPEG XL's own; grey streams say so too, and mean nothing by it."""
    stream = header.first_stream
    return bool(stream and stream.transform == "XYB" and image.samples_per_pixel == 3)


def expanded(target: TransferSyntax, image: ImagePixel, settings: Settings) -> bool:
    """Returns whether PALETTE COLOR becomes RGB: on the way to a lossy target, if it is asked."""
    is_palette = image.photometric_interpretation == "PALETTE COLOR"
    return target.lossy and is_palette and settings.palette == "expand"


def turned_to_rgb(
    header: FileInfo, target: TransferSyntax, image: ImagePixel, settings: Settings
) -> bool:
    """Returns whether samples are to be turned from YCbCr to RGB.

    Decoded ones are (as dcmdjpeg does it); lossy JPEG XL has colours of its own, from RGB; and
    YCbCr with luma from 16 to 235 has no name in the standard once its chroma is at full size.
    """
    decoded_dct = header.syntax.uid in DCT and not settings.keep_colour_space
    wanted = decoded_dct or (target.uid == XL and not is_exact(target, settings))
    colour = image.photometric_interpretation
    return (colour == PARTIAL or (wanted and colour == "YBR_FULL")) and image.bits_allocated == 8


def written(target: TransferSyntax, image: ImagePixel, settings: Settings) -> ImagePixel:
    """Returns the image as it is labelled in ``target``: as its code streams will be.

    That is the component transform of JPEG 2000 (PS3.5 8.2.4), half the chroma in lossy JPEG,
    where 9 to 11 bits are coded as 12 and may come back as such (8.2.1), and JPEG XL's own XYB.
    """
    colour, lossy = image.photometric_interpretation, not is_exact(target, settings)
    if target.family in ("JPEG 2000", "HTJ2K") and colour == "RGB":
        return image._replace(photometric_interpretation="YBR_ICT" if lossy else "YBR_RCT")
    if target.uid in (BASELINE, EXTENDED):
        if colour in ("RGB", "YBR_FULL"):
            return image._replace(photometric_interpretation=HALF)
        if image.bits_allocated == 16 and 9 <= image.bits_stored < 12:  # never for .50: refused
            return image._replace(bits_stored=12, high_bit=11)
    if target.uid == XL and lossy and colour == "RGB":
        return image._replace(photometric_interpretation="XYB")
    return image


def as_streamed(header: FileInfo, image: ImagePixel) -> ImagePixel:
    """Returns the image labelled as its first code stream is, where that tells (PS3.5 8.2)."""
    stream = header.first_stream
    said = image.photometric_interpretation
    if stream and image.samples_per_pixel == 3:
        full = HALF if stream.subsampled else "YBR_FULL"
        full = said if said.startswith(PARTIAL) else full
        if header.syntax.family in ("JPEG 2000", "HTJ2K"):
            untransformed = photometric.of_jpeg2000(stream._replace(transform=""), image)
            untransformed = "RGB" if untransformed == "RGB" else full
            said = f"YBR_{stream.transform}" if stream.transform else untransformed
        elif header.syntax.uid in DCT and stream.transform:
            said = "RGB" if stream.transform == "RGB" else full
    return image._replace(photometric_interpretation=said, planar_configuration=0)


def contradiction(header: FileInfo, image: ImagePixel) -> str:
    """Returns how Photometric Interpretation and the code stream differ, empty if they agree."""
    label, stream = image.photometric_interpretation, header.first_stream
    if not stream or image.samples_per_pixel != 3:
        return ""
    streamed = as_streamed(header, image).photometric_interpretation
    if image.subsampled and header.syntax.uid not in DCT and not stream.subsampled:
        streamed = label if label.startswith(PARTIAL) else "YBR_FULL"
    elif {label, streamed} <= {"YBR_FULL", "YBR_FULL_422"}:  # both are common, both are read
        return ""
    if streamed == label:
        return ""
    return f"Photometric Interpretation is {label}, but the code stream is {streamed}"


def warnings(header: FileInfo, image: ImagePixel) -> tuple[str, ...]:
    """Returns what to say about the colours of a source that is decoded or encoded."""
    said = image.photometric_interpretation
    rounded = f"{said} (luma from 16 to 235) is converted to RGB: samples are rounded"
    told = (contradiction(header, image), rounded if said.startswith(PARTIAL) else "")
    return tuple(filter(None, told))


def _chroma_fault(header: FileInfo, settings: Settings) -> str:
    """Returns why the YCbCr of the source cannot be read, or not without loss; empty if it can."""
    image = header.image
    if image is None or image.samples_per_pixel != 3:
        return ""
    said, native = image.photometric_interpretation, header.pixel_data == "native"
    if native and image.subsampled and image.columns % 2:
        return "native 4:2:2 with an odd number of columns has no defined order"
    return _partial_fault(header, image, settings) if said.startswith(PARTIAL) else ""


def _partial_fault(header: FileInfo, image: ImagePixel, settings: Settings) -> str:
    """Returns why YCbCr of partial range cannot become RGB, empty if it can."""
    said, native = image.photometric_interpretation, header.pixel_data == "native"
    if header.syntax.uid in DCT:
        return f"{said} has luma from 16 to 235, but JPEG decoders read it as 0 to 255"
    if image.bits_allocated != 8 or (native and not image.subsampled):
        return f"native {said} of {image.bits_allocated} bits allocated has no defined order"
    if settings.strict:
        return f"{said} becomes RGB, which rounds the samples; --strict does not allow that"
    return ""


def refused(
    header: FileInfo, target: TransferSyntax, after: ImagePixel, settings: Settings
) -> tuple[str, str]:
    """Returns why the output may not be, and what is to be warned of if it may."""
    if fault := _chroma_fault(header, settings):
        return fault, ""
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
    if header.overlays and settings.overlays == "keep" and not whole_words(target):
        return "it has no room for overlay planes in unused bits; use --overlays extract", ""
    stands, why = permission(target, after)
    if stands is Permission.ALLOWED or (stands is Permission.PRACTISED and not settings.strict):
        return "", why
    if after.photometric_interpretation in TRANSFORMED:  # the label of this target only
        after = after._replace(photometric_interpretation="RGB")
    fitting = nearest(after, lossy=not is_exact(target, settings))
    better = next((s for s in fitting if permission(s, after)[0] is Permission.ALLOWED), None)
    return why + (f"; {better.slug} can hold it" if better else ""), ""
