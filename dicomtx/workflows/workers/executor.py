"""The interface to what converts many files, such as a pool of processes."""

from collections.abc import Callable, Generator, Iterable
from typing import Protocol

from dicomtx.workflows.convert.request import Outcome, Request

Result = tuple[Request, Outcome]
AfterDeath = Callable[[Request], Request | Outcome]


class Executor(Protocol):
    """Converts files: ``ProcessPool`` is one."""

    def run(
        self, requests: Iterable[Request | None], after_death: AfterDeath = ...
    ) -> Generator[Result, None, None]:
        """Yields each request with its outcome, as they are done, in any order.

        It takes a request only when it can start it. If the generator is closed early, partial
        output is discarded. An error in a file is an outcome.

        Args:
            requests: the files. None means that there is none at the moment: the executor asks
                again, several times a second.
            after_death: called with a request whose process died. Returns the request to retry, or
                the outcome if the file was done. By default the same request is retried.

        Raises:
            DestinationError: no file can be converted at all.
        """
        ...
