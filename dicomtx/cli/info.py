"""``dicomtx info``: shows what files are and what their pixel data contains."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dicomtx.cli.options.headings import Command, argument, option
from dicomtx.cli.options.many_files import TREES, add
from dicomtx.cli.output.console import Console
from dicomtx.cli.output.left_out import LeftOut
from dicomtx.cli.output.terminal import Styled
from dicomtx.errors import DicomtxError, ExitCode, NotDicomError, SourceError
from dicomtx.limits import enforce
from dicomtx.settings import load
from dicomtx.transfer_syntaxes import by_uid

if TYPE_CHECKING:
    from dicomtx.code_stream import CodeStream
    from dicomtx.image_pixel import ImagePixel
    from dicomtx.storage.location import Location
    from dicomtx.workflows.info import Description


@click.command(cls=Command, short_help="Show what files are and what their pixel data contains.")
@argument("files", metavar="FILE...", nargs=-1, required=True)
@lambda command: add(TREES, command)
@option(
    *("Reports", "--json", "as_json"),
    is_flag=True,
    help="Print one JSON object per line, one for each file.",
)
@click.pass_obj
def info(console: Console, /, files: tuple[str, ...], *, as_json: bool, **finding: Any) -> int:
    """Show what each FILE is and what its pixel data contains.

    Nothing is decoded. The facts come from the data set and from the header of the first frame's
    stream. If the two contradict each other, both are shown. For folders and ZIP archives, one line
    is printed for each DICOM file in them.
    """
    from dicomtx.workflows.boundary import boundary  # noqa: PLC0415
    from dicomtx.workflows.info import describe  # noqa: PLC0415 - a command imports its work

    enforce(load(None, os.environ).limits)
    shown, failures, several = 0, [], len(files) > 1
    left_out = LeftOut()
    for item in _items(files, finding):
        several |= item.in_tree
        try:
            with boundary():
                item.check()
                description = describe(item.path, item.source)
        except DicomtxError as error:
            if item.in_tree and isinstance(error, NotDicomError):
                left_out.add(item.path)
                continue
            for line in (*error.lines, str(error)):
                console.note(f"{item.path}: {line}", "error")
            failures.append(error.exit_code)
        else:
            _show(description, console, as_json=as_json, line=item.in_tree, first=not shown)
            shown += 1
    left_out.tell(console)
    if several and failures:
        return ExitCode.SOME_FAILED
    return failures[0] if failures else ExitCode.DONE


class _Item(NamedTuple):
    """A file to show.

    Attributes:
        path: its path, as given or as found.
        source: where it is; None if it is at ``path``.
        in_tree: whether it was found in a folder or archive.
        error: why it cannot be read; empty if it can be tried.
    """

    path: str
    source: "Location | None" = None
    in_tree: bool = False
    error: str = ""

    def check(self) -> None:
        """Checks that the file can be tried.

        Raises:
            SourceError: it cannot be read.
        """
        if self.error:
            raise SourceError(self.error)


def _is_tree(path: str) -> bool:
    """Returns whether a path is a folder or an archive; a URL says so by its last characters."""
    is_archive = path[-4:].lower() == ".zip"
    if "://" in path and not os.path.exists(path):
        return is_archive or path.endswith("/")
    return os.path.isdir(path) or (is_archive and os.path.isfile(path))


def _items(files: tuple[str, ...], finding: dict[str, Any]) -> Iterator[_Item]:
    """Yields each file, and those in folders and archives."""
    for path in files:
        if not _is_tree(path):
            yield _Item(path)
            continue
        from dicomtx.workflows.inputs.arguments import Selection, find  # noqa: PLC0415 - only trees need it

        for found in find([path], Selection(**finding)):
            if not found.skipped:
                yield _Item(found.source.name, found.source, in_tree=True, error=found.error)


def _show(
    description: "Description", console: Console, *, as_json: bool, line: bool, first: bool
) -> None:
    if as_json:
        import json  # noqa: PLC0415 - 5 ms that only --json needs

        console.result(json.dumps(description.as_json()))
        return
    if line:
        console.line(_line(description), {"warning:": "warning"})
        return
    from dicomtx.cli.output import tables  # noqa: PLC0415 - wraps text

    if not first:
        console.result("")
    tables.show(console, [(name, value) for name, value in _rows(description) if value])


def _line(it: "Description") -> str:
    """Returns the most important facts in one line."""
    from dicomtx.sizes import size  # noqa: PLC0415

    image, frames = it.image, it.number_of_frames
    facts = (
        it.transfer_syntax.name,
        it.modality,
        f"{image.columns} x {image.rows} {image.photometric_interpretation}" if image else "",
        f"{image.bits_stored} bits" if image else "",
        f"{frames} frames" if frames > 1 else "",
        size(it.bytes),
        *(f"warning: {text}" for text in it.warnings),
    )
    return f"{it.path}: {', '.join(filter(None, facts))}"


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
        f"{_samples(image.samples_per_pixel)}, {image.bits_stored} of {image.bits_allocated} bits"
        f" used, {sign}{planes}"
    )
