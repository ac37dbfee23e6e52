"""Verifies native frames by reading them again."""

from dicomtx.codecs.checksum import crc32
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.pixel_data.frames import native_frames
from dicomtx.engine.decoding.decoder import in_working_colours
from dicomtx.engine.pixels import stored_values
from dicomtx.engine.pixels.stored_values import DIGEST
from dicomtx.engine.planning.plan import Code
from dicomtx.engine.transcoding.ordered_map import TOGETHER, ordered_map
from dicomtx.errors import DamagedError, VerificationError


def check_native(output: DataSet, plan: Code, digests: bytes, threads: int = 1) -> None:
    """Compares the written native frames with the expected ones.

    Args:
        output: the written data set.
        plan: the plan of the conversion.
        digests: the digests of the frames, concatenated.
        threads: how many frames to read in parallel.

    Raises:
        VerificationError: a frame differs.
    """
    count = len(digests) // DIGEST
    frames = native_frames(output, plan.after._replace(number_of_frames=count))

    def found(index: int) -> bytes:
        if not frames.image.subsampled:
            return frames.checksum(index, crc32).to_bytes(DIGEST)
        try:
            return stored_values.digest(in_working_colours(plan, frames.read(index)))
        except DamagedError as error:
            raise VerificationError(f"frame {index + 1} as written: {error}") from error

    together = max(TOGETHER // frames.image.frame_bytes, 1)
    for index, digest in enumerate(ordered_map(found, count, threads, together)):
        if digest != digests[index * DIGEST : (index + 1) * DIGEST]:
            raise VerificationError(f"frame {index + 1} has the wrong pixels in the written file")
