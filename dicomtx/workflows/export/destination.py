"""The destination of an export: what it is, whether it can be written, and what is not in it."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager

from dicomtx.errors import UsageError
from dicomtx.storage.atomic_write import check_writable
from dicomtx.storage.source import STANDARD_STREAM
from dicomtx.storage.zip.member import ZipMember
from dicomtx.urls import is_url, without_secrets
from dicomtx.workflows.export.containers import (
    Container,
    appended,
    archive,
    check_file_set,
    check_folder,
    folder,
)
from dicomtx.workflows.export.job import Export
from dicomtx.workflows.inputs.arguments import Found, find


def container_of(job: Export) -> AbstractContextManager[Container]:
    """Returns the container that the files are written to.

    Raises:
        UsageError: files cannot be appended there.
    """
    if is_url(job.destination):
        return _at_url(job)
    if job.zipped:
        return archive(job.destination, overwrite=job.overwrite)
    if job.media and job.media.append:
        return appended(job.destination)
    return folder(job.destination)


def _at_url(job: Export) -> AbstractContextManager[Container]:
    from dicomtx.workflows.export import remote_containers as remote  # noqa: PLC0415 - seldom needed

    _check_append(job)
    if job.zipped:
        return remote.archive(job.destination, overwrite=job.overwrite)
    return remote.folder(job.destination)


def _check_append(job: Export) -> None:
    if job.media and job.media.append:
        name = without_secrets(job.destination)
        raise UsageError(f"{name}: --append adds to local folders only, not to URLs")


def check_destination(job: Export) -> None:
    """Checks that the export can be written, as far as that shows without writing.

    Raises:
        UsageError: files cannot be appended there.
        DestinationError: it exists, or cannot be written.
    """
    if is_url(job.destination):
        from dicomtx.workflows.export import remote_containers as remote  # noqa: PLC0415

        _check_append(job)
        remote.check(job.destination, overwrite=job.overwrite, zipped=job.zipped)
    elif job.zipped:
        check_writable(job.destination, overwrite=job.overwrite)
    elif job.media and job.media.append:
        check_file_set(job.destination)
    else:
        check_folder(job.destination)


def files_to_export(job: Export) -> Iterator[Found]:
    """Yields the files to export, without those in the destination unless it is a source."""
    if job.destination == STANDARD_STREAM:
        yield from find(job.sources, job.finding)
        return
    if is_url(job.destination):
        target = without_secrets(job.destination)
        named = job.destination in job.sources
        for one in find(job.sources, job.finding):
            source = one.source.archive if isinstance(one.source, ZipMember) else one.source
            if named or source.name != target:
                yield one
        return
    name, place = os.path.basename(job.destination), os.path.realpath(job.destination)
    named = place in map(os.path.realpath, job.sources)
    finding = job.finding._replace(without=(*job.finding.without, job.destination))
    for found in find(job.sources, finding):
        path = found.source.path
        own = path and os.path.basename(path) == name and os.path.realpath(path) == place
        if named or not own:
            yield found
