"""The Python API of ``batch``: converts trees in parallel, and resumes interrupted runs."""

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Unpack

from dicomtx.api.options import BatchOptions, policy_of, settings_of, target_of
from dicomtx.api.places import Path
from dicomtx.errors import UsageError
from dicomtx.transfer_syntaxes import find
from dicomtx.workflows.batch.batch import check, opened
from dicomtx.workflows.batch.contradictions import contradiction
from dicomtx.workflows.batch.job import Batch
from dicomtx.workflows.batch.resume import Choice
from dicomtx.workflows.convert.request import FileRules, Outcome
from dicomtx.workflows.inputs.arguments import Selection
from dicomtx.workflows.workers.pool import ProcessPool

if TYPE_CHECKING:
    from dicomtx.workflows.inputs.layout import Layout

RULES: Final = ("only", "skip_same", "copy_others", "preserve")
CHOICES: Final = ("overwrite", "skip_existing", "retry_failed")
LIMIT: Final = 3600.0


def batch(
    sources: Path | Sequence[Path],
    destination: Path | None = None,
    *,
    to: str | None = None,
    jobs: int = 0,
    **options: Unpack[BatchOptions],
) -> Generator[Outcome, None, None]:
    """Converts all files of folders, ZIP archives, DICOMDIRs and paths; yields their outcomes.

    The files are converted in worker processes while you iterate. If you stop early, close the
    generator: the files in progress leave no output. The same call later resumes the run. Outcomes
    come in the order in which files are done. No outcome raises an error.

    Args:
        sources: a path, or several.
        destination: the folder to write to; None with ``in_place``.
        to: a transfer syntax, by name, alias, PS3.6 keyword or UID; None is Explicit VR Little
            Endian.
        jobs: how many files to convert at once; 0 is one per CPU.
        options: settings, a policy, and options of the command, see ``dicomtx.api.options``.
            With ``cluster``, such as ``tcp://scheduler:8786``, the workers of a Dask cluster
            convert the files. Messages about the cluster go to the logger ``dicomtx``.

    Raises:
        UsageError: the arguments contradict each other, or two outputs would have the same path.
        SettingsError: an option is unknown, or its value is not allowed.
        DestinationError: another run uses the destination, or it cannot be written.
        UnsupportedError: Dask is not installed.
        NetworkError: the cluster cannot be reached, or a worker has other versions.

    >>> from tempfile import TemporaryDirectory
    >>> from pydicom.data import get_testdata_file
    >>> with TemporaryDirectory() as folder:
    ...     for outcome in batch(get_testdata_file("CT_small.dcm"), folder, to="rle", jobs=1):
    ...         print(outcome.status, outcome.verification)
    done independent
    """
    job = _job(sources, destination, to, jobs, options)
    check(job)
    return _outcomes(job, options.get("cluster", ""), options.get("file_timeout", LIMIT))


def _outcomes(job: Batch, cluster: str, file_timeout: float) -> Generator[Outcome, None, None]:
    with ExitStack() as stack:
        if cluster:
            import logging  # noqa: PLC0415 - 5 ms

            from dicomtx.workflows.workers.cluster import connected_cluster  # noqa: PLC0415

            tell = logging.getLogger("dicomtx").warning
            there = connected_cluster(cluster, job.settings, file_timeout, tell)
            job = replace(job, executor=stack.enter_context(there))
        run = stack.enter_context(opened(job))
        yield from stack.enter_context(closing(run.outcomes()))


def _job(
    sources: Path | Sequence[Path],
    destination: Path | None,
    to: str | None,
    jobs: int,
    options: BatchOptions,
) -> Batch:
    _check(destination, to, jobs, options)
    policy = policy_of(options)
    settings = settings_of(options, BatchOptions, policy)
    listed = (sources,) if isinstance(sources, str | os.PathLike) else sources
    best_of = tuple(map(find, options.get("best_of", ())))
    return Batch(
        tuple(os.fspath(path) for path in listed),
        os.fspath(destination or ""),
        target_of(to, options, policy),
        settings,
        FileRules(best_of=best_of, skip_others=True, **_among(RULES, options)),
        Selection(**_among(Selection._fields, options)),
        _layout(options.get("layout", "")),
        journal=os.fspath(options.get("journal", "")),
        choice=Choice(**_among(CHOICES, options)),
        fail_fast=options.get("fail_fast", False),
        remap=options.get("remap_references", False),
        executor=ProcessPool(
            jobs, settings.max_memory, options.get("file_timeout", LIMIT), grouped=True
        ),
        policy=policy,
        on_failure=options.get("on_failure", "error"),
        from_plan=os.fspath(options.get("from_plan", "")),
        rejected=os.fspath(options.get("rejected", "")),
    )


def _check(destination: Path | None, to: str | None, jobs: int, options: Mapping[str, Any]) -> None:
    """Checks that no two arguments contradict each other.

    Raises:
        UsageError: two do.
    """
    if bool(destination) == bool(options.get("in_place")):
        raise UsageError("batch needs a destination, or in_place=True, but not both")
    given = {name for name, value in options.items() if value not in (None, "", False, (), [])}
    given |= {name for name, value in (("to", to), ("jobs", jobs)) if value}
    if two := contradiction(given):
        raise UsageError(f"{two[0]} and {two[1]} contradict each other")


def _layout(template: str) -> "Layout | None":
    if not template:
        return None
    from dicomtx.workflows.inputs.layout import Layout  # noqa: PLC0415 - brings pydicom

    return Layout.parse(template)


def _among(names: tuple[str, ...], options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in names if name in options}
