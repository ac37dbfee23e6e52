"""Transcodes DICOM files: changes the transfer syntax and nothing else.

>>> import io, dicomtx
>>> from pydicom.data import get_testdata_file
>>> outcome = dicomtx.transcode(get_testdata_file("CT_small.dcm"), io.BytesIO(), to="rle")
>>> outcome.status, outcome.encoder, outcome.verification
('done', 'imagecodecs', 'independent')
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing ``typing`` takes a quarter of the time that Python needs to start

if TYPE_CHECKING:
    from typing import Any

    from dicomtx.api.batch import batch
    from dicomtx.api.compare import compare
    from dicomtx.api.frames import frames
    from dicomtx.api.plan import plan
    from dicomtx.api.transcode import (
        TranscodeError,
        transcode,
        transcode_bytes,
        transcode_dataset,
    )
    from dicomtx.errors import DicomtxError
    from dicomtx.version import __version__
    from dicomtx.workflows.compare.result import Comparison
    from dicomtx.workflows.convert.request import Outcome
    from dicomtx.workflows.info import describe
    from dicomtx.workflows.preview.plan_record import Planned

__all__ = [
    "Comparison",
    "DicomtxError",
    "Outcome",
    "Planned",
    "TranscodeError",
    "__version__",
    "batch",
    "compare",
    "describe",
    "frames",
    "plan",
    "transcode",
    "transcode_bytes",
    "transcode_dataset",
]

_HOMES = {
    "Comparison": "dicomtx.workflows.compare.result",
    "DicomtxError": "dicomtx.errors",
    "Outcome": "dicomtx.workflows.convert.request",
    "Planned": "dicomtx.workflows.preview.plan_record",
    "TranscodeError": "dicomtx.api.transcode",
    "__version__": "dicomtx.version",
    "batch": "dicomtx.api.batch",
    "compare": "dicomtx.api.compare",
    "describe": "dicomtx.workflows.info",
    "frames": "dicomtx.api.frames",
    "plan": "dicomtx.api.plan",
    "transcode": "dicomtx.api.transcode",
    "transcode_bytes": "dicomtx.api.transcode",
    "transcode_dataset": "dicomtx.api.transcode",
}


def __dir__() -> list[str]:
    """Returns the public names, so that shells and editors can complete them."""
    return __all__


def __getattr__(name: str) -> Any:
    """Imports a public name on first use (PEP 562), so that ``import dicomtx`` stays fast."""
    if name not in _HOMES:
        raise AttributeError(f"module 'dicomtx' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only on first use

    return getattr(import_module(_HOMES[name]), name)
