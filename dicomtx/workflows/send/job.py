"""What to send, and where."""

from dicomtx.frozen import Frozen
from dicomtx.network.address import Address
from dicomtx.workflows.inputs.arguments import Selection
from dicomtx.workflows.send.options import SendOptions
from dicomtx.workflows.send.retry import Schedule


class Sending(Frozen):
    """Files to send to one peer.

    Attributes:
        sources: files, folders, ZIP archives, DICOMDIRs, or ``-`` for a list of paths.
        address: the peer.
        options: how to send.
        selection: which files to leave out.
        jobs: connections at once.
        journal: remembers what the peer has confirmed; empty for none.
        again: send files that the journal has, too.
        retry: when to try again what was not delivered.
    """

    sources: tuple[str, ...]
    address: Address
    options: SendOptions
    selection: Selection = Selection()
    jobs: int = 1
    journal: str = ""
    again: bool = False
    retry: Schedule = Schedule()
