"""The final check of a result before it is published: its Pixel Data, and how it was verified."""

from dicomtx.dicom.part10 import Part10
from dicomtx.engine.planning.plan import Changing, Code
from dicomtx.engine.transcoding.transcoded import Transcoded
from dicomtx.engine.verification import elements
from dicomtx.errors import VerificationError
from dicomtx.verification import WORDS
from dicomtx.workflows.convert.conversion_record import Run


def check_frames(
    run: Run, made: Changing, part10: Part10, output: Part10, done: Transcoded
) -> None:
    """Compares the Pixel Data that was written, and records how it was verified.

    Raises:
        VerificationError: its bytes differ, or ``--verify independent`` is not met.
    """
    asked = run.request.settings.verifies
    run.verification = done.verification
    if asked.share:
        run.verification = _compared(made, part10, output, done, run.codecs.budget.cpus)
        if not made.target.encapsulated:
            run.frames_verified = done.frames
    if asked.independent and run.verification not in ("independent", "bytes-only"):
        meaning = WORDS[run.verification]
        raise VerificationError(
            f"--verify independent: the result is {run.verification} ({meaning}). Try --verify all."
        )


def _compared(
    made: Changing, part10: Part10, output: Part10, done: Transcoded, threads: int
) -> str:
    """Compares the Pixel Data, and returns how it was verified."""
    if isinstance(made, Code) and done.digests and not made.target.encapsulated:
        from dicomtx.engine.verification.native_frames import check_native  # noqa: PLC0415 - brings numpy

        check_native(output.data_set, made, done.digests, threads)
        return "independent" if done.verification == "independent" else "bytes-only"
    elements.pixel_data(part10.data_set, output.data_set, done.pixel_data)
    return done.verification
