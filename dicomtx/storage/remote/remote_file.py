"""Remote objects as sources."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from dicomtx.storage.local_file import Stat
from dicomtx.storage.remote.ranges import opened_ranges
from dicomtx.storage.remote.store import Store, missing, stat_of
from dicomtx.storage.source import Source
from dicomtx.urls import checked, without_secrets

MOST_LISTED: Final = 10_000

_listed: dict[str, Stat] = {}  # by URL: what a listing said, until ``stat`` asks for it


class RemoteFile(NamedTuple):
    """An object that fsspec can read, such as ``s3://bucket/ct.dcm``."""

    url: str

    @classmethod
    def of(cls, url: str) -> "RemoteFile":
        """Returns the object of a URL.

        Raises:
            UsageError: the URL has a password.
        """
        return cls(checked(url))

    @property
    def name(self) -> str:
        """The URL, without a query, which can be a signature."""
        return without_secrets(self.url)

    @property
    def path(self) -> str:
        """Empty: there is no local file."""
        return ""

    def absolute(self) -> "RemoteFile":
        """Returns itself."""
        return self

    def stat(self) -> Stat | None:
        """Returns the status of the object; None if it does not exist.

        The first call after a listing returns what the listing said, without a request.

        Raises:
            SourceError: the store does not answer, or refuses.
        """
        known = _listed.pop(self.url, None)
        if known:
            return known
        info = Store.of(self.url).info()
        return stat_of(info) if info else None

    def remember(self, stat: Stat) -> None:
        """Sets what the next call of ``stat`` returns, without a request."""
        if len(_listed) >= MOST_LISTED:
            _listed.clear()
        _listed[self.url] = stat

    @contextmanager
    def open(self) -> Iterator[Source]:
        """Opens the object; bytes are fetched when they are read.

        Raises:
            SourceError: the object is missing or cannot be read.
        """
        store = Store.of(self.url)
        info = store.info()
        if info is None:
            raise missing()
        with opened_ranges(store.fetch, stat_of(info).size) as source:
            yield source

    def files(self) -> Iterator[tuple["RemoteFile", str]]:
        """Yields the objects below this URL with their relative paths; or itself with ``""``.

        Raises:
            SourceError: the store does not answer, refuses, or has nothing there.
        """
        store = Store.of(self.url)
        info = None if self.url.endswith("/") else store.info()
        if info and info.get("type") != "directory":
            yield self, ""
            return
        empty = True
        for found in store.listing():
            empty = False
            file = RemoteFile(found.url)
            file.remember(found.stat)
            yield file, found.relative
        if empty and info is None:
            raise missing()
