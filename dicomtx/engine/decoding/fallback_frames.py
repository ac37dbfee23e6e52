"""Decodes the frames of a file of any transfer syntax, trying one codec after another."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from dicomtx.code_stream.unmarked import unmarked
from dicomtx.codecs.codec import Attempt, CodecSpec
from dicomtx.codecs.registry import AUDITORS, Codecs
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.inspection import FileInfo
from dicomtx.dicom.pixel_data.frames import EncapsulatedFrames, encapsulated_frames, native_frames
from dicomtx.engine.decoding.decoder import DecodedFrames, Decoder
from dicomtx.engine.decoding.errors import CodecsFailedError, FailedError
from dicomtx.engine.decoding.remarks import Remarks
from dicomtx.engine.pixels.frames import Frames
from dicomtx.errors import CodecError, UnsupportedError
from dicomtx.image_pixel import Frame, ImagePixel
from dicomtx.transfer_syntaxes import TransferSyntax


@dataclass(eq=False, slots=True)
class AnyFrames:
    """Encapsulated frames; when a codec fails, the next one takes over from that frame on.

    Attributes:
        streams: the code streams.
        image: the Image Pixel attributes of the data set.
        syntax: the transfer syntax of the streams.
        codecs: the allowed codecs.
        remarks: warnings about the frames read so far.
        able: the codecs to try, in order; by default all allowed ones.
        used: the codecs that have decoded frames, in order of first use.
        decoded: the frames with the current codec.
    """

    streams: EncapsulatedFrames
    image: ImagePixel
    syntax: TransferSyntax
    codecs: Codecs
    remarks: Remarks = field(init=False)
    able: Iterator[CodecSpec] = field(init=False)
    used: list[CodecSpec] = field(default_factory=list)
    _attempts: list[Attempt] = field(default_factory=list)
    _damaged: bool = False
    decoded: DecodedFrames | None = None

    def __post_init__(self) -> None:
        """Starts with the allowed codecs for the syntax."""
        self.remarks = Remarks(self.syntax)
        self.able = self.codecs.able(self.syntax, "decode")

    @property
    def count(self) -> int:
        """Number of frames."""
        return self.streams.count

    def read(self, index: int) -> Frame:
        """Returns one native frame.

        Raises:
            UnsupportedError: there is no codec for the syntax.
            CodecsFailedError: all codecs for the syntax failed.
        """
        while True:
            decoded = self.decoded or self._next()
            try:
                frame = decoded.read(index)
            except FailedError as failed:
                self._attempts.append(failed.attempt)
                self._damaged |= failed.damaged
                self.decoded = None
            else:
                if decoded.decoder.spec not in self.used:
                    self.used.append(decoded.decoder.spec)
                return frame

    def _next(self) -> DecodedFrames:
        """Returns the frames with the next codec."""
        for spec in self.able:
            try:
                codec = self.codecs.open(spec, apart=spec in AUDITORS)
            except CodecError as error:
                self._attempts.append(Attempt(spec.name, "decode", str(error)))
                continue
            decoder = Decoder(spec, codec, self.syntax, self.image)
            self.decoded = DecodedFrames(self.streams, decoder)
            self.decoded.remarks = self.remarks
            return self.decoded
        if self._attempts:
            raise CodecsFailedError(tuple(self._attempts), damaged=self._damaged)
        raise UnsupportedError(
            f"no enabled codec can decode {self.syntax.name}; see 'dicomtx codecs'"
        )


def fallback_frames(
    data_set: DataSet, header: FileInfo, codecs: Codecs, warnings: list[str]
) -> Frames:
    """Returns the native frames of a data set.

    Args:
        data_set: a data set with Pixel Data.
        header: its attributes.
        codecs: the allowed codecs.
        warnings: warnings about the encapsulation are added here.

    Raises:
        UnsupportedError: the image attributes are missing, or no codec decodes the syntax.
        DamagedError: Pixel Data is damaged.
    """
    if header.missing:
        raise UnsupportedError(f"cannot decode Pixel Data: missing {' and '.join(header.missing)}")
    if header.image is None:
        raise UnsupportedError(f"no codec decodes frames of {header.syntax.name}")
    if header.pixel_data == "native":
        return native_frames(data_set, header.image)
    sizes = unmarked(header.syntax, header.image)
    streams = encapsulated_frames(data_set, warnings, unmarked=sizes)
    return AnyFrames(streams, header.image, header.syntax, codecs)
