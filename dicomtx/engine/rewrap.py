"""Encapsulates code streams anew, each as it is: fragments, offset tables, padding, labels."""

from dicomtx import code_stream
from dicomtx.dicom import attributes, fragments
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.pixel_data import EncapsulatedFrames, EncapsulatedWriter
from dicomtx.engine import history
from dicomtx.engine.decoding import written_image
from dicomtx.engine.plan import Plan
from dicomtx.engine.transcoded import Transcoded
from dicomtx.sources import Spool

END_OF_IMAGE = b"\xff\xd9"


def rewrapped(plan: Plan, data_set: DataSet, spool: Spool, *, salvage: bool) -> Transcoded:
    """Returns Pixel Data with one fragment a frame, and the edits that go with it.

    Raises:
        DamagedError: the frames cannot be told.
    """
    warnings: list[str] = []
    wanted = attributes.number_of_frames(data_set)
    pixels = fragments.read(data_set, warnings if salvage else None)
    found = fragments.frames(data_set.source, pixels, wanted, warnings)
    writer = EncapsulatedWriter(spool)
    for parts in found:
        stream = b"".join(data_set.source.read(part.offset, part.size) for part in parts)
        writer.add(without_padding(code_stream.unboxed(stream)))
    edits = attributes.label_edits(data_set, written_image(plan, len(found)))
    edits += history.past_edits(
        plan, data_set, EncapsulatedFrames(data_set.source, found), warnings
    )
    return Transcoded(
        pixel_data=writer.pixel_data(big_endian=False),
        edits=(*writer.edits(), *edits),
        verification="bytes-only",
        warnings=tuple(warnings),
    )


def without_padding(stream: bytes) -> bytes:
    """Returns a code stream that ends with its end marker, if it has one (PS3.5 A.4)."""
    bare = stream.rstrip(b"\0")
    return bare if bare.endswith(END_OF_IMAGE) else stream
