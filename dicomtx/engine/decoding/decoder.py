"""Decodes the frames of a source with one codec."""

from typing import Final, NamedTuple

from dicomtx import code_stream
from dicomtx.codecs import guard
from dicomtx.codecs.codec import Codec, CodecSpec, Direction
from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.attributes import MOST_MISSING
from dicomtx.dicom.pixel_data.frames import EncapsulatedFrames
from dicomtx.engine.decoding.errors import FailedError
from dicomtx.engine.decoding.remarks import Remarks
from dicomtx.engine.pixels import colour
from dicomtx.engine.pixels.frames import Streams
from dicomtx.engine.planning.plan import Code
from dicomtx.errors import CodecError, DamagedError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax, by_uid

MADE_UP_FREELY: Final = 64 << 20  # bytes of damaged frames that are always allowed


def opened(
    codecs: Codecs, spec: CodecSpec, direction: Direction, frames: int, *, apart: bool = False
) -> Codec:
    """Returns the opened codec; see ``Codecs.open``.

    Raises:
        FailedError: it cannot be imported.
    """
    try:
        return codecs.open(spec, frames, apart=apart)
    except CodecError as error:
        raise FailedError(spec, direction, 0, error) from error


class Decoder(NamedTuple):
    """An opened codec for the streams of one image."""

    spec: CodecSpec
    codec: Codec
    syntax: TransferSyntax
    image: ImagePixel

    def decode(self, stream: bytes, most_missing: int = 1) -> Frame:
        """Returns the native frame with the stream's samples; ``most_missing`` as in ``guard``.

        It is ``exact`` if nothing but the frame is in the stream, as far as codec or guard know.

        Raises:
            DamagedError: the stream is damaged, or does not match the image.
            CodecError: the codec cannot decode it, or returned a frame that does not match.
        """
        checked = guard.check(stream, self.syntax, self.image, most_missing)
        frame = guard.check_length(self.codec.decode(checked, self.syntax, self.image))
        found, asked = (_without_colours(image) for image in (frame.image, self.image))
        if found != asked:
            raise guard.WrongFrameError("the codec returned a frame that does not match the image")
        ends = checked is stream and self.syntax.family in guard.MARKED  # guard found the end
        return frame._replace(exact=True) if ends else frame

    def decode_clipped(self, stream: bytes, most_missing: int = 1) -> tuple[Frame, int]:
        """Returns the native frame, and how many values were clipped to Bits Stored.

        Only lossy streams can decode to values beyond Bits Stored. If an unsigned stream holds
        signed values, the negative ones are at its upper end, and nothing is clipped.

        Raises:
            CodecError: as for ``decode``.
        """
        frame, image = self.decode(stream, most_missing), self.image
        if not self.syntax.lossy or image.bits_stored == image.bits_allocated:
            return frame, 0
        said = code_stream.read(stream)
        if said is None or (said.syntax and not by_uid(said.syntax).lossy):
            return frame, 0
        if image.signed and not said.signed:
            return frame, 0
        from dicomtx.engine.pixels import words  # noqa: PLC0415 - brings numpy

        return words.clipped(frame)


def _without_colours(image: ImagePixel) -> ImagePixel:
    """Returns the attributes that a codec must keep: all except the colour space."""
    return image._replace(photometric_interpretation="", planar_configuration=0, number_of_frames=1)


def most_made_up(streams: EncapsulatedFrames) -> int:
    """Returns how many bytes of damaged frames may be filled in, as the sizes can be forged."""
    return max(MADE_UP_FREELY, streams.size * MOST_MISSING)


class DecodedFrames:
    """Encapsulated frames, decoded by one codec.

    Attributes:
        streams: the code streams.
        decoder: the decoder.
        blank: a frame that replaces those that cannot be salvaged; None to salvage nothing.
        most_made_up: the most bytes that damaged frames may have in total.
        remarks: warnings about the frames read so far.
    """

    def __init__(
        self,
        streams: Streams,
        decoder: Decoder,
        blank: Frame | None = None,
        most_made_up: int = 0,
    ) -> None:
        """Sets up the frames; ``read`` decodes them."""
        self.streams = streams
        self.decoder = decoder
        self.blank = blank
        self.most_made_up = most_made_up
        self.remarks = Remarks(decoder.syntax)

    @property
    def count(self) -> int:
        """Number of frames."""
        return self.streams.count

    def read(self, index: int) -> Frame:
        """Returns one native frame.

        Raises:
            DamagedError: the stream is damaged; no codec can decode it.
            FailedError: this codec cannot decode it.
        """
        stream = self.streams.read(index)
        try:
            frame = self._decoded(index, stream)
        except (CodecError, DamagedError) as error:
            if self.blank:
                return self._salvaged(index, stream, self.blank)
            if isinstance(error, DamagedError):
                raise DamagedError(f"frame {index + 1}: {error}") from error
            raise FailedError(
                self.decoder.spec,
                "decode",
                index,
                error,
                damaged=self.decoder.spec.builtin and not isinstance(error, guard.WrongFrameError),
            ) from error
        if not frame.exact:
            self.remarks.look_behind(index, stream, self.decoder.image)
        return frame

    def _decoded(self, index: int, stream: bytes, most_missing: int = 1) -> Frame:
        frame, clipped = self.decoder.decode_clipped(stream, most_missing)
        if clipped:
            self.remarks.clipped[index] = clipped
        return frame

    def _salvaged(self, index: int, stream: bytes, blank: Frame) -> Frame:
        """Returns the part of a truncated frame that can be decoded, or the blank frame.

        Raises:
            DamagedError: so many frames are damaged that their size may be forged.
        """
        decoder, remarks = self.decoder, self.remarks
        made_up = len(remarks.lost) + len(remarks.cut) + 1
        if made_up * len(blank.data) > self.most_made_up:
            raise DamagedError(
                f"{made_up} damaged frames of {len(blank.data)} bytes are too many to fill in"
                " for a file of this size"
            )
        try:
            completed = guard.completed(stream, decoder.syntax, decoder.image)
            frame = self._decoded(index, completed, MOST_MISSING)
        except (CodecError, DamagedError):
            remarks.lost.append(index)
            return blank
        (remarks.padded if stream.startswith(completed) else remarks.cut).append(index)
        return frame


def in_working_colours(plan: Code, frame: Frame, *, decoded_again: bool = False) -> Frame:
    """Returns the frame in the colour space that the plan works in.

    Args:
        plan: the plan of the conversion.
        frame: a frame of the source, before any palette is expanded.
        decoded_again: the frame is a result, whose encoder may have converted RGB to YBR_FULL.

    Raises:
        DamagedError: its colour space differs from that of the first frame.
    """
    if frame.image.subsampled:
        frame = colour.to_full(frame)
    wanted = plan.working
    back = decoded_again and wanted.photometric_interpretation == "RGB"
    if (plan.to_rgb or back) and colour.becomes_rgb(frame.image):
        frame = colour.to_rgb(frame)
    if frame.image.photometric_interpretation != wanted.photometric_interpretation:
        raise DamagedError(
            f"a frame is {frame.image.photometric_interpretation}, but the first frame is"
            f" {wanted.photometric_interpretation}"
        )
    return frame
