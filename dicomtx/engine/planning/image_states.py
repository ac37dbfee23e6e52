"""The image description at each step: as decoded, as processed, and as written."""

from typing import Final

from dicomtx.codecs import photometric
from dicomtx.dicom.inspection import FileInfo
from dicomtx.dicom.pixel_data.frames import LONGEST_NATIVE
from dicomtx.encoding_profiles import Permission, nearest, permission, whole_words
from dicomtx.encoding_table import TRANSFORMED
from dicomtx.image_pixel import PARTIAL, ImagePixel
from dicomtx.settings import Settings, is_exact
from dicomtx.transfer_syntaxes import BASELINE, ROOT, TransferSyntax

# lossy JPEG, also within JPEG XL: its YCbCr is only a choice of the encoder
DCT: Final = frozenset(f"{ROOT}.4.{n}" for n in (50, 51, 52, 53, 54, 55, 56, 111))
HALF: Final = "YBR_FULL_422"
EXTENDED: Final = f"{ROOT}.4.51"
XL: Final = f"{ROOT}.4.112"
WORDS: Final = (1, 8, 16, 32, 64)


def decoded(header: FileInfo, image: ImagePixel) -> ImagePixel:
    """Returns the image description of the source's frames after decoding, if they are encoded."""
    family = header.syntax.family
    if family == "JPEG":
        said = photometric.of_jpeg(header.first_stream, image)
    elif family in ("JPEG 2000", "HTJ2K"):
        said = photometric.of_jpeg2000(header.first_stream, image)
    elif _is_xyb(header, image):
        said = "RGB"  # the decoder converts XYB to RGB
    else:
        said = photometric.as_said(image)
    return image._replace(photometric_interpretation=said, planar_configuration=0)


def _is_xyb(header: FileInfo, image: ImagePixel) -> bool:
    """Returns whether the colours are XYB. Grey streams are labelled XYB too, without meaning."""
    stream = header.first_stream
    return bool(stream and stream.transform == "XYB" and image.samples_per_pixel == 3)


def expanded(target: TransferSyntax, image: ImagePixel, settings: Settings) -> bool:
    """Returns whether to expand PALETTE COLOR to RGB: for a lossy target, if requested."""
    is_palette = image.photometric_interpretation == "PALETTE COLOR"
    return target.lossy and is_palette and settings.palette == "expand"


def turned_to_rgb(
    header: FileInfo, target: TransferSyntax, image: ImagePixel, settings: Settings
) -> bool:
    """Returns whether to convert the samples from YCbCr to RGB.

    Decoded JPEG is converted, as dcmdjpeg does. Lossy JPEG XL needs RGB for its own colour space.
    YCbCr with luma from 16 to 235 is converted because the standard has no name for it at 4:4:4.
    """
    decoded_dct = header.syntax.uid in DCT and not settings.keep_colour_space
    wanted = decoded_dct or (target.uid == XL and not is_exact(target, settings))
    colour = image.photometric_interpretation
    return (colour == PARTIAL or (wanted and colour == "YBR_FULL")) and image.bits_allocated == 8


def written(target: TransferSyntax, image: ImagePixel, settings: Settings) -> ImagePixel:
    """Returns the image description of the output, which matches its code streams.

    JPEG 2000 applies a component transform (PS3.5 8.2.4), and lossy JPEG XL uses XYB. Lossy JPEG
    halves the chroma and codes 9 to 11 bits as 12, so decoded values can have 12 bits (8.2.1).
    """
    colour, lossy = image.photometric_interpretation, not is_exact(target, settings)
    if target.family in ("JPEG 2000", "HTJ2K") and colour == "RGB":
        return image._replace(photometric_interpretation="YBR_ICT" if lossy else "YBR_RCT")
    if target.uid in (BASELINE, EXTENDED):
        if colour in ("RGB", "YBR_FULL"):
            return image._replace(photometric_interpretation=HALF)
        if image.bits_allocated == 16 and 9 <= image.bits_stored < 12:  # JPEG Baseline refuses it
            return image._replace(bits_stored=12, high_bit=11)
    if target.uid == XL and lossy and colour == "RGB":
        return image._replace(photometric_interpretation="XYB")
    return image


