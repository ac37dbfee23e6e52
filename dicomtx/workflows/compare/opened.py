"""A file that is open for a comparison."""

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
    """One of the two files cannot be read or decoded. The message names it."""

    def __init__(self, path: str, cause: DicomtxError) -> None:
        """Prefixes the message with the path, and keeps the exit code of the cause."""
        super().__init__(f"{path}: {cause}")
        self.exit_code = cause.exit_code
        self.lines = cause.lines


@dataclass(eq=False, slots=True)
class Opened:
    """One of the two files.

    Attributes:
        path: the path as given.
        part10: the parsed file.
        header: its properties.
        codecs: the available codecs.
        role: A is treated as the source of a conversion, B as its result.
        warnings: irregularities found so far.
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
        """Whether the file has integer Pixel Data."""
        return tags.PIXEL_DATA in self.part10.data_set

    @property
    def count(self) -> int:
        """Number of frames."""
        return self.frames().count

    def frames(self) -> Frames:
        """Returns the frames. They are located once and cached."""
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
            from dicomtx.engine.pixels.overlays import taken_out  # noqa: PLC0415 - rarely needed

            return taken_out(frame, self.header.overlays)[0]

    def remarks(self) -> list[str]:
        """Returns warnings about the frames that were read."""
        frames = self._frames
        return frames.frames.remarks.texts() if isinstance(frames, AuditedFrames) else []

    def side(self) -> Side:
        """Returns the report on this file. Call it after the frames were read."""
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
    """Adds the path to errors of this file."""
    try:
        with boundary():
            yield
    except (ComparisonError, DisagreementError):
        raise
    except DicomtxError as error:
        raise ComparisonError(path, error) from error
