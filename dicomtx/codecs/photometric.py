"""The colour space of decoded samples. No codec here converts YCbCr to RGB."""

from dicomtx.code_stream import CodeStream
from dicomtx.image_pixel import PARTIAL, ImagePixel


def as_said(image: ImagePixel) -> str:
    """Returns the data set's interpretation for full-size samples: YBR_FULL_422 is YBR_FULL."""
    said = image.photometric_interpretation
    if image.samples_per_pixel != 3:
        return said
    if said in ("YBR_RCT", "YBR_ICT", "XYB"):
        return "RGB"
    if said.startswith(PARTIAL):
        return PARTIAL
    return "YBR_FULL" if said.startswith("YBR_") else said


def of_jpeg(stream: CodeStream | None, image: ImagePixel) -> str:
    """Returns the colour space of the stream's markers, or else that of the data set.

    Writers of the lossless processes insert arbitrary markers, so the data set decides for these.
    """
    if stream is None or stream.components != 3 or stream.syntax.endswith((".57", ".70")):
        return as_said(image)
    return {"YBR": "YBR_FULL", "RGB": "RGB"}.get(stream.transform) or as_said(image)


def of_jpeg2000(stream: CodeStream | None, image: ImagePixel) -> str:
    """Returns RGB if a multiple component transform was undone (PS3.5 8.2.4).

    A stream with subsampled chroma is YCbCr, whatever the data set says.
    """
    if stream and stream.subsampled and image.samples_per_pixel == 3:
        said = as_said(image)
        return said if said.startswith("YBR_") else "YBR_FULL"
    return "RGB" if stream and stream.transform in ("RCT", "ICT") else as_said(image)
