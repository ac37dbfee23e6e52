"""JPEG streams put into JPEG XL, and taken out of it: the very same bytes, never decoded."""

from dicomtx import code_stream
from dicomtx.codecs import recompression
from dicomtx.codecs.builtin import IMAGECODECS
from dicomtx.codecs.codec import Attempt, Direction
from dicomtx.dicom import attributes, fragments
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.pixel_data import EncapsulatedFrames, EncapsulatedWriter
from dicomtx.engine import history
from dicomtx.engine.decoding import CodecsFailedError, written_image
from dicomtx.engine.plan import BASELINE, Plan
from dicomtx.engine.rewrap import without_padding
from dicomtx.engine.transcoded import Transcoded
from dicomtx.errors import CodecError, VerificationError
from dicomtx.sources import Spool
from dicomtx.transfer_syntaxes import RECOMPRESSION


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
            made = _packed(stream, index) if packs else _unpacked(stream)
            writer.add(_of_image(made, plan))
        except CodecError as error:
            attempt = Attempt(IMAGECODECS.name, direction, f"frame {index + 1}: {error}")
            raise CodecsFailedError((attempt,)) from error
    edits = attributes.label_edits(data_set, written_image(plan, streams.count))
    edits += history.past_edits(plan, data_set, streams, warnings)
    return Transcoded(
        pixel_data=writer.pixel_data(big_endian=False),
        edits=(*writer.edits(), *edits),
        decoder=None if packs else IMAGECODECS,
        encoder=IMAGECODECS if packs else None,
        verification="same-code-base" if packs else "bytes-only",
        warnings=tuple(warnings),
    )


def _packed(stream: bytes, index: int) -> bytes:
    """Returns a JPEG stream in JPEG XL, once it was turned back and compared.

    Raises:
        CodecError: it is none, or no JPEG Baseline: such a one would never come back.
    """
    jpeg = _baseline(without_padding(stream), "it")
    packed = recompression.packed(jpeg)
    if recompression.unpacked(packed) != jpeg:
        raise VerificationError(f"frame {index + 1} does not come back out of JPEG XL as it was")
    return packed


def _unpacked(stream: bytes) -> bytes:
    """Returns the JPEG stream in a JPEG XL stream.

    Raises:
        CodecError: there is none, or another one than JPEG Baseline.
    """
    return _baseline(recompression.unpacked(stream), "what comes out of it")


def _baseline(jpeg: bytes, what: str) -> bytes:
    said = code_stream.read(jpeg)
    if said is None or not said.fits(BASELINE):
        raise CodecError(f"{what} is no JPEG Baseline stream")
    return jpeg


def _of_image(stream: bytes, plan: Plan) -> bytes:
    """Returns a stream whose header says what the data set says, as far as it says it.

    Raises:
        CodecError: it is of another image.
    """
    said, image = code_stream.read(stream), plan.before
    if said and image:
        told = said.rows, said.columns, said.components
        expected = image.rows, image.columns, image.samples_per_pixel
        if any(n not in (0, wanted) for n, wanted in zip(told, expected, strict=True)):
            raise CodecError(
                f"the stream says {told[0]} x {told[1]}, {told[2]} components; the data set"
                f" {expected[0]} x {expected[1]}, {expected[2]}"
            )
    return stream
