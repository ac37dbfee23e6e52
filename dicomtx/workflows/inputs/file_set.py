"""Finds the files that a DICOMDIR names: beside it in a folder, or below its URL."""

import os
from collections.abc import Iterator
from typing import Final

from dicomtx.dicom.file_set.dicomdir_reader import is_directory, referenced_files
from dicomtx.dicom.part10 import open_part10
from dicomtx.errors import DicomtxError
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.location import Location
from dicomtx.workflows.boundary import boundary

Referenced = tuple[Location, str, str]
MISSING: Final = "is missing, but the DICOMDIR names it"
IN_URLS: Final = frozenset("%?#:@")  # characters that mean something in a URL


def file_set(source: Location, *, follow: bool) -> Iterator[Referenced]:
    """Yields the files that a DICOMDIR names, with their paths in its folder and an error.

    A path is empty for the DICOMDIR itself: if it is damaged or names a file outside, or if the
    file is not a DICOMDIR.
    """
    try:
        with boundary(), source.open() as file, open_part10(file) as part10:
            if not is_directory(part10):
                yield source, "", ""
                return
            for file_id in referenced_files(part10):
                yield _referenced(source, file_id, follow=follow)
    except DicomtxError as error:
        yield source, "", str(error)


def _referenced(source: Location, file_id: tuple[str, ...], *, follow: bool) -> Referenced:
    """Returns a file that a DICOMDIR names, with an error if it is missing or outside."""
    local = isinstance(source, LocalFile)
    bad = any(name in ("", ".", "..") or "/" in name or "\0" in name for name in file_id)
    if bad or not (local or IN_URLS.isdisjoint("".join(file_id))):
        text = "\\".join(file_id)
        return source, "", f"its DICOMDIR names {text!r}, which leads out of the File-set"
    if not local:
        return _remote(source, file_id)
    folder = os.path.dirname(source.path)
    path = _as_written(folder, file_id)
    tree = os.path.join(os.path.realpath(folder), "")
    error = ""
    if not os.path.exists(path):
        error = MISSING
    elif not follow and not os.path.realpath(path).startswith(tree):
        error = "is a symbolic link that leads out of the File-set; use --follow to follow it"
    return LocalFile(path), "/".join(file_id), error


def _remote(source: Location, file_id: tuple[str, ...]) -> Referenced:
    """Returns the object of a File ID: as it is written, or with a name in lower case."""
    from dicomtx.storage.remote.remote_file import RemoteFile  # noqa: PLC0415 - seldom needed

    relative, folder = "/".join(file_id), os.path.dirname(source.name)
    asked = RemoteFile(f"{folder}/{relative}")
    try:
        with boundary():
            for file in (asked, RemoteFile(f"{folder}/{relative.lower()}")):
                if stat := file.stat():
                    file.remember(stat)
                    return file, relative, ""
    except DicomtxError as error:
        return asked, relative, str(error)
    return asked, relative, MISSING


def _as_written(folder: str, file_id: tuple[str, ...]) -> str:
    """Returns the path of a File ID. Without an exact match, case does not matter.

    File IDs are upper case, but many systems show the names of a CD in lower case.
    """
    path = os.path.join(folder, *file_id)
    if os.path.exists(path):
        return path
    path = folder
    for name in file_id:
        try:
            there = {other.split(";")[0].lower(): other for other in os.listdir(path or ".")}
        except OSError:
            there = {}
        path = os.path.join(path, there.get(name.lower(), name))
    return path
