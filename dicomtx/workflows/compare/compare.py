"""Compares the pixels and elements of two files in any transfer syntaxes."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom import tags
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.differences import Difference, differences
from dicomtx.dicom.elements import Element
from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.dicom.rope import swapped
from dicomtx.engine.decoding.audited_frames import Role
from dicomtx.engine.pixels.frame_differences import compared
from dicomtx.engine.pixels.values import IncomparableError
from dicomtx.engine.planning.planner import hidden_streams
from dicomtx.errors import DicomtxError, UnsupportedError, UsageError
from dicomtx.settings import Settings
from dicomtx.storage.atomic_write import PRIVATE, atomic_write
from dicomtx.storage.location import locate
from dicomtx.storage.source import STANDARD_STREAM, write_all
from dicomtx.workflows.compare.opened import Opened, _of
from dicomtx.workflows.compare.result import Comparing, Comparison, Pixels

FLOATS: Final = {tags.FLOAT_PIXEL_DATA: 4, tags.DOUBLE_FLOAT_PIXEL_DATA: 8}
"""Word size of each element, in bytes."""


def compare(request: Comparing) -> Comparison:
    """Compares two files. Writes an HTML page if requested.

    Raises:
        ComparisonError: a file cannot be read or decoded.
        DestinationError: the page cannot be written.
        UsageError: both files are standard input, or the page would overwrite one of them.
    """
    if request.a == request.b == STANDARD_STREAM:
        raise UsageError("A and B cannot both be standard input")
    with (
        _page(request) as fd,
        Codecs(request.settings) as codecs,
        _opened(request.a, codecs, "source", request.settings) as a,
        _opened(request.b, codecs, "result", request.settings) as b,
    ):
        comparison = _compared(request, a, b)
        if fd is not None:
            from dicomtx.workflows.compare.html import page_of  # noqa: PLC0415 - only pages need it

            write_all(fd, page_of(comparison, a, b, request.run))
    return comparison


def _page(request: Comparing) -> AbstractContextManager[int | None]:
    """Opens the page for writing, before any work; None if no page is requested."""
    if not request.report:
        return nullcontext()
    if request.report == STANDARD_STREAM:
        raise UsageError("the page needs a file name; standard output is used for the result")
    if os.path.realpath(request.report) in map(os.path.realpath, (request.a, request.b)):
        raise UsageError(f"the page would overwrite {request.report}, one of the files to compare")
    below = os.path.dirname(request.report) or os.curdir
    return atomic_write(request.report, overwrite=request.overwrite, mode=PRIVATE, below=below)


@contextmanager
def _opened(path: str, codecs: Codecs, role: Role, settings: Settings) -> Iterator[Opened]:
    with _of(path), locate(path).open() as file, open_part10(file) as part10:
        header = read_file_info(part10)
        if header.hidden and not settings.force_native:
            raise UnsupportedError(hidden_streams(header))
        warnings = [*header.warnings]
        if header.overlays:
            warnings.append("overlay planes in unused bits of Pixel Data are not compared")
        yield Opened(path, part10, header, codecs, role, warnings)


def _compared(request: Comparing, a: Opened, b: Opened) -> Comparison:
    pixels = _pixels(request.tolerance, a, b)
    for opened in (a, b):
        opened.warnings += opened.remarks()
    found = [] if request.pixels_only else _elements(request, a, b)
    counting = [d for d in found if request.every_element or not d.of_encoding]
    warnings = [f"{opened.path}: {text}" for opened in (a, b) for text in opened.warnings]
    return Comparison(
        a=a.side(),
        b=b.side(),
        same=pixels.same and not counting,
        tolerance=request.tolerance,
        pixels=pixels,
        elements=None if request.pixels_only else tuple(counting),
        of_encoding=tuple(d for d in found if d not in counting),
        warnings=tuple(warnings),
    )


def _elements(request: Comparing, a: Opened, b: Opened) -> list[Difference]:
    with _of(f"{a.path} and {b.path}"):
        return list(differences(a.part10, b.part10, request.ignored))


def _pixels(tolerance: int, a: Opened, b: Opened) -> Pixels:
    if not a.has_pixels or not b.has_pixels:
        if a.header.pixel_data == b.header.pixel_data == "float":
            return _float_pixels(a, b)
        lacking = "A" if b.has_pixels else "B"
        same = a.has_pixels == b.has_pixels
        return Pixels("nothing", same, "" if same else f"{lacking} has no Pixel Data")
    try:
        found = compared(a, b)
    except IncomparableError as error:
        return Pixels("nothing", same=False, reason=str(error))
    except DicomtxError as error:
        if not _same_bytes(a, b):
            raise
        a.warnings.append(f"Pixel Data has the same bytes as in B, but cannot be decoded: {error}")
        return Pixels("bytes", same=True)
    close = all(f.largest_error <= tolerance and not f.high_bits for f in found.frames)
    counts = (a.count, b.count)
    reason = f"frames: {counts[0]} in A, {counts[1]} in B" if counts[0] != counts[1] else ""
    same = close and not reason
    return Pixels("frames", same, reason, found.peak, found.frames, found.ssim_left_out)


def _float_pixels(a: Opened, b: Opened) -> Pixels:
    """Compares floating point pixel data bit by bit."""
    same = any(_same_words(a, b, tag, word) for tag, word in FLOATS.items())
    return Pixels("bytes", same, "" if same else "Float Pixel Data differs")


def _same_words(a: Opened, b: Opened, tag: int, word: int) -> bool:
    """Returns whether both files have an element with the same words in either byte order."""
    data_sets = a.part10.data_set, b.part10.data_set
    found = [span for data_set in data_sets if (span := data_set.find(tag))]
    if len(found) != len(data_sets) or len({span.end - span.value for span in found}) != 1:
        return False
    chunks = map(_little_endian, data_sets, found, [word] * len(found))
    return all(left == right for left, right in zip(*chunks, strict=True))


def _little_endian(data_set: DataSet, span: Element, word: int) -> Iterator[bytes]:
    for chunk in data_set.source.chunks(span.value, span.end - span.value):
        yield swapped(chunk, word if data_set.encoding.big_endian else 1)


def _same_bytes(a: Opened, b: Opened) -> bool:
    """Returns whether both files have the same Pixel Data bytes in the same encoding."""
    syntaxes = a.header.syntax, b.header.syntax
    native = not any(syntax.encapsulated or syntax.big_endian for syntax in syntaxes)
    if syntaxes[0] != syntaxes[1] and not native:
        return False
    spans = [part.data_set.find(tags.PIXEL_DATA) for part in (a.part10, b.part10)]
    sizes = [span.end - span.value for span in spans if span]
    if len(sizes) != 2 or sizes[0] != sizes[1]:
        return False
    chunks = [
        part.data_set.source.chunks(span.value, sizes[0])
        for part, span in zip((a.part10, b.part10), spans, strict=True)
        if span
    ]
    return all(left == right for left, right in zip(*chunks, strict=True))
