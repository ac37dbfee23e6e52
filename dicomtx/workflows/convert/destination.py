"""The destination of one conversion: checks it, and opens it for writing."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from dicomtx.errors import SourceError, UsageError
from dicomtx.storage.atomic_write import ANY_MODE, adopt, atomic_write, check_writable
from dicomtx.storage.local_file import LocalFile, Stat
from dicomtx.storage.outputs import outputs_at
from dicomtx.storage.source import STANDARD_STREAM, Source, reason
from dicomtx.urls import is_url
from dicomtx.workflows.convert.request import Request
from dicomtx.workflows.convert.source_stamp import check_unchanged


@contextmanager
def opened_destination(request: Request, file: Source, before: Stat | None = None) -> Iterator[int]:
    """Yields the descriptor of the output, after checking the destination.

    Checks before publishing the output that the source has not changed.
    """
    if is_url(request.destination):
        make_folder(request)
        with opened_object(request, before) as fd:
            yield fd
        return
    same = _is_source(request)
    make_folder(request)
    with atomic_write(
        request.destination,
        overwrite=request.overwrite or same,
        sync=request.rules.sync,
        mode=ANY_MODE if same else file.mode,
        check=lambda: check_unchanged(request, before),
        below=request.below,
    ) as fd:
        yield fd


@contextmanager
def opened_object(request: Request, before: Stat | None) -> Iterator[int]:
    """Yields the descriptor of an output that is uploaded to a URL at the end."""
    from dicomtx.storage.remote.remote_write import remote_write  # noqa: PLC0415 - seldom needed

    def check() -> None:
        check_unchanged(request, before)

    with remote_write(request.destination, overwrite=request.overwrite, check=check) as fd:
        yield fd


def publish(request: Request, file: str, before: Stat | None) -> None:
    """Moves a complete file to the destination, after checking that the source is unchanged."""
    if is_url(request.destination):
        with opened_object(request, before) as fd, LocalFile(file).open() as made:
            made.copy_to(fd, 0, made.size)
        return
    same = os.path.exists(request.destination) and request.in_place
    adopt(
        file,
        request.destination,
        overwrite=request.overwrite or same,
        mode=before.mode if before else ANY_MODE,
        check=lambda: check_unchanged(request, before),
        below=request.below,
    )


def make_folder(request: Request) -> None:
    """Makes the folder of the destination if the rules of the request say so."""
    if request.below or request.rules.tree:
        output = request.destination
        outputs_at(output).make_folder_of(output, below=request.below)


def check_destination(request: Request) -> None:
    """Checks the destination as a conversion does, but writes nothing.

    Raises:
        DicomtxError: the conversion would fail, or overwrite what it must not.
    """
    if is_url(request.destination):
        return
    same = _is_source(request)
    check_writable(
        request.destination,
        overwrite=request.overwrite or same,
        below=request.below,
        makes_folders=bool(request.below) or request.rules.tree,
    )


def _is_source(request: Request) -> bool:
    """Whether the destination is the source, which only ``in_place`` allows.

    Raises:
        UsageError: it is, and must not be overwritten.
    """
    source, destination = request.source, request.destination
    files = source.path and destination != STANDARD_STREAM and os.path.exists(destination)
    try:
        # equal paths first: between the two looks of samefile, another process may replace the file
        same = bool(files) and (
            os.path.realpath(source.path) == os.path.realpath(destination)
            or os.path.samefile(source.path, destination)
        )
    except OSError as error:  # it was removed, or the disk fails
        raise SourceError(f"cannot be read: {reason(error)}") from error
    if same and not isinstance(source, LocalFile):
        raise UsageError("the destination is the archive that contains the source; use another DST")
    if same and not request.in_place:
        raise UsageError("source and destination are the same file; use --in-place")
    return same
