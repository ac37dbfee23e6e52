"""The guard before native code: the header of a stream must agree with the data set.

Codec libraries trust the header. A forged one makes them read out of bounds, allocate gigabytes
or hang. A stream that passes here declares the same frame size as the data set.
"""

from typing import Final

from dicomtx import code_stream
from dicomtx.code_stream import CodeStream, jpeg, rle
from dicomtx.code_stream.unmarked import Unmarked, unmarked
from dicomtx.codecs import stream_repair
from dicomtx.errors import CodecError, DamagedError, UnsupportedError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax

# The same decoders read JPEG 2000 and HTJ2K, so either stream is accepted under either syntax.
COUSINS: Final = {"HTJ2K": "JPEG 2000"}
WORDS: Final = (1, 8, 16, 32, 64)
MARKED: Final = ("JPEG", "JPEG-LS", "JPEG 2000", "HTJ2K")
END: Final = b"\xff\xd9"  # EOI and EOC
PADDING: Final = b"\0\xff"
NO_RUN: Final = b"\x80"  # RLE codes nothing with it (PS3.5 G.3.2)


class WrongFrameError(CodecError):
    """A codec returned a frame of the wrong size; the fault is in the codec, not in the stream."""


def check(stream: bytes, syntax: TransferSyntax, image: ImagePixel, most_missing: int = 1) -> bytes:
    """Returns the stream for native code, without JP2 boxes and trailing data.

    Padding of 00 and FF is kept. A JPEG 2000 stream that lacks only the end marker gets one.

    Args:
        stream: one complete frame.
        syntax: the expected transfer syntax; a stream of another family is refused.
        image: the Image Pixel attributes of the data set.
        most_missing: how many times shorter than required the stream may be.

    Raises:
        DamagedError: the stream is empty, damaged, truncated, of another family, or does not match
            the image. Or another code stream follows it. Libraries fill in missing data without
            an error. After a deflate stream, only padding is allowed, as libraries ignore the rest.
        UnsupportedError: no codec supports samples of this width.
    """
    if not stream:
        raise DamagedError("the frame is empty")
    if image.bits_allocated not in WORDS:
        raise UnsupportedError(f"no codec supports {image.bits_allocated} bits allocated")
    if syntax.family in ("native", "deflate"):
        frames = unmarked(syntax, image)
        return _alone(stream, frames) if frames else stream
    said = code_stream.read(stream)
    _check_header(stream, said, syntax, image)
    bare, end = _bare(stream)
    if not said or said.family not in MARKED:
        return bare
    if not end:
        bare = _ended(bare)
        end = len(bare)
    if 8 * len(bare) * most_missing < said.least_bits:
        raise DamagedError(
            f"the {said.family} stream has {len(bare)} bytes, too few for"
            f" {said.rows} x {said.columns} pixels"
        )
    return bare[:end] if bare[end:].strip(PADDING) else bare


def without_padding(stream: bytes, syntax: TransferSyntax, image: ImagePixel | None) -> bytes:
    """Returns the code stream without trailing padding, if its end is known (PS3.5 A.4).

    Raises:
        DamagedError: another code stream follows it.
    """
    if frames := unmarked(syntax, image):
        return _alone(stream, frames)
    if syntax.family not in (*MARKED, "JPEG XL", "RLE"):
        return stream
    bare, end = _bare(stream)
    if syntax.family == "RLE" and image and bytes_behind_end(stream, syntax, image):
        return stream_repair.rle(stream_repair.without_padding(stream, _plane(image)))
    return bare[:end] if end and bare[end:].strip(PADDING) else _without_zeros(bare)


def _alone(stream: bytes, frames: Unmarked) -> bytes:
    """Returns the unchanged stream of a frame that has no end marker.

    Raises:
        DamagedError: something other than padding follows it.
    """
    end = frames.end(stream)
    if end and stream[end:].strip(PADDING):
        _check_single(len(frames.starts(stream)))
        if frames.deflated:
            raise DamagedError(
                f"{len(stream) - end} unexpected bytes follow the deflate stream of a frame."
                " Try --salvage to leave them out."
            )
    return stream


def _without_zeros(stream: bytes) -> bytes:
    """Returns the stream without trailing zeros, if its end marker comes right before them."""
    bare = stream.rstrip(b"\0")
    return bare if bare.endswith(END) else stream


def _bare(stream: bytes) -> tuple[bytes, int]:
    """Returns the code stream without JP2 boxes, and where it ends; 0 if unknown."""
    found, end = code_stream.starts_and_end(stream)
    _check_single(len(found))
    bare = code_stream.unboxed(stream)
    return bare, end if bare is stream else code_stream.end(bare)


def _check_single(found: int) -> None:
    if found > 1:
        raise DamagedError(f"holds {found} code streams: Number of Frames is wrong")


