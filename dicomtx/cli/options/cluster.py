"""``--cluster``: converts files on the workers of a Dask cluster."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from dicomtx.cli.options.headings import option
from dicomtx.cli.output.console import Console

if TYPE_CHECKING:
    from dicomtx.workflows.batch.job import Batch
    from dicomtx.workflows.workers.executor import Executor

CLUSTER: Final = option(
    *("Resources", "--cluster"),
    metavar="ADDRESS",
    default="",
    help="Convert the files on a Dask cluster: tcp://HOST:PORT, a scheduler file, or local:N.",
)


@contextmanager
def executor_of(
    asked: "Batch", options: Mapping[str, Any], console: Console
) -> Iterator["Executor"]:
    """Yields the cluster that the options name; without one, the executor of the batch.

    Raises:
        UnsupportedError: Dask is not installed.
        NetworkError: the scheduler cannot be reached, or a worker has other versions.
    """
    if not options["cluster"]:
        yield asked.executor
        return
    from dicomtx.workflows.workers.cluster import connected_cluster  # noqa: PLC0415

    address, settings, limit = (options[n] for n in ("cluster", "settings", "file_timeout"))
    with connected_cluster(address, settings, limit, console.note) as cluster:
        yield cluster