def as_streamed(header: FileInfo, image: ImagePixel) -> ImagePixel:
    """Returns the image with the colours of its first code stream, if known (PS3.5 8.2)."""
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
    """Returns how Photometric Interpretation and the code stream differ; empty if they agree."""
    label, stream = image.photometric_interpretation, header.first_stream
    if not stream or image.samples_per_pixel != 3:
        return ""
    streamed = as_streamed(header, image).photometric_interpretation
    if image.subsampled and header.syntax.uid not in DCT and not stream.subsampled:
        streamed = label if label.startswith(PARTIAL) else "YBR_FULL"
    elif {label, streamed} <= {
        "YBR_FULL",
        "YBR_FULL_422",
    }:  # both labels are common for such streams
        return ""
    if streamed == label:
        return ""
    return f"Photometric Interpretation is {label}, but the code stream is {streamed}"


def warnings(header: FileInfo, image: ImagePixel) -> tuple[str, ...]:
    """Returns the warnings about the colours of a source that is decoded or encoded."""
    said = image.photometric_interpretation
    rounded = f"{said} (luma from 16 to 235) is converted to RGB: samples are rounded"
    told = (contradiction(header, image), rounded if said.startswith(PARTIAL) else "")
    return tuple(filter(None, told))


def _chroma_fault(header: FileInfo, settings: Settings) -> str:
    """Returns why the YCbCr of the source cannot be read or converted; empty if it can."""
    image = header.image
    if image is None or image.samples_per_pixel != 3:
        return ""
    said, native = image.photometric_interpretation, header.pixel_data == "native"
    if native and image.subsampled and image.columns % 2:
        return "no sample order is defined for native 4:2:2 with odd Columns"
    return _partial_fault(header, image, settings) if said.startswith(PARTIAL) else ""


def _partial_fault(header: FileInfo, image: ImagePixel, settings: Settings) -> str:
    """Returns why partial-range YCbCr cannot be converted to RGB; empty if it can."""
    said, native = image.photometric_interpretation, header.pixel_data == "native"
    if header.syntax.uid in DCT:
        return f"{said} has luma from 16 to 235, but JPEG decoders read it as 0 to 255"
    if image.bits_allocated != 8 or (native and not image.subsampled):
        return (
            f"no sample order is defined for native {said} of {image.bits_allocated} bits allocated"
        )
    if settings.strict:
        return f"conversion of {said} to RGB rounds the samples, which --strict does not allow"
    return ""


def refused(
    header: FileInfo, target: TransferSyntax, after: ImagePixel, settings: Settings
) -> tuple[str, str]:
    """Returns why the output is not allowed, and the warning if it is; both can be empty."""
    if fault := _chroma_fault(header, settings):
        return fault, ""
    if after.bits_allocated not in WORDS or after.bits_allocated == 1 < after.samples_per_pixel:
        samples = (
            f"Samples per Pixel {after.samples_per_pixel}, Bits Allocated {after.bits_allocated}"
        )
        return f"no codec supports this image ({samples})", ""
    if not target.encapsulated:
        size = after.native_bytes
        too_long = (
            f"native Pixel Data would have {size} bytes, more than its length field can hold;"
            " try --to encapsulated-uncompressed"
        )
        return (too_long if size > LONGEST_NATIVE else ""), ""
    if header.overlays and settings.overlays == "keep" and not whole_words(target):
        return "its code streams cannot hold overlays in unused bits; use --overlays extract", ""
    stands, why = permission(target, after)
    if stands is Permission.ALLOWED or (stands is Permission.PRACTISED and not settings.strict):
        return "", why
    if after.photometric_interpretation in TRANSFORMED:  # this label exists only in this target
        after = after._replace(photometric_interpretation="RGB")
    fitting = nearest(after, lossy=not is_exact(target, settings))
    better = next((s for s in fitting if permission(s, after)[0] is Permission.ALLOWED), None)
    return why + (f"; try --to {better.slug}" if better else ""), ""
