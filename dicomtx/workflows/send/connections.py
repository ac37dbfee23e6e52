"""Opens a connection to a peer, whatever it speaks."""

from contextlib import AbstractContextManager

from dicomtx.network.address import Address, DicomAddress
from dicomtx.network.delivery import Connection, Contexts
from dicomtx.network.dimse import store_scu
from dicomtx.workflows.send.options import SendOptions


def connected(
    address: Address, contexts: Contexts, options: SendOptions
) -> AbstractContextManager[Connection]:
    """Returns a context manager for a connection to a peer.

    Args:
        address: the peer.
        contexts: what a DICOM peer is asked to accept.
        options: how to connect.

    Raises:
        NetworkError: the peer cannot be reached, or refuses the connection.
    """
    if isinstance(address, DicomAddress):
        return store_scu.connect(address, contexts, options.dimse)
    # HTTP takes 0.1 s to import
    from dicomtx.network.http import orthanc_peer, stow  # noqa: PLC0415
    from dicomtx.network.http.client import HttpOptions  # noqa: PLC0415

    http = options.http or HttpOptions()
    if address.kind == "orthanc":
        return orthanc_peer.connect(address, http)
    return stow.connect(address, http)