def bytes_behind_end(stream: bytes, syntax: TransferSyntax, image: ImagePixel | None) -> int:
    """Returns how many bytes follow the end marker; 0 if they are padding of 00 and FF.

    RLE has no end marker: each of its segments ends with the run that completes its plane.
    """
    if syntax.family == "RLE" and image and rle.offsets(stream):
        from dicomtx.codecs.imagecodecs import packbits  # noqa: PLC0415 - brings numpy

        tails = packbits.tails(stream, _plane(image))
        return sum(len(tail) for tail in tails if tail.strip(PADDING + NO_RUN))
    if syntax.family not in MARKED:
        return 0
    stream = code_stream.unboxed(stream)
    end = code_stream.end(stream)
    behind = stream[end:] if end else b""
    return len(behind) if behind.strip(PADDING) else 0


def lacks_end_marker(stream: bytes, syntax: TransferSyntax) -> bool:
    """Returns whether a JPEG 2000 stream has all its tile-parts, but no end marker."""
    if syntax.family not in ("JPEG 2000", "HTJ2K"):
        return False
    bare = code_stream.unboxed(stream)
    return not code_stream.end(bare) and bool(code_stream.end_of_tile_parts(bare))


def _ended(stream: bytes) -> bytes:
    """Returns the stream with the end marker that it lacks.

    Raises:
        DamagedError: more than the end marker is missing, or may be.
    """
    end = code_stream.end_of_tile_parts(stream)
    if not end or stream[end:].strip(PADDING):
        raise DamagedError("the code stream is truncated: its end marker is missing")
    return stream[:end] + END


def completed(stream: bytes, syntax: TransferSyntax, image: ImagePixel) -> bytes:
    """Returns a truncated stream in a form that codecs decode: ended, without trailing data."""
    if syntax.family in MARKED:
        return stream + END
    if syntax.family == "RLE" and rle.offsets(stream):
        return stream_repair.with_whole_segments(stream, _plane(image))
    frames = unmarked(syntax, image)
    end = frames.end(stream) if frames and frames.deflated else 0
    return stream[:end] if end else stream


def _plane(image: ImagePixel) -> int:
    """Returns how many bytes an RLE segment holds (PS3.5 G.2)."""
    return image.rows * image.columns


def check_length(frame: Frame) -> Frame:
    """Returns the frame after checking that its length matches its image.

    Raises:
        WrongFrameError: it is shorter or longer.
    """
    found, expected = memoryview(frame.data).nbytes, frame.image.frame_bytes
    if found != expected:
        raise WrongFrameError(f"the codec returned {found} bytes for a frame of {expected} bytes")
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
        raise UnsupportedError("the JPEG-LS stream has a mapping table, which no codec supports")


def _check_family(said: CodeStream | None, family: str) -> None:
    if said is None and family != "RLE":  # _check_segments reports errors in an RLE header
        raise DamagedError(f"not a {family} stream, or its header is damaged")
    if said and COUSINS.get(said.family, said.family) != COUSINS.get(family, family):
        article = "an" if said.family == "RLE" else "a"
        raise DamagedError(f"{article} {said.family} stream, but the transfer syntax says {family}")


def _check_segments(stream: bytes, image: ImagePixel) -> None:
    """Checks the header of an RLE frame (PS3.5 G.5); it allows the gaps that old writers left."""
    found = rle.offsets(stream)
    expected = image.samples_per_pixel * ((image.bits_allocated + 7) // 8)
    if not found:
        raise DamagedError("not an RLE stream, or its header is damaged")
    if len(found) != expected:
        raise DamagedError(
            f"the RLE header has {len(found)} segments, but the data set requires {expected}"
        )
    if found[-1] >= len(stream):
        raise DamagedError(
            f"an RLE segment starts at byte {found[-1]}, but the frame has {len(stream)} bytes"
        )


def _check_image(said: CodeStream, image: ImagePixel) -> None:
    name = f"the {said.family} stream"
    if (said.rows, said.columns) != (image.rows, image.columns):
        raise DamagedError(
            f"{name} has {said.rows} x {said.columns} pixels,"
            f" but the data set says {image.rows} x {image.columns}"
        )
    if said.components != image.samples_per_pixel:
        raise DamagedError(
            f"{name} has {said.components or 'an unknown number of'} components, "
            f"but the data set says {image.samples_per_pixel} samples per pixel"
        )
    if said.subsampled and said.transform in ("RCT", "ICT"):
        raise DamagedError(f"{name} transforms components of different sizes (ISO/IEC 15444-1 G.1)")
    if not 1 <= said.precision <= max(8, image.bits_allocated):
        raise DamagedError(
            f"{name} has {said.precision or 'an unknown number of'} bits per sample, "
            f"but the data set allocates {image.bits_allocated}"
        )
