"""Copies native Pixel Data that stays native."""

from dicomtx.dicom import tags
from dicomtx.dicom.attributes import MOST_MISSING
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.rope import PixelData, Rope
from dicomtx.errors import DamagedError
from dicomtx.image_pixel import ImagePixel


def native_passthrough(
    data_set: DataSet, image: ImagePixel | None, warnings: list[str] | None, *, swap: bool
) -> PixelData | None:
    """Returns corrected native Pixel Data, or None if the element can be copied unchanged.

    It needs a correction if samples of more than 8 bits have the VR OB and the byte order changes,
    if the VR is UN, if Pixel Data is not in the byte order of the data set, or if its end is
    missing. A missing end is filled with zeros.

    Args:
        data_set: the source.
        image: its Image Pixel attributes, None if they are incomplete.
        warnings: if given, missing bytes are zero and a warning is added here.
        swap: whether the byte order of Pixel Data changes.

    Raises:
        DamagedError: Pixel Data is shorter than the image.
    """
    element = data_set.find(tags.PIXEL_DATA)
    if not element or element.undefined:
        return None
    there = element.end - element.value
    whole = image.native_bytes if image else there
    if there < whole:
        what = f"Pixel Data has {there} bytes, but the image needs {whole}"
        if warnings is None or there * MOST_MISSING < whole:
            raise DamagedError(what)
        warnings.append(f"salvaged: {what}")
    wide = (data_set.number(tags.BITS_ALLOCATED) or 0) > 8
    passes = element.vr != "UN" and data_set.big_endian_pixels == data_set.encoding.big_endian
    passes &= not (element.vr == "OB" and wide and swap)
    if passes and there == element.length and there >= whole:
        return None
    words = wide or element.vr not in ("OB", "UN")
    rope = Rope()
    rope.span(data_set.source, element.value, there, 2 if swap and words else 1)
    rope.add(bytes(max(there % 2, whole + whole % 2 - there)))
    return PixelData(rope, "OW" if words else "OB", encapsulated=False)
