"""The guard before native code: a stream's own header must agree with the data set.

Codec libraries believe the header: one that lies makes them read out of bounds, allocate
gigabytes or hang. What passes here asks for no more than the frame that the data set describes.
"""

from typing import Final

from dicomtx import code_stream
from dicomtx.code_stream import CodeStream, jpeg, rle
from dicomtx.code_stream.unmarked import Unmarked, unmarked
from dicomtx.codecs import stream_repair
from dicomtx.errors import CodecError, DamagedError, UnsupportedError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

# A plain JPEG 2000 stream under an HTJ2K syntax, and the reverse: the same decoders read both.
COUSINS: Final = {"HTJ2K": "JPEG 2000"}
WORDS: Final = (1, 8, 16, 32, 64)
MARKED: Final = ("JPEG", "JPEG-LS", "JPEG 2000", "HTJ2K")
END: Final = b"\xff\xd9"  # EOI and EOC
PADDING: Final = b"\0\xff"


class WrongFrameError(CodecError):
    """A codec returned another frame than it was asked for: the codec is wrong, not the stream."""


def check(stream: bytes, syntax: TransferSyntax, image: ImagePixel, most_missing: int = 1) -> bytes:
    """Returns the stream that may go to native code, without JP2 boxes and what follows its end.

    Padding of 00 and FF stays.

    Args:
        stream: one frame, whole.
        syntax: what the stream shall be; one whose family it is not refuses it.
        image: what the data set says.
        most_missing: the stream may have this many times fewer bytes than its image takes.

    Raises:
        DamagedError: the stream is empty, of another family, damaged, of another image, cut off or
            too short (libraries make up the rest and say nothing), or another one follows it.
            Behind a deflate stream nothing but padding is allowed: libraries ignore it.
        UnsupportedError: no codec has samples of this width.
    """
    if not stream:
        raise DamagedError("the frame is empty")
    if image.bits_allocated not in WORDS:
        raise UnsupportedError(f"no codec decodes samples of {image.bits_allocated} bits allocated")
    if syntax.family in ("native", "deflate"):
        frames = unmarked(syntax, image)
        return _alone(stream, frames) if frames else stream
    said = code_stream.read(stream)
    _check_header(stream, said, syntax, image)
    bare, end = _bare(stream)
    if not said or said.family not in MARKED:
        return bare
    if not end:
        raise DamagedError("the code stream is cut off: it has no end marker")
    if 8 * len(bare) * most_missing < said.least_bits:
        raise DamagedError(
            f"the {said.family} stream has {len(bare)} bytes, too few for"
            f" {said.rows} x {said.columns} pixels"
        )
    return bare[:end] if bare[end:].strip(PADDING) else bare


def without_padding(stream: bytes, syntax: TransferSyntax, image: ImagePixel | None) -> bytes:
    """Returns the code stream alone, as far as it tells where it ends (PS3.5 A.4).

    Raises:
        DamagedError: another code stream follows it.
    """
    if frames := unmarked(syntax, image):
        return _alone(stream, frames)
    if syntax.family not in (*MARKED, "JPEG XL", "RLE"):
        return stream
    bare, end = _bare(stream)
    return bare[:end] if end and bare[end:].strip(PADDING) else _without_zeros(bare)


def _alone(stream: bytes, frames: Unmarked) -> bytes:
    """Returns the stream of a frame without markers as it is.

    Raises:
        DamagedError: something other than padding follows it.
    """
    end = frames.end(stream)
    if end and stream[end:].strip(PADDING):
        _check_single(len(frames.starts(stream)))
        if frames.deflated:
            raise DamagedError(
                f"{len(stream) - end} bytes that are no frame follow its deflate stream."
                " Try --salvage to leave them out."
            )
    return stream


def _without_zeros(stream: bytes) -> bytes:
    """Returns a stream that ends with its end marker, if zeros alone are behind that."""
    bare = stream.rstrip(b"\0")
    return bare if bare.endswith(END) else stream


