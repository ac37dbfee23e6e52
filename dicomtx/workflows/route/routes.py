"""Routes: which instances go where, and in which transfer syntax."""

import json
from typing import Any, Final, NamedTuple, Self

from dicomtx.engine.planning.conditions import Matcher
from dicomtx.engine.planning.policy import OnFailure, Rule, RuleBook, Subject, Verdict
from dicomtx.network.address import Address
from dicomtx.settings import FIELDS
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.send.options import Decompress

KEEP: Final = "keep"


class Conversion(NamedTuple):
    """How an instance is transcoded before it is sent.

    Attributes:
        to: the name of the target transfer syntax; ``keep`` sends the instance as received.
        options: the settings for the conversion, as the routes file has them.
        on_failure: ``keep-original`` sends what cannot be transcoded as received; ``error`` makes
            it a dead letter.
    """

    to: str = KEEP
    options: tuple[tuple[str, Any], ...] = ()
    on_failure: OnFailure = "error"

    @property
    def policy(self) -> RuleBook:
        """The policy that requests the conversion."""
        options = tuple((key, FIELDS[key].checked(key, value)) for key, value in self.options)
        rule = Rule((), Verdict.TRANSCODE, find(self.to), options)
        return RuleBook("route", (rule,))

    def as_text(self) -> str:
        """Returns a text that ``read`` understands; empty if nothing is transcoded.

        Equal conversions have the same text.
        """
        if self.to == KEEP:
            return ""
        return json.dumps([self.to, sorted(self.options), self.on_failure])

    @classmethod
    def read(cls, text: str) -> Self:
        """Returns the conversion that ``as_text`` wrote."""
        if not text:
            return cls()
        to, options, on_failure = json.loads(text)
        return cls(to, tuple((key, value) for key, value in options), on_failure)

    def __str__(self) -> str:
        if self.to == KEEP:
            return "as received"
        more = [f"{key} = {value}" for key, value in self.options]
        more += ["or as received"] if self.on_failure == "keep-original" else []
        return ", ".join((f"to {find(self.to).name}", *more))


class Peer(NamedTuple):
    """A destination: it has a queue of its own.

    Attributes:
        name: the name of the queue; the address if the routes file gives no name.
        address: where it is.
        retry: the schedule of further attempts, such as ``5x1m,10x10m``.
        calling_aet: the AE title to call with; empty for that of ``route``.
        ca_file: certificates to trust for TLS; empty for those of the system.
        cert_file: the client's certificate for TLS; empty for none.
        key_file: the private key of the certificate.
        auth_file: a file with user and password, or a token, for HTTP; empty for none.
        decompress: ``never``, ``lossless`` or ``lossy``: which instances can be decompressed for a
            peer that does not accept their syntax.
    """

    name: str
    address: Address
    retry: str
    calling_aet: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    auth_file: str = ""
    decompress: Decompress = "lossless"


class Destination(NamedTuple):
    """Where a route sends an instance, and how it is transcoded for this."""

    peer: Peer
    conversion: Conversion


class Association(NamedTuple):
    """The AE titles of the association that an instance arrived by."""

    calling_aet: str
    called_aet: str


class Route(NamedTuple):
    """One route: its conditions and its destinations.

    Attributes:
        name: such as "route 2".
        conditions: all of them must match; a route without any matches every instance.
        titles: the conditions on AE titles, which must match as well.
        destinations: where the instances go.
    """

    name: str
    conditions: tuple[Matcher, ...]
    titles: tuple[Matcher, ...]
    destinations: tuple[Destination, ...]

    def mismatch(self, subject: Subject, association: Association) -> str:
        """Returns the first condition that fails, with the value found; empty if all hold."""
        for matcher in self.titles:
            found = getattr(association, matcher.key)
            if not matcher.holds((found,)):
                return f"{matcher.key} is {found}, not {matcher}"
        return Rule(self.conditions, Verdict.KEEP).mismatch(subject)


class Routes(NamedTuple):
    """The routes of a file. The first one that matches an instance decides."""

    path: str
    routes: tuple[Route, ...]

    @property
    def peers(self) -> dict[str, Peer]:
        """The destinations of all routes, by name."""
        return {d.peer.name: d.peer for route in self.routes for d in route.destinations}

    def find(self, subject: Subject, association: Association) -> Route | None:
        """Returns the first route that matches; None if there is none."""
        matching = (r for r in self.routes if not r.mismatch(subject, association))
        return next(matching, None)

    def explain(self, subject: Subject, association: Association) -> list[tuple[str, str]]:
        """Returns each route up to the first match, and why it does or does not match."""
        told = []
        for route in self.routes:
            mismatch = route.mismatch(subject, association)
            told.append((route.name, mismatch or "matches"))
            if not mismatch:
                return told
        return [*told, ("no route", "matches: the instance is refused")]
