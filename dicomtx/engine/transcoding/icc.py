"""Copies the ICC profile of a code stream to the data set, so that decoding does not lose it."""

from typing import Final

from dicomtx import code_stream
from dicomtx.code_stream import icc, jpegxl
from dicomtx.codecs.imagecodecs import jpegxl_profile
from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.item_search import items_with
from dicomtx.dicom.pixel_data.frames import EncapsulatedFrames, NativeFrames
from dicomtx.engine.planning.plan import Code
from dicomtx.errors import CodecError

FAMILIES: Final = ("JPEG", "JPEG 2000", "HTJ2K", "JPEG XL")
BOXED: Final = ("JPEG 2000", "HTJ2K")
"""Families whose profile is in a JP2 header. DICOM does not allow that header (PS3.5 8.2.4)."""


def edits(
    plan: Code, data_set: DataSet, source: EncapsulatedFrames | NativeFrames, warnings: list[str]
) -> list[Edit]:
    """Returns the edit that adds the first frame's profile to a data set without one.

    Args:
        plan: the plan that is carried out.
        data_set: the source.
        source: the frames of the source.
        warnings: gets a warning if the profile is copied or cannot be read.
    """
    coded = plan.source.family in FAMILIES
    if not coded or isinstance(source, NativeFrames) or not source.count:
        return []
    if tags.ICC_PROFILE in data_set or any(items_with(data_set, tags.ICC_PROFILE)):
        return []
    try:
        found = _profile(source.read(0))
    except CodecError as error:
        warnings.append(f"the ICC profile of the code stream is lost: {error}")
        return []
    if not found:
        return []
    if plan.source.family in BOXED:
        warnings.append(
            "the ICC profile in the JP2 header was dropped: the data set decides (PS3.5 8.2.4)"
        )
        return []
    warnings.append("the ICC profile of the code stream was copied to ICC Profile (0028,2000)")
    return [Edit(tags.ICC_PROFILE, "OB", found + b"\0" * (len(found) % 2))]


def _profile(stream: bytes) -> bytes:
    """Returns the profile in a code stream; empty if there is none.

    Raises:
        CodecError: the profile cannot be read.
    """
    said = code_stream.read(stream)
    if said is None or said.family != "JPEG XL":
        return icc.profile(stream)
    return jpegxl_profile.profile(stream) if jpegxl.has_profile(stream) else b""
