"""Native frames as they were written, read again."""

from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.pixel_data import native_frames
from dicomtx.engine import stored
from dicomtx.engine.decoding import in_working_colours, written_image
from dicomtx.engine.plan import Plan
from dicomtx.errors import DamagedError, VerificationError


def check_native(output: DataSet, plan: Plan, digests: tuple[bytes, ...]) -> None:
    """Compares the native frames that were written with what they should be.

    Raises:
        VerificationError: one differs.
    """
    frames = native_frames(output, written_image(plan, len(digests)))
    for index, digest in enumerate(digests):
        try:
            frame = in_working_colours(plan, frames.read(index))
        except DamagedError as error:
            raise VerificationError(f"frame {index + 1} as written: {error}") from error
        if stored.digest(frame) != digest:
            raise VerificationError(f"frame {index + 1} was written with other pixels")
