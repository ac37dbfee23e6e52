"""The Python API of ``convert``, for paths and binary streams."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from dicomtx.errors import DicomtxError, ExitCode
from dicomtx.settings import load
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.location import Location, locate
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Outcome, Request

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
    src: Place, dst: Place, *, to: str = "explicit", check: bool = True, **options: Any
) -> Outcome:
    """Writes ``src`` to ``dst`` in another transfer syntax and returns the outcome.

    Args:
        src: a path, or a binary stream that is read from its current position to the end.
        dst: a path, or a binary stream that is written to after verification.
        to: a transfer syntax, by name, alias, PS3.6 keyword or UID.
        check: raise an error if nothing was written. If false, only the outcome reports it.
        options: ``overwrite``, ``in_place``, and the fields of ``dicomtx.settings.Settings``
            (``order``, ``codecs``, ``verify``, ``strict``, ...).

    Raises:
        TranscodeError: nothing was written, and ``check`` is true.
        UsageError: the transfer syntax is unknown.
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
    asked = {name: options.pop(name) for name in ("overwrite", "in_place") if name in options}
    with _to_read(src) as source, _to_write(dst) as destination:
        settings, target = load(None, {}, **options), find(to)
        outcome = convert(Request(source, destination, target, settings=settings, **asked))
        if check and outcome.error:
            raise TranscodeError(outcome)
        return outcome


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
