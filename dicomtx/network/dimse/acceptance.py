"""Which associations and presentation contexts an acceptor accepts."""

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from dicomtx.frozen import Frozen
from dicomtx.network.dimse.association_pdus import (
    ACCEPTED,
    APPLICATION_CONTEXT,
    NO_ABSTRACT_SYNTAX,
    NO_TRANSFER_SYNTAX,
    Answered,
    AssociationRequest,
    ProposedContext,
)
from dicomtx.network.dimse.command_set import VERIFICATION

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
NATIVE: Final = (EXPLICIT, IMPLICIT, "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2")
"""The native syntaxes, most wanted first: explicit VR keeps the VRs of private elements."""
Rejection = tuple[int, int, int]
"""Result, source and reason of an A-ASSOCIATE-RJ PDU (PS3.8 9.3.4)."""
NO_REASON: Final = (1, 1, 1)
WRONG_APPLICATION: Final = (1, 1, 2)
WRONG_CALLING: Final = (1, 1, 3)
WRONG_CALLED: Final = (1, 1, 7)
WRONG_VERSION: Final = (1, 2, 2)
FULL: Final = (2, 3, 2)
REASONS: Final = {
    NO_REASON: "its address is not allowed",
    WRONG_APPLICATION: "unknown application context",
    WRONG_CALLING: "its AE title is not allowed",
    WRONG_CALLED: "it calls another AE title",
    WRONG_VERSION: "unknown version of the protocol",
    FULL: "too many associations",
}


class Acceptance(Frozen):
    """What an acceptor accepts.

    Attributes:
        aet: the AE title that callers must use; empty for any.
        calling: the AE titles that can call; empty for any.
        networks: the addresses that can call; empty for any.
        syntaxes: UIDs of the transfer syntaxes to accept.
        takes_class: whether a SOP class is accepted.
        preferred: which of the syntaxes to choose if a context proposes several, most wanted first.
            If it has none of them, the requestor's order decides.
    """

    aet: str
    calling: frozenset[str]
    networks: tuple[IPv4Network | IPv6Network, ...]
    syntaxes: frozenset[str]
    takes_class: Callable[[str], bool]
    preferred: tuple[str, ...] = ()

    def rejection(self, request: AssociationRequest, host: str) -> Rejection | None:
        """Returns why an association is rejected; None if it is not."""
        if not self.allows(host):
            return NO_REASON
        if not request.version:
            return WRONG_VERSION
        if request.application_context != APPLICATION_CONTEXT:
            return WRONG_APPLICATION
        if self.calling and request.calling_aet not in self.calling:
            return WRONG_CALLING
        if self.aet and request.called_aet != self.aet:
            return WRONG_CALLED
        return None

    def allows(self, host: str) -> bool:
        """Returns whether an address can call."""
        address = ip_address(host.partition("%")[0])
        return not self.networks or any(address in network for network in self.networks)

    def answer(self, context: ProposedContext) -> Answered:
        """Returns the answer to a presentation context."""
        offered = context.transfer_syntaxes
        if context.abstract_syntax == VERIFICATION:
            usable = [uid for uid in NATIVE if uid in offered]
        elif self.takes_class(context.abstract_syntax):
            usable = [uid for uid in offered if uid in self.syntaxes]
        else:
            return Answered(context.number, NO_ABSTRACT_SYNTAX, "")
        if not usable:
            return Answered(context.number, NO_TRANSFER_SYNTAX, "")
        return Answered(context.number, ACCEPTED, self._chosen(usable))

    def _chosen(self, usable: list[str]) -> str:
        """Returns one of several syntaxes.

        The requestor lists first what suits it best. If that is native, explicit VR is better.
        """
        for uid in self.preferred:
            if uid in usable:
                return uid
        if usable[0] in NATIVE:
            return next(uid for uid in NATIVE if uid in usable)
        return usable[0]
