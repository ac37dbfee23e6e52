"""``dicomtx info``: shows what files are and what their pixel data contains."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from dicomtx.cli.options.headings import argument
from dicomtx.cli.output.console import Console
from dicomtx.cli.output.terminal import Styled
from dicomtx.errors import DicomtxError, ExitCode
from dicomtx.limits import enforce
from dicomtx.settings import load
from dicomtx.transfer_syntaxes import by_uid

if TYPE_CHECKING:
    from dicomtx.code_stream import CodeStream
    from dicomtx.image_pixel import ImagePixel
    from dicomtx.workflows.info import Description


@click.command(short_help="Show what files are and what their pixel data contains.")
@argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object per line, one for each file."
)
@click.pass_obj
def info(console: Console, /, files: tuple[str, ...], *, as_json: bool) -> int:
    """Show what each FILE is and what its pixel data contains.

    Nothing is decoded. The facts come from the data set and from the header of the first frame's
    stream. If the two contradict each other, both are shown.
    """
    from dicomtx.workflows.boundary import boundary  # noqa: PLC0415
    from dicomtx.workflows.info import describe  # noqa: PLC0415 - a command imports its work

    enforce(load(None, os.environ).limits)
    failures = []
    for number, path in enumerate(files):
        try:
            with boundary():
                description = describe(path)
        except DicomtxError as error:
            for line in (*error.lines, str(error)):
                console.note(f"{path}: {line}", "error")
            failures.append(error.exit_code)
        else:
            _show(description, console, as_json=as_json, first=number == 0)
    if len(files) > 1 and failures:
        return ExitCode.SOME_FAILED
    return failures[0] if failures else ExitCode.DONE


def _show(description: "Description", console: Console, *, as_json: bool, first: bool) -> None:
    if as_json:
        import json  # noqa: PLC0415 - 5 ms that only --json needs

        console.result(json.dumps(description.as_json()))
        return
    from dicomtx.cli.output import tables  # noqa: PLC0415 - wraps text

    if not first:
        console.result("")
    tables.show(console, [(name, value) for name, value in _rows(description) if value])


def _rows(it: "Description") -> Iterator[tuple[str, str]]:
    """Yields names and values; rows without a value are not shown."""
    from dicomtx.sizes import size  # noqa: PLC0415

    yield "File", f"{it.path} ({size(it.bytes)})"
    yield "Transfer Syntax", f"{it.transfer_syntax.name} ({it.transfer_syntax.uid})"
    yield "Labelled as", it.label
    yield "SOP Class UID", it.sop_class_uid
    yield "SOP Instance UID", it.sop_instance_uid
    yield "Modality", it.modality
    if it.image:
        yield "Image", _image(it.image)
        yield "Number of Frames", str(it.number_of_frames or "")
    yield "Pixel Data", it.pixel_data
    if it.pixel_data == "encapsulated":
        yield "Fragments", str(it.fragments)
        yield "Basic Offset Table", it.basic_offset_table
        yield "Extended Offset Table", "present" if it.extended_offset_table else ""
    yield "First stream", _stream(it.first_stream) if it.first_stream else ""
    yield "Icon", it.icon
    yield "Overlays", ", ".join(it.overlays)
    yield from (("Warning", Styled(text, "warning")) for text in it.warnings)


def _stream(stream: "CodeStream") -> str:
    """Returns the facts in the header of a stream, without those that it does not state."""
    facts = (
        stream.rows and f"{stream.columns} x {stream.rows}",
        stream.components and f"{_samples(stream.components)} of {stream.precision} bits",
        stream.segments and f"{stream.segments} segments",
        stream.signed and "signed",
        stream.transform,
        stream.subsampled and "subsampled",
        stream.boxed and "in a container format",
    )
    said = ", ".join(str(fact) for fact in facts if fact)
    return f"{stream.family} ({by_uid(stream.syntax).name}): {said}"


def _samples(count: int) -> str:
    return f"{count} sample{'s' * (count > 1)}"


def _image(image: "ImagePixel") -> str:
    planes = ", colour by plane" if image.planar_configuration else ""
    sign = "signed" if image.signed else "unsigned"
    return (
        f"{image.columns} x {image.rows} {image.photometric_interpretation}, "
        f"{_samples(image.samples_per_pixel)} of {image.bits_stored} bits in "
        f"{image.bits_allocated}, {sign}{planes}"
    )
