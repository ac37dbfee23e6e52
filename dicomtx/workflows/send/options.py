"""How to send: what may be converted, and how to connect."""

from typing import TYPE_CHECKING, Literal

from dicomtx.engine.orthanc.negotiation import NATIVE
from dicomtx.engine.planning.policy import OnFailure, Policy
from dicomtx.frozen import Frozen
from dicomtx.network.dimse.association import DimseOptions
from dicomtx.settings import Settings
from dicomtx.transfer_syntaxes import TransferSyntax

if TYPE_CHECKING:
    from dicomtx.network.http.client import HttpOptions

Decompress = Literal["never", "lossless", "lossy"]


class SendOptions(Frozen):
    """How to send files to one destination.

    Attributes:
        settings: the settings of conversions.
        policy: decides the syntax of each file, as ``OneTarget`` does for ``--to``. None: the
            peer decides (rules 36 to 38 of Orthanc).
        on_failure: what to do with a file that cannot be sent as the policy asks:
            ``keep-original`` sends it as without a policy.
        decompress: which files may be decoded if the peer does not accept their syntax: none,
            those in lossless syntaxes, or all.
        preferred: the syntax to send a file in if the peer does not accept its own.
        dimse: how to associate.
        http: how to make requests; None for the defaults.
    """

    settings: Settings = Settings()
    policy: Policy | None = None
    on_failure: OnFailure = "error"
    decompress: Decompress = "lossy"
    preferred: TransferSyntax = NATIVE[1]
    dimse: DimseOptions = DimseOptions()
    http: "HttpOptions | None" = None
