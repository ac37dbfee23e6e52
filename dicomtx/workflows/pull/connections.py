"""Opens the connection that retrieves from an address."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from dicomtx.network.address import DicomAddress, WebAddress
from dicomtx.network.dimse.association import DimseOptions
from dicomtx.network.retrieval import Retriever

if TYPE_CHECKING:
    from dicomtx.network.http.client import HttpOptions


def connect_web(address: WebAddress, options: "HttpOptions") -> AbstractContextManager[Retriever]:
    """Returns a context manager that connects to a DICOMweb server, or to Orthanc."""
    if address.kind == "orthanc":
        from dicomtx.network.http import orthanc_archive  # noqa: PLC0415 - brings httpx

        return orthanc_archive.connect(address, options)
    from dicomtx.network.http import wado  # noqa: PLC0415 - brings httpx

    return wado.connect(address, options)


def connect_dicom(
    address: DicomAddress, options: DimseOptions, sop_classes: Sequence[str] = ()
) -> AbstractContextManager[Retriever]:
    """Returns a context manager that retrieves by C-GET."""
    from dicomtx.network.dimse import get_scu  # noqa: PLC0415 - only this address needs it

    return get_scu.connect(address, options, sop_classes)
