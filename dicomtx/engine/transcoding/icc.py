"""The ICC profile of a code stream, which is lost with the stream unless the data set keeps it."""

from typing import Final

from dicomtx import code_stream
from dicomtx.code_stream import icc
from dicomtx.codecs.imagecodecs import recompression
from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.item_search import items_with
from dicomtx.dicom.pixel_data.frames import EncapsulatedFrames, NativeFrames
from dicomtx.engine.planning.plan import Code
from dicomtx.errors import CodecError
from dicomtx.transfer_syntaxes import RECOMPRESSION

FAMILIES: Final = ("JPEG", "JPEG 2000", "HTJ2K")


def edits(
    plan: Code, data_set: DataSet, source: EncapsulatedFrames | NativeFrames, warnings: list[str]
) -> list[Edit]:
    """Returns the edit that puts the first frame's profile into the data set, if it has none.

    Args:
        plan: what is done.
        data_set: the source.
        source: its frames.
        warnings: what is kept is added here.
    """
    packed = plan.source.uid == RECOMPRESSION
    coded = packed or plan.source.family in FAMILIES
    if not coded or isinstance(source, NativeFrames) or not source.count:
        return []
    stream = source.read(0)
    found = icc.profile(_unpacked(stream) if packed else stream)
    if not found or tags.ICC_PROFILE in data_set or any(items_with(data_set, tags.ICC_PROFILE)):
        return []
    warnings.append("the ICC profile of the code stream is kept as ICC Profile (0028,2000)")
    return [Edit(tags.ICC_PROFILE, "OB", found + b"\0" * (len(found) % 2))]


def _unpacked(stream: bytes) -> bytes:
    """Returns the JPEG stream in a JPEG XL stream, empty if there is none."""
    said = code_stream.read(stream)
    try:
        return recompression.unpacked(stream) if said and said.syntax == RECOMPRESSION else b""
    except CodecError:
        return b""
