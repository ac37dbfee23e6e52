"""Opens the connection that retrieves from an address."""

from contextlib import AbstractContextManager

from dicomtx.errors import UsageError
from dicomtx.network.address import Address, WebAddress
from dicomtx.network.http.client import HttpOptions
from dicomtx.network.retrieval import Retriever


def connect(address: Address, options: HttpOptions) -> AbstractContextManager[Retriever]:
    """Returns a context manager that opens the connection.

    Raises:
        UsageError: instances cannot be retrieved from this kind of address.
    """
    if not isinstance(address, WebAddress):
        raise UsageError(f"{address}: pull retrieves from DICOMweb and Orthanc")
    if address.kind == "orthanc":
        from dicomtx.network.http import orthanc_archive  # noqa: PLC0415 - brings httpx

        return orthanc_archive.connect(address, options)
    from dicomtx.network.http import wado  # noqa: PLC0415 - brings httpx

    return wado.connect(address, options)
