"""Transcodes DICOM files: changes the transfer syntax and nothing else.

>>> import io, dicomtx
>>> from pydicom.data import get_testdata_file
>>> outcome = dicomtx.transcode(get_testdata_file("CT_small.dcm"), io.BytesIO(), to="rle")
>>> outcome.status, outcome.encoder, outcome.verification
('done', 'imagecodecs', 'independent')
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dicomtx.api import TranscodeError, transcode, transcode_bytes, transcode_dataset
    from dicomtx.errors import DicomtxError
    from dicomtx.version import __version__
    from dicomtx.workflows.convert.request import Outcome
    from dicomtx.workflows.info import describe

__all__ = [
    "DicomtxError",
    "Outcome",
    "TranscodeError",
    "__version__",
    "describe",
    "transcode",
    "transcode_bytes",
    "transcode_dataset",
]

_HOMES = {
    "DicomtxError": "dicomtx.errors",
    "Outcome": "dicomtx.workflows.convert.request",
    "TranscodeError": "dicomtx.api",
    "__version__": "dicomtx.version",
    "describe": "dicomtx.workflows.info",
    "transcode": "dicomtx.api",
    "transcode_bytes": "dicomtx.api",
    "transcode_dataset": "dicomtx.api",
}


def __getattr__(name: str) -> Any:
    """Imports a public name on first use (PEP 562), so that ``import dicomtx`` stays fast."""
    if name not in _HOMES:
        raise AttributeError(f"module 'dicomtx' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only on first use

    return getattr(import_module(_HOMES[name]), name)
