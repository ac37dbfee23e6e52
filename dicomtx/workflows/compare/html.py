"""Renders a comparison as one self-contained HTML page, without network or scripts."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from dicomtx.codecs.imagecodecs.png import png
from dicomtx.dicom.differences import Difference
from dicomtx.dicom.pixel_data.display import Presentation, presentation
from dicomtx.engine.pixels import rendering
from dicomtx.engine.pixels.frame_differences import FrameDifference, pair
from dicomtx.image_pixel import Frame
from dicomtx.run_facts import RunFacts
from dicomtx.workflows.compare.histogram import histogram
from dicomtx.workflows.compare.result import Comparison, Side
from dicomtx.workflows.html_page import END, breakable, escaped, facts, head

if TYPE_CHECKING:
    from dicomtx.workflows.compare.opened import Opened

WORST: Final = 2
MOST_ROWS: Final = 1000
SHOWN: Final = 320
"""Pixels of the screen that a small picture fills, at most."""


def page_of(comparison: Comparison, a: "Opened", b: "Opened", run: RunFacts | None = None) -> bytes:
    """Returns the page in UTF-8. Reads frames again for the pictures.

    Args:
        comparison: the result.
        a: the first file.
        b: the second file.
        run: what the page says about this run; None for nothing.
    """
    verdict = comparison.verdict.capitalize()
    kind = "same" if comparison.same else "differ"
    parts = [
        head(f"{verdict}: {comparison.a.path} and {comparison.b.path}"),
        f"<h1 id='verdict' class='{kind}'>{verdict}</h1>",
        _table("", [*_summary(comparison)], ""),
        *_frames(comparison),
        *_pictured(comparison, a, b),
        *_elements("Elements that differ", comparison.elements or ()),
        *_elements("Encoding: differences that do not count", comparison.of_encoding),
        f"<h2>This page</h2>{facts(run)}" if run else "",
        END,
    ]
    return "".join(parts).encode()


def _summary(comparison: Comparison) -> Iterator[tuple[str, str]]:
    yield "A", _side(comparison.a)
    yield "B", _side(comparison.b)
    pixels, worst = comparison.pixels, comparison.pixels.worst
    told = pixels.reason or ("the same" if pixels.same and not worst else "")
    if worst:
        count = f"frames that differ: {len(pixels.differing)} of {len(pixels.frames)}"
        error = f"largest error {worst.largest_error} in frame {worst.frame}"
        above = f"words with differences above Bits Stored: {pixels.high_bits}"
        more = above if pixels.high_bits else ""
        told = "; ".join(filter(None, (told, f"{count}, {error}", more)))
    yield "Pixels", told
    if comparison.caution:
        yield "Caution", comparison.caution
    if pixels.compared == "frames":
        yield "Tolerance", f"largest error {comparison.tolerance}"
        yield "Peak of PSNR", f"{pixels.peak}, the range of A's stored values"
    if pixels.ssim_left_out:
        yield "SSIM", "not computed: scikit-image is not installed"
    elements = comparison.elements
    yield "Elements", "not compared" if elements is None else f"{len(elements)} differ"
    yield from (("Warning", warning) for warning in comparison.warnings)


def _side(side: Side) -> str:
    by = f", decoded by {' and '.join(side.code_bases)}" if side.code_bases else ""
    syntax = side.transfer_syntax.name
    frames = f"{side.frames} frame{'s' * (side.frames != 1)}"
    return f"{side.path} ({syntax}, {side.bytes} bytes, {frames}{by})"


def _table(title: str, rows: Sequence[Sequence[str]], header: str) -> str:
    heading = f"<h2>{title}</h2>" if title else ""
    cells = ("".join(f"<td>{breakable(cell)}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"{heading}<table id='{title.lower().replace(' ', '-')}'>{header}{body}</table>"


def _frames(comparison: Comparison) -> Iterator[str]:
    found = comparison.pixels.differing
    if not found:
        return
    titles = ("Frame", "Values that differ", "Largest error", "Mean error", "PSNR (dB)", "SSIM")
    header = f"<tr>{''.join(f'<th>{title}</th>' for title in titles)}</tr>"
    rows = [_row(frame) for frame in found[:MOST_ROWS]]
    yield _table("Frames that differ", rows, header)
    yield _more(len(found))


def _row(frame: FrameDifference) -> tuple[str, ...]:
    psnr = "-" if frame.psnr is None else f"{frame.psnr:.2f}"
    ssim = "-" if frame.ssim is None else f"{frame.ssim:.6f}"
    numbers = (str(frame.frame), str(frame.samples), str(frame.largest_error))
    return (*numbers, f"{frame.mean_error:.6g}", psnr, ssim)


def _more(count: int) -> str:
    return f"<p>and {count - MOST_ROWS} more</p>" if count > MOST_ROWS else ""


def _elements(title: str, found: Sequence[Difference]) -> Iterator[str]:
    if found:
        header = "<tr><th>Element<th>Keyword<th>Change<th>VR<th>A<th>B</tr>"
        rows = [
            (d.place, d.keyword, d.kind, " / ".join(dict.fromkeys(filter(None, (d.vr_a, d.vr_b)))),
             d.a, d.b)
            for d in found[:MOST_ROWS]
        ]  # fmt: skip
        yield _table(title, rows, header) + _more(len(found))


def _pictured(comparison: Comparison, a: "Opened", b: "Opened") -> Iterator[str]:
    """Yields pictures of the worst frames with their differences, and of the first frame."""
    if not a.has_pixels or not b.has_pixels or comparison.pixels.compared == "bytes":
        return
    ranked = sorted(
        comparison.pixels.differing, key=lambda f: (-f.largest_error, -f.mean_error, f.frame)
    )
    worst = [frame.frame for frame in ranked[:WORST]]
    for number in dict.fromkeys([*worst, 1]):
        title = f"Frame {number}" + (" (the worst)" if number in worst[:1] else "")
        yield f"<h2>{title}</h2><div class='pictures'>"
        frame, other = a.read(number - 1), b.read(number - 1)
        how = rendering.with_window(frame, presentation(a.part10.data_set, number - 1))
        own = presentation(b.part10.data_set, number - 1)
        own = own._replace(centre=how.centre, width=how.width, function=how.function)
        yield _figure(rendering.seen(frame, how), f"A{_window(frame, how)}")
        yield _figure(rendering.seen(other, own), f"B{_window(other, own)}")
        if number in worst:
            yield from _apart(a, b, number, comparison.pixels.peak)
        yield "</div>" if number not in worst else ""


def _window(frame: Frame, how: Presentation) -> str:
    grey = frame.image.photometric_interpretation.startswith("MONOCHROME")
    return f", window centre {how.centre:g}, width {how.width:g}" if grey else ""


def _apart(a: "Opened", b: "Opened", number: int, peak: int) -> Iterator[str]:
    left, right = pair(a, b, number - 1)
    picture, factor = rendering.difference(left, right)
    yield _figure(picture, _difference(factor, peak))
    yield "</div>" + histogram(rendering.histogram(left, right))


def _difference(factor: float, peak: int) -> str:
    """Returns the caption of a picture of differences, which shows the largest one as white.

    Args:
        factor: the grey value of a difference of 1.
        peak: the range of A's stored values.
    """
    largest = round(255 / factor)
    share = f", {100 * largest / peak:.3g} % of the range of A's values" if peak else ""
    how = f"amplified {factor:.4g} times" if factor > 1 else f"scaled by {factor:.4g}"
    return f"Absolute difference, {how}: black is 0, white is {largest}{share}"


def _figure(picture: rendering.Bytes, caption: str) -> str:
    """Returns a picture; a small one is enlarged, with square pixels."""
    rows, columns = picture.shape[:2]
    scale = max(1, SHOWN // max(rows, columns))
    size = f"width='{columns * scale}' height='{rows * scale}'"
    size += " class='enlarged'" if scale > 1 else ""
    caption += f" (each pixel shown as {scale} x {scale})" if scale > 1 else ""
    data = b64encode(png(picture)).decode()
    image = f"<img alt='{escaped(caption)}' {size} src='data:image/png;base64,{data}'>"
    return f"<figure>{image}<figcaption>{escaped(caption)}</figcaption></figure>"
