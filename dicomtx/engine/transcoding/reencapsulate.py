"""Writes new fragments, offset tables, padding and labels, and keeps the code streams."""

from collections.abc import Callable

from dicomtx.code_stream.unmarked import unmarked
from dicomtx.codecs import guard
from dicomtx.dicom import attributes
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.pixel_data.frame_writers import EncapsulatedWriter
from dicomtx.dicom.pixel_data.frames import encapsulated_frames
from dicomtx.engine.decoding.remarks import Remarks
from dicomtx.engine.lossy import record
from dicomtx.engine.planning.plan import Recompress, Reencapsulate
from dicomtx.engine.transcoding.transcoded import Transcoded
from dicomtx.errors import DamagedError


def rewrapped(
    plan: Reencapsulate, data_set: DataSet, writer: EncapsulatedWriter, *, salvage: bool
) -> Transcoded:
    """Returns Pixel Data with one fragment for each frame, and the edits that belong to it.

    Raises:
        DamagedError: the frames cannot be told apart, or a code stream is damaged.
    """
    return with_streams(plan, data_set, writer, lambda stream, _index: stream, salvage=salvage)


def with_streams(
    plan: Reencapsulate | Recompress,
    data_set: DataSet,
    writer: EncapsulatedWriter,
    change: Callable[[bytes, int], bytes],
    *,
    salvage: bool,
) -> Transcoded:
    """Returns Pixel Data with one fragment for each changed stream, and the edits for it.

    Args:
        plan: the plan that is carried out.
        data_set: the source.
        writer: collects the fragments.
        change: returns the new stream of a stream without padding, and the index of its frame.
        salvage: whether to read what is readable.

    Raises:
        DamagedError: the frames cannot be told apart, or a code stream is damaged.
    """
    warnings: list[str] = []
    sizes = unmarked(plan.source, plan.before)
    streams = encapsulated_frames(data_set, warnings, unmarked=sizes, salvage=salvage)
    remarks = Remarks(plan.source)
    for index in range(streams.count):
        stream = streams.read(index)
        try:
            bare = guard.without_padding(stream, plan.source, plan.before)
            writer.add(change(bare, index))
        except DamagedError as error:
            raise DamagedError(f"frame {index + 1}: {error}") from error
        remarks.look_behind(index, stream, plan.before)
    edits = attributes.label_edits(data_set, plan.after._replace(number_of_frames=streams.count))
    edits += record.past_edits(plan, data_set, streams, warnings)
    return Transcoded(
        pixel_data=writer.pixel_data(big_endian=False),
        edits=(*writer.edits(), *edits),
        verification="bytes-only",
        warnings=(*warnings, *remarks.texts()),
    )
