"""Converts JPEG streams to JPEG XL and back, byte for byte, without decoding the pixels."""

from dicomtx import code_stream
from dicomtx.codecs.codec import Attempt, Direction
from dicomtx.codecs.imagecodecs import recompression
from dicomtx.codecs.shipped import IMAGECODECS
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.pixel_data.frame_writers import EncapsulatedWriter
from dicomtx.engine.decoding.errors import CodecsFailedError
from dicomtx.engine.planning.plan import Recompress
from dicomtx.engine.transcoding.reencapsulate import with_streams
from dicomtx.engine.transcoding.transcoded import Transcoded
from dicomtx.errors import CodecError, DamagedError, VerificationError
from dicomtx.transfer_syntaxes import BASELINE, RECOMPRESSION


def repacked(
    plan: Recompress, data_set: DataSet, writer: EncapsulatedWriter, *, salvage: bool
) -> Transcoded:
    """Returns Pixel Data with each stream converted to JPEG XL or back.

    Raises:
        CodecsFailedError: a stream cannot be converted.
        VerificationError: a JPEG XL stream does not convert back to the same JPEG stream.
        DamagedError: the frames cannot be told apart, or a stream is damaged.
    """
    packs = plan.target.uid == RECOMPRESSION
    direction: Direction = "encode" if packs else "decode"

    def change(stream: bytes, index: int) -> bytes:
        try:
            return _of_image(_packed(stream, index) if packs else _unpacked(stream), plan)
        except CodecError as error:
            attempt = Attempt(IMAGECODECS.name, direction, f"frame {index + 1}: {error}")
            raise CodecsFailedError((attempt,), damaged=not packs) from error

    return with_streams(plan, data_set, writer, change, salvage=salvage)._replace(
        decoder=None if packs else IMAGECODECS,
        encoder=IMAGECODECS if packs else None,
        verification="same-code-base" if packs else "bytes-only",
    )


def _packed(stream: bytes, index: int) -> bytes:
    """Returns a JPEG stream as JPEG XL, after converting it back and comparing.

    Raises:
        DamagedError: it is not JPEG Baseline, or is truncated; it could not be restored.
        VerificationError: converting back gives other bytes.
    """
    jpeg = _baseline(stream)
    packed = recompression.packed(jpeg)
    if recompression.unpacked(packed) != jpeg:
        raise VerificationError(
            f"frame {index + 1}: JPEG XL does not convert back to the same JPEG stream"
        )
    return packed


def _unpacked(stream: bytes) -> bytes:
    """Returns the JPEG stream that a JPEG XL stream was made from.

    Raises:
        CodecError: the stream was not made from JPEG.
        DamagedError: the result is not JPEG Baseline, or is truncated.
    """
    return _baseline(recompression.unpacked(stream))


def _baseline(jpeg: bytes) -> bytes:
    said = code_stream.read(jpeg)
    if said is None or not said.fits(BASELINE):
        raise DamagedError("not a JPEG Baseline stream")
    if not code_stream.end(jpeg):
        raise DamagedError("the code stream is truncated: its end marker is missing")
    return jpeg


def _of_image(stream: bytes, plan: Recompress) -> bytes:
    """Returns the stream if its header does not contradict the data set.

    Raises:
        DamagedError: the size or the number of components differs.
    """
    said, image = code_stream.read(stream), plan.before
    if said:
        told = said.rows, said.columns, said.components
        expected = image.rows, image.columns, image.samples_per_pixel
        if any(n not in (0, wanted) for n, wanted in zip(told, expected, strict=True)):
            raise DamagedError(
                f"the code stream is {told[0]} x {told[1]} with {told[2]} components, but the"
                f" data set says {expected[0]} x {expected[1]} with {expected[2]}"
            )
    return stream
