"""An executor without processes, for tests of what batch and export do around conversions."""

from collections.abc import Generator, Iterable

from dicomtx.codecs.registry import Codecs
from dicomtx.workflows.convert.request import Request
from dicomtx.workflows.workers.executor import AfterDeath, Result
from dicomtx.workflows.workers.worker import outcome_of


class InProcess:
    """Converts the files one after the other in this process; starting a worker takes a second."""

    def run(
        self,
        requests: Iterable[Request | None],
        after_death: AfterDeath = lambda request: request,
    ) -> Generator[Result, None, None]:
        """Yields each request with its outcome; see ``Executor.run``."""
        codecs: dict[tuple[object, ...], Codecs] = {}
        try:
            for request in filter(None, requests):
                yield request, outcome_of(request, codecs, lambda _: None, 0)
        finally:
            for kept in codecs.values():
                kept.close()
