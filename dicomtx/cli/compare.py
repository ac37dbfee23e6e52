"""``dicomtx compare``: shows how the pixels and elements of two files differ."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from dicomtx.cli.options.commands import ARGUMENTS
from dicomtx.cli.options.headings import Command, argument, option
from dicomtx.cli.options.settings import settings_options
from dicomtx.cli.output.console import Console
from dicomtx.cli.output.terminal import Styled
from dicomtx.errors import ExitCode, SettingsError, SourceError

if TYPE_CHECKING:
    from dicomtx.dicom.differences import Difference
    from dicomtx.engine.pixels.frame_differences import FrameDifference
    from dicomtx.workflows.compare.result import Comparison, Pixels, Side

MOST_ROWS: Final = 20
FRAMES: Final = ("Frame", "Values", "Largest error", "Mean error", "PSNR", "SSIM")
ELEMENTS: Final = ("Element", "Difference")


@click.command(cls=Command, short_help="Compare the pixels and elements of two files.")
@argument("a", metavar="A")
@argument("b", metavar="B")
@option(
    *("Comparison", "--tolerance"),
    type=click.IntRange(0),
    metavar="N",
    default=0,
    show_default=True,
    help="Largest difference of a stored value that still counts as equal.",
)
@option("Comparison", "--pixels-only", is_flag=True, help="Skip element comparison.")
@option(
    *("Comparison", "--ignore"),
    metavar="TAG",
    multiple=True,
    help="Ignore this element. Repeatable.",
)
@option(
    *("Comparison", "--all", "every_element"),
    is_flag=True,
    help="Also count the differences under Encoding.",
)
@option(
    *("Reports", "--report"),
    metavar="FILE",
    default="",
    help="Write an HTML page with pictures.",
)
@option("Reports", "-f", "--overwrite", is_flag=True, help="Overwrite an existing page.")
@settings_options("compare")
@option("Reports", "--json", "as_json", is_flag=True, help="Print the result as a JSON object.")
@option("Reports", "-q", "--quiet", is_flag=True, help="Print errors only.")
@click.pass_obj
def compare(
    console: Console, /, *, ignore: tuple[str, ...], as_json: bool, quiet: bool, **options: Any
) -> int:
    """Compare the stored values of each frame and the elements of A and B.

    A and B can have different transfer syntaxes. '-' is standard input. Exit code 0: they are the
    same. 1: they differ.

    Differences that follow from the transfer syntax are listed under Encoding, and count only with
    --all. These are the syntax itself, group lengths, offset tables, and Photometric Interpretation
    if the colours are the same. The peak of the PSNR is the range of A's stored values.
    """
    from dicomtx.run_facts import run_facts  # noqa: PLC0415
    from dicomtx.workflows.compare.compare import compare as compare_files  # noqa: PLC0415
    from dicomtx.workflows.compare.result import Comparing  # noqa: PLC0415

    for path in (options["a"], options["b"]):
        if os.path.isdir(path):
            raise SourceError(
                f"{path}: is a folder; compare takes two files. For folders, call it in a loop:"
                ' for f in *.dcm; do dicomtx compare "$f" "OTHER/$f"; done'
            )
    facts = run_facts(
        click.get_current_context().meta[ARGUMENTS],
        (options["a"], options["b"]),
        options["report"],
    )
    comparison = compare_files(Comparing(ignored=_tags(ignore), run=facts, **options))
    if as_json:
        import json  # noqa: PLC0415 - 5 ms that only --json needs

        console.result(json.dumps(comparison.as_json()))
    elif not quiet:
        _show(comparison, console)
    return ExitCode.DONE if comparison.same else ExitCode.SOME_FAILED


def _tags(names: Sequence[str]) -> frozenset[int]:
    if not names:
        return frozenset()
    from dicomtx.dicom.values.text import tag_of  # noqa: PLC0415 - pydicom

    try:
        return frozenset(map(tag_of, names))
    except SettingsError as error:
        raise click.BadParameter(str(error)) from error


def _show(comparison: "Comparison", console: Console) -> None:
    from dicomtx.cli.output import tables  # noqa: PLC0415 - wraps text

    tables.show(console, [row for row in _summary(comparison) if row[1]])
    frames = comparison.pixels.differing
    if frames:
        console.result("")
        tables.show(console, [_frame(frame) for frame in frames[:MOST_ROWS]], FRAMES)
        _more(console, len(frames), "frames")
    elements = comparison.elements or ()
    if elements:
        console.result("")
        tables.show(console, [_element(found) for found in elements[:MOST_ROWS]], ELEMENTS)
        _more(console, len(elements), "elements")


def _more(console: Console, count: int, what: str) -> None:
    if count > MOST_ROWS:
        console.line(f"... and {count - MOST_ROWS} more {what}; --json and --report list them all")


def _summary(it: "Comparison") -> Iterator[tuple[str, str]]:
    yield "Verdict", Styled(it.verdict, "good" if it.same else "error")
    yield "A", _side(it.a)
    yield "B", _side(it.b)
    yield "Pixels", _pixels(it.pixels)
    yield "Caution", Styled(it.caution, "warning")
    yield "Tolerance", f"errors up to {it.tolerance} count as equal" if it.tolerance else ""
    yield "Elements", _elements(it.elements)
    yield "Encoding", _of_encoding(it.of_encoding)
    if it.pixels.ssim_left_out:
        yield "SSIM", "not computed: it needs scikit-image (pip install 'dicomtx[compare]')"
    yield from (("Warning", Styled(text, "warning")) for text in it.warnings)


def _side(side: "Side") -> str:
    from dicomtx.sizes import size  # noqa: PLC0415

    by = f", decoded by {' and '.join(side.code_bases)}" if side.code_bases else ""
    return f"{side.path} ({side.transfer_syntax.name}, {size(side.bytes)}{by})"


def _pixels(it: "Pixels") -> str:
    if it.compared != "frames":
        alone = "the same bytes" if it.compared == "bytes" else "neither has Pixel Data"
        return it.reason or alone
    count, worst = len(it.frames), it.worst
    frames = f"{count} frame{'s' * (count != 1)}"
    told = f"{frames}, each stored value the same"
    if worst:
        error = f"largest error {worst.largest_error} (frame {worst.frame})"
        told = f"{len(it.differing)} of {frames} not equal, {error}{_high_bits(it.high_bits)}"
    return "; ".join(filter(None, (it.reason, told)))


def _high_bits(count: int) -> str:
    words = "1 word differs" if count == 1 else f"{count} words differ"
    return f"; {words} above Bits Stored" if count else ""


def _elements(found: "Sequence[Difference] | None") -> str:
    if found is None:
        return "not compared"
    return f"{len(found)} different" if found else "the same"


def _of_encoding(found: "Sequence[Difference]") -> str:
    """Returns the names of the elements whose differences do not count."""
    if not found:
        return ""
    return ", ".join(dict.fromkeys(d.keyword or d.place for d in found)) + " (not counted)"


def _frame(it: "FrameDifference") -> tuple[str, ...]:
    psnr = "-" if it.psnr is None else f"{it.psnr:.2f} dB"
    ssim = "-" if it.ssim is None else f"{it.ssim:.6f}"
    mean = f"{it.mean_error:.4g}"
    return str(it.frame), str(it.samples), str(it.largest_error), mean, psnr, ssim


def _element(it: "Difference") -> tuple[str, str]:
    vrs = " -> ".join(dict.fromkeys(filter(None, (it.vr_a, it.vr_b))))
    what = " ".join(filter(None, (it.keyword, vrs)))
    values = {"added": it.b, "removed": it.a}.get(it.kind, f"{it.a} -> {it.b}")
    return it.place, f"{what}: {it.kind}: {values}" if what else f"{it.kind}: {values}"
