"""What a process that was killed while it uploaded leaves in a store, and how to remove it.

Object stores keep the parts of an upload that was neither completed nor aborted. An SSH server
keeps the part file. No other process sees whether their writer is alive. So only what belongs to
outputs of this run is removed: its journal is locked, so no other run writes them.
"""

import os
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from typing import Any

from dicomtx.storage.part_files import LONGEST, MARK, PART, is_ours, start_of
from dicomtx.storage.remote.store import Store


def sweep_object(store: Store) -> None:
    """Removes what is left of uploads of one object."""
    if hasattr(store.system, "ftp"):
        folder, name = os.path.split(store.path)
        for other in store.system.ftp.listdir(folder):
            if other.startswith(start_of(name)) and is_ours(other):
                _remove(store.system, f"{folder}/{other}")
        return
    for bucket, key, upload in _uploads(store):
        if f"{bucket}/{key}" == store.path:
            _abort(store.system, bucket, key, upload)


def sweep_uploads(store: Store, unfinished: Container[str]) -> None:
    """Aborts the uploads of unfinished objects below a URL."""
    below = Store(store.url, store.system, store.path.rstrip("/") + "/")
    for bucket, key, upload in _uploads(below):
        inside = f"{bucket}/{key}".removeprefix(below.path)
        if f"{store.url.rstrip('/')}/{inside}" in unfinished:
            _abort(store.system, bucket, key, upload)


def sweep_folders(folders: Iterable[str], unfinished: Container[str]) -> None:
    """Removes the part files of unfinished outputs in folders of an SSH server."""
    for folder in folders:
        store = Store.of(folder)
        names: list[str] = []
        with suppress(OSError):
            names = store.system.ftp.listdir(store.path)
        for name in filter(is_ours, names):
            target = name.removesuffix(PART).rpartition(MARK)[0][1:]
            shortened = len(os.fsencode(target)) >= LONGEST
            if shortened or f"{folder}/{target}" in unfinished:
                _remove(store.system, f"{store.path}/{name}")


def _uploads(store: Store) -> Iterator[tuple[str, str, str]]:
    """Yields the uploads in progress whose names begin with the path: bucket, key and identifier.

    Yields nothing if the store is not one of S3.
    """
    if not hasattr(store.system, "call_s3"):
        return
    bucket, _, prefix = store.path.partition("/")
    after: dict[str, str] = {}
    while True:
        found = store.system.call_s3(
            "list_multipart_uploads", Bucket=bucket, Prefix=prefix, **after
        )
        for one in found.get("Uploads", ()):
            yield bucket, one["Key"], one["UploadId"]
        if not found.get("IsTruncated"):
            return
        after = {"KeyMarker": found["NextKeyMarker"], "UploadIdMarker": found["NextUploadIdMarker"]}


def _abort(system: Any, bucket: str, key: str, upload: str) -> None:
    with suppress(Exception):  # it was completed or aborted meanwhile
        system.call_s3("abort_multipart_upload", Bucket=bucket, Key=key, UploadId=upload)


def _remove(system: Any, path: str) -> None:
    with suppress(OSError):
        system.ftp.remove(path)
