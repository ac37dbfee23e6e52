"""The description of a pull."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple

from dicomtx.engine.planning.policy import Decision, Subject, Verdict
from dicomtx.network.address import Address
from dicomtx.network.retrieval import Place, Retriever
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.pull.staging import NAME, Stage

Connecting = Callable[[], AbstractContextManager[Retriever]]


class AsStored(NamedTuple):
    """The policy of a pull without ``--to``: every file is kept as it arrived.

    Attributes:
        name: the name of the policy.
        order: always empty: the settings order the codecs.
        warnings: always empty.
    """

    name: str = "as stored"
    order: str = ""
    warnings: tuple[str, ...] = ()

    def decide(self, subject: Subject) -> Decision:
        """Returns the decision to copy, or to keep what cannot be copied as it is."""
        target = subject.header.label if subject.header.sound else None
        return Decision(Verdict.KEEP, "", target, reason="as it is stored")

    def explain(self, subject: Subject) -> list[tuple[str, str]]:  # noqa: ARG002 - the protocol's
        """Returns the one rule, which matches every file."""
        return [(self.name, "matches: keep")]


@dataclass(frozen=True, slots=True)
class Pull:
    """What to retrieve, and what to do with it.

    Attributes:
        address: the peer.
        wanted: the study, series or instance.
        batch: how the files are converted, and where they go. Its sources are replaced.
        connect: opens a connection to the peer.
        largest: the most bytes of one instance.
    """

    address: Address
    wanted: Place
    batch: Batch
    connect: Connecting
    largest: int

    @property
    def stage(self) -> Stage:
        """The folder where files arrive."""
        folder = os.path.join(os.path.realpath(self.batch.destination), NAME)
        return Stage(folder, self.wanted, self.largest)

    def name_of(self, place: Place | str) -> str:
        """Returns the name of an instance in reports: the address of the peer, and the UIDs."""
        return f"{self.address}/{place}"
