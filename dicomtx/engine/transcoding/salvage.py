"""Replaces frames that cannot be decoded with frames of zeros, if ``--salvage`` allows it."""

from dicomtx.dicom.pixel_data.frames import EncapsulatedFrames, NativeFrames
from dicomtx.engine.decoding.decoder import DecodedFrames, most_made_up
from dicomtx.engine.decoding.errors import CodecsFailedError
from dicomtx.engine.pixels.frames import Frames
from dicomtx.engine.transcoding.pipeline import Pipeline
from dicomtx.errors import DamagedError
from dicomtx.image_pixel import Frame, ImagePixel


class Salvage:
    """The last try of one data set, after every codec has failed on a frame."""

    def __init__(
        self, found: EncapsulatedFrames | NativeFrames, image: ImagePixel, *, allowed: bool
    ) -> None:
        """Stores what decides whether frames can be replaced.

        Args:
            found: the frames of the source.
            image: the frames that replace them.
            allowed: whether the user wants it. Frames of an implausible size are never replaced.
        """
        small = isinstance(found, EncapsulatedFrames) and image.frame_bytes <= most_made_up(found)
        self._possible = allowed and small
        self._error: DamagedError | CodecsFailedError | None = None

    def after(self, error: DamagedError | CodecsFailedError) -> None:
        """Stores the error, so that the next try replaces frames.

        Raises:
            DamagedError: frames cannot be replaced, or this was the try that replaces them.
            CodecsFailedError: the same, or the encoding failed.
        """
        if not self._possible or self._error or _encoding_failed(error):
            raise error
        self._error = error

    def applied(self, pipeline: Pipeline) -> Pipeline:
        """Returns the pipeline for the next try: without an error, it is the same one."""
        if self._error is None:
            return pipeline
        assert isinstance(pipeline.frames, DecodedFrames)
        streams = pipeline.frames.streams
        assert isinstance(streams, EncapsulatedFrames)
        image = pipeline.plan.working
        blank = Frame(bytes(image.frame_bytes), image._replace(number_of_frames=1))
        frames = DecodedFrames(streams, pipeline.frames.decoder, blank, most_made_up(streams))
        return pipeline._replace(frames=frames, second=None)

    def check(self, frames: Frames, count: int) -> None:
        """Raises the stored error if every one of the ``count`` frames was replaced."""
        if self._error and isinstance(frames, DecodedFrames) and len(frames.remarks.lost) == count:
            raise self._error


def _encoding_failed(error: DamagedError | CodecsFailedError) -> bool:
    return isinstance(error, CodecsFailedError) and error.attempts[-1].direction == "encode"
