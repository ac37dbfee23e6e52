"""A pydicom Dataset as the bytes of a DICOM file, and back."""

import io
from typing import TYPE_CHECKING, Final

from dicomtx.errors import UsageError

if TYPE_CHECKING:
    from pydicom import Dataset as Dataset  # noqa: PLC0414 - api takes its name from here

PREAMBLE: Final = b"\0" * 128 + b"DICM"


def bytes_of_dataset(data_set: "Dataset") -> bytes:
    """Returns the DICOM file that pydicom writes for a Dataset (PS3.10 7.1).

    pydicom completes nothing: elements that are missing stay missing, as in a file.

    Raises:
        UsageError: pydicom cannot write it, for instance because it has no Transfer Syntax UID.
    """
    from pydicom import dcmwrite

    written = io.BytesIO()
    try:
        if getattr(data_set, "preamble", None) is None and getattr(data_set, "file_meta", None):
            written.write(PREAMBLE)
        dcmwrite(written, data_set)
    except (AttributeError, KeyError, NotImplementedError, TypeError, ValueError) as error:
        raise UsageError(f"pydicom cannot write this Dataset: {error}") from error
    return written.getvalue()


def dataset_of_bytes(data: bytes) -> "Dataset":
    """Returns the Dataset that pydicom reads from a DICOM file."""
    from pydicom import dcmread

    return dcmread(io.BytesIO(data))
