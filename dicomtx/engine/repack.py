"""JPEG streams put into JPEG XL, and taken out of it: the very same bytes, never decoded."""

from dicomtx import code_stream
from dicomtx.codecs import recompression
from dicomtx.codecs.builtin import IMAGECODECS
from dicomtx.codecs.codec import Attempt, Direction
from dicomtx.dicom import attributes, fragments
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.pixel_data import EncapsulatedFrames, EncapsulatedWriter
from dicomtx.engine.decoding import written_image
from dicomtx.engine.plan import BASELINE, RECOMPRESSION, Plan
from dicomtx.engine.rewrap import without_padding
from dicomtx.engine.transcode import CodecsFailedError
from dicomtx.engine.transcoded import Transcoded
from dicomtx.errors import CodecError, VerificationError
from dicomtx.sources import Spool


def repacked(plan: Plan, data_set: DataSet, spool: Spool, *, salvage: bool) -> Transcoded:
    """Returns Pixel Data with each stream repacked.

    Raises:
        CodecsFailedError: a stream cannot be.
        VerificationError: what was packed does not come back as it was.
        DamagedError: the frames cannot be told.
    """
    warnings: list[str] = []
    packs = plan.target.uid == RECOMPRESSION
    direction: Direction = "encode" if packs else "decode"
    pixels = fragments.read(data_set, warnings if salvage else None)
    wanted = attributes.number_of_frames(data_set)
    found = fragments.frames(data_set.source, pixels, wanted, warnings)
    streams = EncapsulatedFrames(data_set.source, found)
    writer = EncapsulatedWriter(spool)
    for index in range(streams.count):
        try:
            stream = streams.read(index)
            writer.add(_packed(stream, index) if packs else _unpacked(stream))
        except CodecError as error:
            attempt = Attempt(IMAGECODECS.name, direction, f"frame {index + 1}: {error}")
            raise CodecsFailedError((attempt,)) from error
    edits = attributes.label_edits(data_set, written_image(plan, streams.count))
    return Transcoded(
        pixel_data=writer.pixel_data(big_endian=False),
        edits=(*writer.edits(), *edits),
        decoder=None if packs else IMAGECODECS,
        encoder=IMAGECODECS if packs else None,
        verification="same-code-base" if packs else "bytes-only",
        warnings=tuple(warnings),
    )


def _packed(stream: bytes, index: int) -> bytes:
    """Returns a JPEG stream in JPEG XL, once it was turned back and compared."""
    jpeg = without_padding(stream)
    packed = recompression.packed(jpeg)
    if recompression.unpacked(packed) != jpeg:
        raise VerificationError(f"frame {index + 1} does not come back out of JPEG XL as it was")
    return packed


def _unpacked(stream: bytes) -> bytes:
    """Returns the JPEG stream in a JPEG XL stream.

    Raises:
        CodecError: there is none, or another one than JPEG Baseline.
    """
    jpeg = recompression.unpacked(stream)
    said = code_stream.read(jpeg)
    if said is None or not said.fits(BASELINE):
        raise CodecError("what comes out of it is no JPEG Baseline stream")
    return jpeg
