"""The Python API of ``convert``: for paths, binary streams, bytes and pydicom Datasets."""

import io
from typing import TYPE_CHECKING, Unpack

from dicomtx.api.options import PolicyOptions, policy_of, settings_of, target_of
from dicomtx.api.places import Place, name_of, to_read, to_write
from dicomtx.dicom.dataset_bytes import bytes_of_dataset, dataset_of_bytes
from dicomtx.errors import DicomtxError, ExitCode
from dicomtx.workflows.convert.convert import convert
from dicomtx.workflows.convert.request import Outcome, Request

if TYPE_CHECKING:
    from dicomtx.dicom.dataset_bytes import Dataset


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
    to: str | None = None,
    check: bool = True,
    overwrite: bool = False,
    in_place: bool = False,
    **options: Unpack[PolicyOptions],
) -> Outcome:
    """Writes ``src`` to ``dst`` in another transfer syntax and returns the outcome.

    Args:
        src: a path, or a binary stream that is read from its current position to the end.
        dst: a path, or a binary stream that is written to after verification.
        to: a transfer syntax, by name, alias, PS3.6 keyword or UID; None is Explicit VR Little
            Endian.
        check: raise an error if nothing was written. If false, only the outcome reports it.
        overwrite: replace an existing destination.
        in_place: allow the same path for source and destination.
        options: settings for this conversion, and a policy that decides instead of ``to``, see
            ``dicomtx.api.options``. Limits stay in force in this process.

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
    policy = policy_of(options)
    settings, target = settings_of(options, policy=policy), target_of(to, options, policy)
    with to_read(src) as source, to_write(dst) as destination:
        request = Request(
            source,
            destination,
            target,
            overwrite=overwrite,
            in_place=in_place,
            settings=settings,
            policy=policy,
            on_failure=options.get("on_failure", "error"),
        )
        outcome = convert(request)
        path, written = name_of(src, outcome.path), name_of(dst, outcome.destination)
        outcome = outcome._replace(path=path, destination=written)
        if check and outcome.error:
            raise TranscodeError(outcome)
        return outcome


def transcode_bytes(
    data: bytes, *, to: str | None = None, **options: Unpack[PolicyOptions]
) -> tuple[bytes, Outcome]:
    """Converts the bytes of a DICOM file and returns the result with the outcome.

    Args:
        data: a DICOM file, or a bare data set.
        to: a transfer syntax, by name, alias, PS3.6 keyword or UID; None is Explicit VR Little
            Endian.
        options: settings for this conversion, and a policy, see ``dicomtx.api.options``.

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
    data_set: "Dataset", *, to: str | None = None, **options: Unpack[PolicyOptions]
) -> "tuple[Dataset, Outcome]":
    """Converts a pydicom Dataset and returns a new one with the outcome.

    Args:
        data_set: the source, which is not changed. Its ``file_meta`` needs a Transfer Syntax UID.
        to: a transfer syntax, by name, alias, PS3.6 keyword or UID; None is Explicit VR Little
            Endian.
        options: settings for this conversion, and a policy, see ``dicomtx.api.options``.

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
