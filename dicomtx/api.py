"""The Python API of ``convert``: for paths, binary streams, bytes and pydicom Datasets."""

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO, Unpack

from dicomtx.dicom.dataset_bytes import bytes_of_dataset, dataset_of_bytes
from dicomtx.errors import DicomtxError, ExitCode, UsageError
from dicomtx.limits import enforce
from dicomtx.settings import GOALS, load
from dicomtx.settings.options import Options
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.location import Location, locate
from dicomtx.transfer_syntaxes import RECOMPRESSION, TransferSyntax, find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Outcome, Request

if TYPE_CHECKING:
    from dicomtx.dicom.dataset_bytes import Dataset

Place = str | os.PathLike[str] | BinaryIO


class TranscodeError(DicomtxError):
    """Raised when nothing was written.

    Attributes:
        outcome: the full result of the conversion.
        exit_code: the exit code of the command line for the same conversion.
    """

    def __init__(self, outcome: Outcome) -> None:
        """Uses the error of the outcome as the message."""
        super().__init__(f"{outcome.path}: {outcome.error}")
        self.outcome = outcome
        self.exit_code = ExitCode(outcome.exit_code)


def transcode(
    src: Place,
    dst: Place,
    *,
    to: str = "explicit",
    check: bool = True,
    overwrite: bool = False,
    in_place: bool = False,
    **options: Unpack[Options],
) -> Outcome:
    """Writes ``src`` to ``dst`` in another transfer syntax and returns the outcome.

    Args:
        src: a path, or a binary stream that is read from its current position to the end.
        dst: a path, or a binary stream that is written to after verification.
        to: a transfer syntax, by name, alias, PS3.6 keyword or UID.
        check: raise an error if nothing was written. If false, only the outcome reports it.
        overwrite: replace an existing destination.
        in_place: allow the same path for source and destination.
        options: settings for this conversion, see ``dicomtx.settings.options.Options``. Limits
            stay in force in this process.

    Raises:
        TranscodeError: nothing was written, and ``check`` is true.
        UsageError: the transfer syntax is unknown, or a lossless one cannot have a given goal.
        SettingsError: an option is unknown, or its value is not allowed.

    >>> import io
    >>> from pydicom.data import get_testdata_file
    >>> out = io.BytesIO()
    >>> with open(get_testdata_file("MR_small.dcm"), "rb") as mr:
    ...     outcome = transcode(mr, out, to="jpeg-ls-lossless")
    >>> outcome.status, outcome.bytes_in, outcome.bytes_out == len(out.getvalue())
    ('done', 9830, True)
    >>> transcode(get_testdata_file("rtplan.dcm"), io.BytesIO(), to="rle").status
    'kept'
    """
    settings, target = load(None, {}, **options), find(to)
    _check_goal(target, options)
    if "limits" in options:
        enforce(settings.limits)
    with _to_read(src) as source, _to_write(dst) as destination:
        request = Request(
            source,
            destination,
            target,
            overwrite=overwrite,
            in_place=in_place,
            settings=settings,
        )
        outcome = convert(request)
        path, written = _name(src, outcome.path), _name(dst, outcome.destination)
        outcome = outcome._replace(path=path, destination=written)
        if check and outcome.error:
            raise TranscodeError(outcome)
        return outcome


def _check_goal(target: TransferSyntax, options: Options) -> None:
    """Checks that a quality goal is not ignored.

    Raises:
        UsageError: an option is a goal, and the target is lossless.
    """
    goal = next((name for name in ("lossy", *GOALS) if options.get(name)), "")
    if goal and (not target.lossy or target.uid == RECOMPRESSION):
        raise UsageError(f"{goal} needs a lossy target, but {target.name} is lossless")


def transcode_bytes(
    data: bytes, *, to: str = "explicit", **options: Unpack[Options]
) -> tuple[bytes, Outcome]:
    """Converts the bytes of a DICOM file and returns the result with the outcome.

    Args:
        data: a DICOM file, or a bare data set.
        to: a transfer syntax, by name, alias, PS3.6 keyword or UID.
        options: settings for this conversion, see ``dicomtx.settings.options.Options``.

    Raises:
        TranscodeError: the data cannot be converted.
        UsageError: the transfer syntax is unknown.
        SettingsError: an option is unknown, or its value is not allowed.

    >>> from pydicom.data import get_testdata_file
    >>> with open(get_testdata_file("MR_small.dcm"), "rb") as mr:
    ...     data, outcome = transcode_bytes(mr.read(), to="jpeg-ls-lossless")
    >>> outcome.status, outcome.bytes_out == len(data)
    ('done', True)
    """
    written = io.BytesIO()
    outcome = transcode(io.BytesIO(data), written, to=to, **options)
    return written.getvalue(), outcome


def transcode_dataset(
    data_set: "Dataset", *, to: str = "explicit", **options: Unpack[Options]
) -> "tuple[Dataset, Outcome]":
    """Converts a pydicom Dataset and returns a new one with the outcome.

    Args:
        data_set: the source, which is not changed. Its ``file_meta`` needs a Transfer Syntax UID.
        to: a transfer syntax, by name, alias, PS3.6 keyword or UID.
        options: settings for this conversion, see ``dicomtx.settings.options.Options``.

    Raises:
        TranscodeError: the Dataset cannot be converted.
        UsageError: the transfer syntax is unknown, or pydicom cannot write the Dataset.
        SettingsError: an option is unknown, or its value is not allowed.

    >>> from pydicom import dcmread
    >>> from pydicom.data import get_testdata_file
    >>> mr = dcmread(get_testdata_file("MR_small.dcm"))
    >>> data_set, outcome = transcode_dataset(mr, to="jpeg-ls-lossless")
    >>> data_set.file_meta.TransferSyntaxUID.name
    'JPEG-LS Lossless Image Compression'
    """
    data, outcome = transcode_bytes(bytes_of_dataset(data_set), to=to, **options)
    return dataset_of_bytes(data), outcome


def _name(place: Place, path: str) -> str:
    """Returns the name of a place in the outcome: the path, or the name of a stream."""
    if isinstance(place, str | os.PathLike):
        return path
    name = getattr(place, "name", "")
    return name if isinstance(name, str) and name else "<stream>"


@contextmanager
def _to_read(src: Place) -> Iterator[Location]:
    """Yields the source; a stream is first copied to a temporary file."""
    if isinstance(src, str | os.PathLike):
        yield locate(os.fspath(src))
        return
    with TemporaryDirectory() as folder:
        path = os.path.join(folder, "source")
        with open(path, "wb") as file:
            shutil.copyfileobj(src, file)
        yield LocalFile(path)


@contextmanager
def _to_write(dst: Place) -> Iterator[str]:
    """Yields a path to write to; for a stream, the file is copied to it at the end."""
    if isinstance(dst, str | os.PathLike):
        yield os.fspath(dst)
        return
    with TemporaryDirectory() as folder:
        path = os.path.join(folder, "destination")
        yield path
        if os.path.exists(path):
            with open(path, "rb") as file:
                shutil.copyfileobj(file, dst)
