"""JPEG streams put into JPEG XL, and taken out of it: the very same bytes, never decoded."""

from dicomtx import code_stream
from dicomtx.codecs import guard
from dicomtx.codecs.codec import Attempt, Direction
from dicomtx.codecs.imagecodecs import recompression
from dicomtx.codecs.shipped import IMAGECODECS
from dicomtx.dicom import attributes
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.pixel_data.frames import EncapsulatedWriter, encapsulated_frames
from dicomtx.engine.decoding.errors import CodecsFailedError
from dicomtx.engine.decoding.remarks import Remarks
from dicomtx.engine.lossy import record
from dicomtx.engine.planning.plan import Recompress
from dicomtx.engine.planning.planner import BASELINE
from dicomtx.engine.transcoding.transcoded import Transcoded
from dicomtx.errors import CodecError, DamagedError, VerificationError
from dicomtx.storage.source import Spool
from dicomtx.transfer_syntaxes import RECOMPRESSION


def repacked(plan: Recompress, data_set: DataSet, spool: Spool, *, salvage: bool) -> Transcoded:
    """Returns Pixel Data with each stream repacked.

    Raises:
        CodecsFailedError: a stream cannot be.
        VerificationError: what was packed does not come back as it was.
        DamagedError: the frames cannot be told.
    """
    warnings: list[str] = []
    packs = plan.target.uid == RECOMPRESSION
    direction: Direction = "encode" if packs else "decode"
    streams = encapsulated_frames(data_set, warnings, salvage=salvage)
    writer = EncapsulatedWriter(spool)
    remarks = Remarks(plan.source)
    for index in range(streams.count):
        stream = streams.read(index)
        try:
            bare = guard.without_padding(stream, plan.source, plan.before)
            made = _packed(bare, index) if packs else _unpacked(bare)
            writer.add(_of_image(made, plan))
        except DamagedError as error:
            raise DamagedError(f"frame {index + 1}: {error}") from error
        except CodecError as error:
            attempt = Attempt(IMAGECODECS.name, direction, f"frame {index + 1}: {error}")
            raise CodecsFailedError((attempt,), damaged=not packs) from error
        remarks.look_behind(index, stream, plan.before)
    edits = attributes.label_edits(data_set, plan.after._replace(number_of_frames=streams.count))
    edits += record.past_edits(plan, data_set, streams, warnings)
    return Transcoded(
        pixel_data=writer.pixel_data(big_endian=False),
        edits=(*writer.edits(), *edits),
        decoder=None if packs else IMAGECODECS,
        encoder=IMAGECODECS if packs else None,
        verification="same-code-base" if packs else "bytes-only",
        warnings=(*warnings, *remarks.texts()),
    )


def _packed(stream: bytes, index: int) -> bytes:
    """Returns a JPEG stream in JPEG XL, once it was turned back and compared.

    Raises:
        DamagedError: it is not JPEG Baseline, or is cut off: such a stream would never come back.
    """
    jpeg = _baseline(stream)
    packed = recompression.packed(jpeg)
    if recompression.unpacked(packed) != jpeg:
        raise VerificationError(f"frame {index + 1} does not come back out of JPEG XL as it was")
    return packed


def _unpacked(stream: bytes) -> bytes:
    """Returns the JPEG stream in a JPEG XL stream.

    Raises:
        CodecError: there is none.
        DamagedError: it is not JPEG Baseline.
    """
    return _baseline(recompression.unpacked(stream))


def _baseline(jpeg: bytes) -> bytes:
    said = code_stream.read(jpeg)
    if said is None or not said.fits(BASELINE):
        raise DamagedError("not a JPEG Baseline stream")
    if not code_stream.end(jpeg):
        raise DamagedError("the code stream is cut off: it has no end marker")
    return jpeg


def _of_image(stream: bytes, plan: Recompress) -> bytes:
    """Returns a stream whose header says what the data set says, as far as it says it.

    Raises:
        DamagedError: it is of another image.
    """
    said, image = code_stream.read(stream), plan.before
    if said:
        told = said.rows, said.columns, said.components
        expected = image.rows, image.columns, image.samples_per_pixel
        if any(n not in (0, wanted) for n, wanted in zip(told, expected, strict=True)):
            raise DamagedError(
                f"the stream says {told[0]} x {told[1]}, {told[2]} components; the data set"
                f" {expected[0]} x {expected[1]}, {expected[2]}"
            )
    return stream