def _bare(stream: bytes) -> tuple[bytes, int]:
    """Returns the code stream without boxes, and where it ends; 0 if it does not tell."""
    _check_single(len(code_stream.starts(stream)))
    bare = code_stream.unboxed(stream)
    return bare, code_stream.end(bare)


def _check_single(found: int) -> None:
    if found > 1:
        raise DamagedError(f"holds {found} code streams: Number of Frames is wrong")


def bytes_behind_end(stream: bytes, syntax: TransferSyntax) -> int:
    """Returns how many bytes follow the end marker, 0 if they are padding of 00 and FF."""
    if syntax.family not in MARKED:
        return 0
    stream = code_stream.unboxed(stream)
    end = code_stream.end(stream)
    behind = stream[end:] if end else b""
    return len(behind) if behind.strip(PADDING) else 0


def completed(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> bytes:
    """Returns a stream that codecs decode what there is of: with an end, nothing behind it."""
    if syntax.family in MARKED:
        return stream + END
    if syntax.family == "RLE" and rle.offsets(stream):
        return stream_repair.with_whole_segments(stream, image.rows * image.columns)
    frames = unmarked(syntax, image)
    end = frames.end(stream) if frames and frames.deflated else 0
    return stream[:end] if end else stream


def check_length(frame: Frame) -> Frame:
    """Returns the frame if it has as many bytes as its image takes.

    Raises:
        WrongFrameError: it is shorter or longer.
    """
    found, expected = memoryview(frame.data).nbytes, frame.image.frame_bytes
    if found != expected:
        raise WrongFrameError(f"the codec returned {found} bytes for a frame of {expected}")
    return frame


def _check_header(
    stream: bytes, said: CodeStream | None, syntax: TransferSyntax, image: ImagePixel
) -> None:
    _check_family(said, syntax.family)
    if syntax.family == "RLE":
        _check_segments(stream, image)
    elif said:
        _check_image(said, image)
    if said and said.family == "JPEG-LS" and jpeg.is_mapped(stream):
        raise UnsupportedError("the JPEG-LS stream has a mapping table, which no codec applies")


def _check_family(said: CodeStream | None, family: str) -> None:
    if said is None and family != "RLE":  # what RLE lacks is told with its segments
        raise DamagedError(f"not a {family} stream, or its header is damaged")
    if said and COUSINS.get(said.family, said.family) != COUSINS.get(family, family):
        article = "an" if said.family == "RLE" else "a"
        raise DamagedError(f"{article} {said.family} stream, but the transfer syntax says {family}")


def _check_segments(stream: bytes, image: ImagePixel) -> None:
    """Checks the header of an RLE frame (PS3.5 G.5); older writers left gaps in it."""
    found = rle.offsets(stream)
    expected = image.samples_per_pixel * ((image.bits_allocated + 7) // 8)
    if not found:
        raise DamagedError("not an RLE stream, or its header is damaged")
    if len(found) != expected:
        raise DamagedError(f"the RLE header has {len(found)} segments, the data set {expected}")
    if found[-1] >= len(stream):
        raise DamagedError(
            f"an RLE segment begins at byte {found[-1]} of a frame of {len(stream)} bytes"
        )


def _check_image(said: CodeStream, image: ImagePixel) -> None:
    name = f"the {said.family} stream"
    if (said.rows, said.columns) != (image.rows, image.columns):
        raise DamagedError(
            f"{name} says {said.rows} x {said.columns}, the data set {image.rows} x {image.columns}"
        )
    if said.components != image.samples_per_pixel:
        raise DamagedError(
            f"{name} says {said.components or 'an unknown number of'} components, "
            f"the data set {image.samples_per_pixel} samples per pixel"
        )
    if said.subsampled and said.transform in ("RCT", "ICT"):
        raise DamagedError(f"{name} transforms components of different sizes (ISO/IEC 15444-1 G.1)")
    if not 1 <= said.precision <= max(8, image.bits_allocated):
        raise DamagedError(
            f"{name} says {said.precision or 'an unknown number of'} bits a sample, "
            f"the data set allocates {image.bits_allocated}"
        )
