"""What carries out many requests, wherever that is."""

from collections.abc import Callable, Generator, Iterable
from typing import Protocol

from dicomtx.workflows.convert.request import Outcome, Request

Result = tuple[Request, Outcome]
AfterDeath = Callable[[Request], Request | Outcome]


class Executor(Protocol):
    """Converts files: ``ProcessPool`` is one."""

    def run(
        self, requests: Iterable[Request], after_death: AfterDeath = ...
    ) -> Generator[Result, None, None]:
        """Yields each request with its outcome, as they are done, in any order.

        It takes no more requests than it works on. When it is closed before the end, it drops the
        outputs that are not complete: no part file stays. An error in a file is an outcome.

        Args:
            requests: the files.
            after_death: returns what to try again when the process of a request died, or the
                outcome if the file is done all the same. By default the same is tried again.

        Raises:
            DestinationError: it cannot work at all.
        """
        ...
