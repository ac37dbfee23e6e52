"""Converts one file: the output is written completely or not at all."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Final

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom import tags
from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.deflate import write_deflated
from dicomtx.dicom.elements import EXPLICIT, Encoding
from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.part10 import Part10, file_meta, is_tiff, open_part10
from dicomtx.dicom.rewriter import Rewriter
from dicomtx.dicom.rope import PixelData
from dicomtx.engine.planning.apply_policy import ResolvedPlan
from dicomtx.engine.planning.plan import Changing, Copy, Keep, Passing, Refuse
from dicomtx.engine.transcoding.carry_out import Means, carry_out
from dicomtx.engine.transcoding.modified import with_modification
from dicomtx.engine.transcoding.place import Place
from dicomtx.engine.transcoding.transcoded import Transcoded
from dicomtx.engine.verification import elements
from dicomtx.errors import (
    DamagedError,
    DicomtxError,
    LeftOutError,
    NotDicomError,
    VerificationError,
)
from dicomtx.storage.file_position import empty, seek
from dicomtx.storage.source import Spool, Written, working_place
from dicomtx.workflows.convert.conversion_record import Allow, Progress, Run, outcome
from dicomtx.workflows.convert.destination import opened_destination
from dicomtx.workflows.convert.failures import (
    decided,
    error_of,
    keep_original,
    kept_instead,
)
from dicomtx.workflows.convert.file_rules import (
    check_kind,
    check_lossy_in_place,
    check_wanted,
    memory_of,
    too_large,
)
from dicomtx.workflows.convert.final_check import check_frames
from dicomtx.workflows.convert.request import Outcome, Request
from dicomtx.workflows.convert.source_stamp import stamp_of

ADDED_META: Final = "file meta information added: the source has none, or it is incomplete"


def convert(
    request: Request,
    progress: Progress | None = None,
    codecs: Codecs | None = None,
    allow: Allow | None = None,
) -> Outcome:
    """Converts one file and returns the outcome. Errors are outcomes; only bugs are raised.

    Args:
        request: the file, and how to convert it.
        progress: called after each frame with the number of finished frames and of all frames.
        codecs: open codecs to use; None opens codecs for this file only.
        allow: called with the bytes of memory needed; returns when the conversion can start.
    """
    started = time.perf_counter()
    try:
        kept_open = nullcontext(codecs) if codecs else None
        codecs = codecs or Codecs(request.settings)
    except DicomtxError as error:
        run = Run(request, Codecs(request.settings._replace(codecs=())))
        return outcome(run, started, error)
    with kept_open or codecs:
        run = Run(request, codecs, progress, allow)
        try:
            _convert(run)
        except DicomtxError as error:
            run.attempts = getattr(error, "attempts", run.attempts)
            return outcome(run, started, _by_rules(run, error))
        return outcome(run, started, None)


def _by_rules(run: Run, error: DicomtxError) -> DicomtxError | None:
    """Skips or copies a file that is not DICOM, as the rules say; returns the remaining error."""
    rules = run.request.rules
    if not isinstance(error, NotDicomError):
        return error
    if not rules.copy_others:
        return LeftOutError(str(error)) if rules.skip_others else error
    try:
        with run.request.source.open() as file, opened_destination(run.request, file) as fd:
            file.copy_to(fd, 0, file.size)
            run.bytes_out = file.size
    except DicomtxError as failure:
        return failure
    run.reason, run.verification = f"copied: {error}", "bytes-only"
    return None


def _convert(run: Run) -> None:
    request = run.request
    before = stamp_of(request)
    with request.source.open() as file:
        run.bytes_in = file.size
        with open_part10(file, salvage=request.settings.salvage) as part10:
            header = read_file_info(part10)
            run.source_syntax = header.syntax.uid
            run.sop_instance_uid, run.modality = header.sop_instance_uid, header.modality
            run.warnings += header.warnings
            check_kind(header.syntax, request)
            settled = decided(request, header, part10, run.codecs)
            made = _accepted(run, settled)
            check_wanted(made, request)
            check_lossy_in_place(made, request)
            if run.allow:
                run.allow(memory_of(made, run.codecs))
            run.told = len(run.warnings)
            with opened_destination(request, file, before) as fd:
                try:
                    _write(run, made, part10, fd)
                    why = _too_large(run, made, part10, fd)
                    instead = kept_instead(settled, header, why) if why else None
                except DicomtxError as error:
                    run.attempts = getattr(error, "attempts", run.attempts)
                    instead = keep_original(settled, header, error)
                if instead:
                    _keep(run, instead, part10, fd)
                run.bytes_out = Written(fd=fd).size
                if run.quality and run.bytes_out > run.bytes_in:
                    run.warnings.append(
                        f"lossy, but larger than the source: {run.bytes_in} bytes became"
                        f" {run.bytes_out}"
                    )


def _accepted(run: Run, settled: ResolvedPlan) -> Passing | Changing:
    """Returns the plan to carry out, and applies its settings to this run.

    Raises:
        DicomtxError: the file is refused.
    """
    run.plan, run.rule = settled.plan, settled.rule
    run.warnings += settled.plan.warnings
    run.request = run.request._replace(settings=settled.settings)
    if isinstance(settled.plan, Refuse):
        raise error_of(settled, settled.plan)
    return settled.plan


def _write(run: Run, made: Passing | Changing, part10: Part10, fd: int) -> None:
    if isinstance(made, Passing):
        _pass(run, made, part10, fd)
    else:
        _change(run, made, part10, fd)


def _change(run: Run, made: Changing, part10: Part10, fd: int) -> None:
    """Writes the converted data set and verifies it."""
    run.warnings += _cautions(part10)
    folder = os.path.dirname(working_place(run.request.destination))
    with Spool(folder, output=fd) as spool, Spool(folder) as icon_spool:
        place = _place(made, part10)
        means = Means(run.codecs, run.request.settings, spool, icon_spool, run.progress, place)
        done = carry_out(made, part10.data_set, means)
        if made.modified:
            done = with_modification(done, made.modified)
        run.decoder = done.decoder.name if done.decoder else ""
        run.encoder = done.encoder.name if done.encoder else ""
        run.attempts = done.attempts
        run.warnings += done.warnings
        run.frames, run.frames_verified = done.frames, done.frames_verified
        run.quality, run.new_uid = done.quality, done.new_uid
        _put(run, made, part10, done, fd)
        try:
            with open_part10(Written(fd=fd)) as output:
                elements.post_conditions(part10, output, made.target, done.edits)
                check_frames(run, made, part10, output, done)
        except DamagedError as error:  # not the source: that was read completely before
            raise VerificationError(f"the result is damaged: {error}") from error


def _too_large(run: Run, made: Passing | Changing, part10: Part10, fd: int) -> str:
    """Returns why a result is not as small as the settings ask; empty if it is."""
    if isinstance(made, Passing) or (made.modified and made.source == made.target):
        return ""
    size = Written(fd=fd).size
    told = too_large(size, part10.file.size, run.request.settings)
    return f"as {made.target.name} it would {told} ({size} bytes)" if told else ""


def _keep(run: Run, made: Keep | Changing, part10: Part10, fd: int) -> None:
    """Replaces the result with a copy of the source, which is modified if that is asked for."""
    run.plan, run.quality = made, None
    run.decoder = run.encoder = run.new_uid = ""
    run.frames = run.frames_verified = 0
    del run.warnings[run.told :]  # drops warnings about the discarded result
    empty(fd)
    run.warnings += made.warnings
    _write(run, made, part10, fd)


def _pass(run: Run, made: Passing, part10: Part10, fd: int) -> None:
    """Copies the source. Adds file meta information to a bare data set (PS3.10 7.1).

    A kept file is copied byte for byte, unless an export needs a Part 10 file.
    """
    start = 0
    if not part10.has_meta and (isinstance(made, Copy) or run.request.rules.part10):
        run.warnings.append(ADDED_META)
        file_meta(part10, made.target).write_to(fd)
        start = part10.start
    part10.file.copy_to(fd, start, part10.file.size - start)
    run.verification = "bytes-only"


def _cautions(part10: Part10) -> Iterator[str]:
    """Yields warnings about side effects of a new encoding."""
    if not part10.has_meta:
        yield ADDED_META
    if is_tiff(part10.preamble):
        yield "preamble cleared: it held TIFF offsets that no longer apply"
    if tags.DIGITAL_SIGNATURES_SEQUENCE in part10.data_set:
        yield "digital signatures are kept, but may no longer be valid"


def _rewriter(made: Changing, part10: Part10, edits: Sequence[Edit]) -> Rewriter:
    """Returns the rewriter of the data set."""
    target = made.target
    encoding = EXPLICIT if target.encapsulated else Encoding(target.implicit_vr, target.big_endian)
    encoding = encoding if target.known else part10.encoding
    return Rewriter(part10.data_set, encoding, edits)


def _place(made: Changing, part10: Part10) -> Place | None:
    """Returns what tells where frames begin in the output, if it keeps its SOP Instance UID.

    None: they are not written as they are, or a modification changes what precedes them.
    """
    if made.target.deflated or made.target.big_endian or made.modified:
        return None

    def place(edits: Sequence[Edit], pixel_data: PixelData) -> int:
        rewriter = _rewriter(made, part10, edits)
        rewriter.rope(pixel_data)
        return file_meta(part10, made.target, "").size + rewriter.pixels_at + pixel_data.lead

    return place


def _put(run: Run, made: Changing, part10: Part10, done: Transcoded, fd: int) -> None:
    """Writes the output: file meta information and data set."""
    target = made.target
    rewriter = _rewriter(made, part10, done.edits)
    rope = file_meta(part10, target, done.new_uid)
    data_set = rewriter.rope(done.pixel_data)
    run.warnings += rewriter.warnings
    seek(fd, 0)  # the frames can be there already
    if not target.deflated:
        rope.extend(data_set)
        rope.write_to(fd)
        return
    rope.write_to(fd)
    write_deflated(data_set, fd)
