"""Native Pixel Data that stays native."""

from dicomtx.dicom import tags
from dicomtx.dicom.attributes import MOST_MISSING
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.rope import PixelData, Rope
from dicomtx.errors import DamagedError
from dicomtx.image_pixel import ImagePixel


def native_passthrough(
    data_set: DataSet, image: ImagePixel | None, warnings: list[str] | None, *, swap: bool
) -> PixelData | None:
    """Returns native Pixel Data anew, if the source's element cannot pass as it stands.

    That is so where samples of more than 8 bits have the VR OB and the byte order changes, where
    the VR is UN, where Pixel Data is not in the byte order of the data set, and where its end is
    missing: then that is zero.

    Args:
        data_set: the source.
        image: what it says, None if it does not say enough.
        warnings: if given, what is missing is zero, and that is said here.
        swap: the byte order of Pixel Data changes.

    Raises:
        DamagedError: it is shorter than the image.
    """
    element = data_set.find(tags.PIXEL_DATA)
    if not element or element.undefined:
        return None
    there = element.end - element.value
    whole = image.native_bytes if image else there
    if there < whole:
        what = f"Pixel Data has {there} bytes, but the image takes {whole}"
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
