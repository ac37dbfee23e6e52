"""A file opened for a comparison."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom import tags
from dicomtx.dicom.inspection import FileInfo
from dicomtx.dicom.part10 import Part10
from dicomtx.engine.decoding.audited_frames import AuditedFrames, DisagreementError, Role
from dicomtx.engine.decoding.fallback_frames import AnyFrames, fallback_frames
from dicomtx.engine.pixels.frames import Frames
from dicomtx.errors import DicomtxError
from dicomtx.image_pixel import Frame
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.compare.result import Side


class ComparisonError(DicomtxError):
    """One of the two cannot be read; the message names it."""

    def __init__(self, path: str, cause: DicomtxError) -> None:
        """Tells which file, and ends with the exit code of what was wrong with it."""
        super().__init__(f"{path}: {cause}")
        self.exit_code = cause.exit_code
        self.lines = cause.lines


@dataclass(eq=False, slots=True)
class Opened:
    """One of the two files, open.

    Attributes:
        path: as it was given.
        part10: the file taken apart.
        header: what it is.
        codecs: those in force.
        role: A is taken for the source of a conversion, B for its result.
        warnings: what is not as it should be.
    """

    path: str
    part10: Part10
    header: FileInfo
    codecs: Codecs
    role: Role
    warnings: list[str]
    _frames: Frames | None = None

    @property
    def has_pixels(self) -> bool:
        """Whether there is Pixel Data with integers."""
        return tags.PIXEL_DATA in self.part10.data_set

    @property
    def count(self) -> int:
        """Number of frames."""
        return self.frames().count

    def frames(self) -> Frames:
        """Returns the frames as they are; looked for once."""
        with _of(self.path):
            if self._frames is None:
                data_set = self.part10.data_set
                found = fallback_frames(data_set, self.header, self.codecs, self.warnings)
                self._frames = (
                    AuditedFrames(found, self.role) if isinstance(found, AnyFrames) else found
                )
            return self._frames

    def read(self, index: int) -> Frame:
        """Returns one native frame, without the overlay planes in its unused bits."""
        with _of(self.path):
            try:
                frame = self.frames().read(index)
            except DisagreementError as error:
                raise DisagreementError(f"{self.path}: {error}") from error
            if not self.header.overlays:
                return frame
            from dicomtx.engine.pixels.overlays import taken_out  # noqa: PLC0415 - seldom needed

            return taken_out(frame, self.header.overlays)[0]

    def remarks(self) -> list[str]:
        """Returns warnings about the frames that were read."""
        frames = self._frames
        return frames.frames.remarks.texts() if isinstance(frames, AuditedFrames) else []

    def side(self) -> Side:
        """Returns what is told of it, once its frames were read."""
        frames = self._frames
        audited = frames if isinstance(frames, AuditedFrames) else None
        return Side(
            path=self.path,
            bytes=self.part10.file.size,
            transfer_syntax=self.header.syntax,
            frames=frames.count if frames else 0,
            decoders=tuple(spec.name for spec in audited.frames.used) if audited else (),
            code_bases=audited.code_bases if audited else (),
            unconfirmed=audited.base if audited and audited.unconfirmed else "",
        )


@contextmanager
def _of(path: str) -> Iterator[None]:
    """Names the file in what goes wrong with it."""
    try:
        with boundary():
            yield
    except (ComparisonError, DisagreementError):
        raise
    except DicomtxError as error:
        raise ComparisonError(path, error) from error
