"""Sends claimed deliveries over one connection."""

from collections.abc import Generator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from dicomtx.engine.planning.policy import Decision, Policy, Subject, Verdict
from dicomtx.network.address import DicomAddress
from dicomtx.network.dimse.association import DimseOptions
from dicomtx.network.tls import TlsOptions
from dicomtx.settings import Settings
from dicomtx.storage.local_file import LocalFile
from dicomtx.workflows.route.forwarder import Answered
from dicomtx.workflows.route.queue import Ending
from dicomtx.workflows.route.records import Delivery, Output
from dicomtx.workflows.route.routes import Conversion, Peer
from dicomtx.workflows.route.spool import Spool
from dicomtx.workflows.send.options import SendOptions
from dicomtx.workflows.send.sent import Sent
from dicomtx.workflows.send.session import opened

if TYPE_CHECKING:
    from dicomtx.network.http.client import HttpOptions


class AsConverted(NamedTuple):
    """The policy for files that a route has converted: they leave in the syntax that they have.

    Attributes:
        name: the name of the policy.
        order: always empty: the settings order the codecs.
        warnings: always empty.
    """

    name: str = "route"
    order: str = ""
    warnings: tuple[str, ...] = ()

    def decide(self, subject: Subject) -> Decision:
        """Returns the decision to send a file in its own syntax."""
        return Decision(Verdict.TRANSCODE, self.name, subject.header.syntax)

    def explain(self, subject: Subject) -> list[tuple[str, str]]:
        """Returns the one rule, which matches every file."""
        return [(self.name, f"matches: to {subject.header.syntax.name}")]


class Courier(NamedTuple):
    """Sends the deliveries of one destination.

    Attributes:
        peer: the destination.
        spool: has the files.
        aet: our AE title.
        settings: the settings for conversions that the destination makes necessary.
        environ: the environment, which may have credentials.
    """

    peer: Peer
    spool: Spool
    aet: str
    settings: Settings
    environ: Mapping[str, str]

    def send(
        self, deliveries: Sequence[Delivery]
    ) -> Generator[tuple[Delivery, Answered], None, None]:
        """Yields the answer to each delivery, in order.

        Raises:
            UnreachableError: there is no connection.
        """
        for text, group in groupby(deliveries, lambda one: one.conversion):
            listed = list(group)
            options = self._options(Conversion.read(text))
            with opened(self.peer.address, map(self._file, listed), options) as session:
                for delivery in listed:
                    yield delivery, _answered(delivery, session.send(self._file(delivery)))

    def _file(self, delivery: Delivery) -> LocalFile:
        return LocalFile(self.spool.path(delivery.output or delivery.file))

    def _options(self, conversion: Conversion) -> SendOptions:
        peer = self.peer
        policy: Policy | None = AsConverted() if conversion.as_text() else None
        tls = TlsOptions(ca_file=peer.ca_file, certificate=peer.cert_file, key=peer.key_file)
        return SendOptions(
            settings=self.settings,
            policy=policy,
            on_failure=conversion.on_failure,
            decompress=peer.decompress,
            dimse=DimseOptions(calling_aet=peer.calling_aet or self.aet, tls=tls),
            http=None if isinstance(peer.address, DicomAddress) else self._http(tls),
        )

    def _http(self, tls: TlsOptions) -> "HttpOptions":
        """Returns how to make requests. Credentials are read each time, so they can change."""
        # 0.1 s that only HTTP needs
        from dicomtx.network.credentials import find_credentials  # noqa: PLC0415
        from dicomtx.network.http.client import HttpOptions  # noqa: PLC0415

        host = urlsplit(str(self.peer.address)).hostname or ""
        found = find_credentials(host, self.environ, self.peer.auth_file)
        return HttpOptions(credentials=found, tls=tls)


def _answered(delivery: Delivery, sent: Sent) -> Answered:
    """Returns what a destination answered, as the queue records it."""
    told = [sent.warnings[0]] if sent.status == "kept" else []
    told += [sent.peer_reason] if sent.peer_status not in ("0000", "") else []
    reason = "; ".join(filter(None, told)) if sent.delivered else sent.error
    output = None
    if sent.delivered and sent.target_syntax != delivery.syntax_out:
        output = Output(
            delivery.output,
            sent.target_syntax,
            sent.output_hash,
            sent.new_sop_instance_uid or delivery.sop_instance_uid_out,
            sent.verification,
        )
    return Answered(sent.delivered, sent.again, Ending(sent.peer_status, reason, output))
