"""The store of one object: its status, its bytes by range, and the objects below it."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

from dicomtx.errors import DicomtxError, SourceError, UnsupportedError
from dicomtx.storage.local_file import Stat
from dicomtx.urls import reason_of

SSH: Final = ("sftp", "ssh")
TIMES: Final = ("LastModified", "last_modified", "updated", "mtime", "modified", "Last-Modified")
VERSIONS: Final = ("ETag", "etag", "VersionId", "generation", "md5Hash", "content_md5")
OTHER_PACKAGES: Final = {
    "abfss": "adlfs"
}  # schemes that fsspec knows only after they are installed
UNKNOWN: Final = "Protocol not known"  # the message of fsspec
BILLION: Final = 10**9


class Listed(NamedTuple):
    """One object below a URL.

    Attributes:
        url: its URL.
        relative: its path below the URL.
        stat: its status.
    """

    url: str
    relative: str
    stat: Stat


class Store(NamedTuple):
    """An object in its store. The file system of fsspec is not pickled."""

    url: str
    system: Any
    path: str

    @classmethod
    def of(cls, url: str) -> "Store":
        """Returns the store of a URL.

        Raises:
            UnsupportedError: a package is missing.
            SourceError: the store cannot be reached.
        """
        try:
            import fsspec  # noqa: PLC0415 - an extra, and 50 ms
        except ImportError as error:
            raise UnsupportedError("a URL needs fsspec: pip install 'dicomtx[remote]'") from error
        scheme = url.partition("://")[0]
        options = {} if scheme in SSH else {"use_listings_cache": False}
        try:
            if scheme in SSH:
                from dicomtx.storage.remote.sftp import register  # noqa: PLC0415 - brings paramiko

                register()
            system, path = fsspec.core.url_to_fs(url, **options)
        except Exception as error:
            if isinstance(error, ImportError) or UNKNOWN in str(error):
                raise UnsupportedError(_missing_package(scheme, error)) from error
            raise SourceError(f"cannot be reached: {reason_of(error)}") from error
        return cls(url, system, str(path))

    def info(self) -> Mapping[str, Any] | None:
        """Returns what the store knows about the object; None if it does not exist.

        Raises:
            SourceError: the store does not answer, or refuses.
        """
        try:
            found: Mapping[str, Any] = self.system.info(self.path)
        except FileNotFoundError:
            return None
        except Exception as error:
            raise SourceError(f"cannot be read: {reason_of(error)}") from error
        return found

    def fetch(self, start: int, end: int) -> bytes:
        """Returns the bytes from ``start`` to ``end``.

        Raises:
            SourceError: the store does not answer, or refuses.
        """
        try:
            return bytes(self.system.cat_file(self.path, start=start, end=end))
        except Exception as error:
            raise SourceError(f"cannot be read: {reason_of(error)}") from error

    def listing(self) -> Iterator[Listed]:
        """Yields the objects below this URL by name, one folder at a time.

        Raises:
            SourceError: the store does not answer, or refuses.
        """
        waiting = [self.path]
        while waiting:
            folder = waiting.pop()
            inner = []
            for entry in self._entries(folder):
                name = str(entry["name"]).rstrip("/")
                if entry["type"] == "directory":
                    inner.append(name)
                elif name != folder.rstrip("/"):  # S3 lists a folder that is an object itself
                    relative = name[len(self.path.rstrip("/")) :].strip("/")
                    url = f"{self.url.rstrip('/')}/{relative}"
                    yield Listed(url, relative, stat_of(entry))
            waiting += reversed(inner)

    def objects(self) -> Iterator[tuple[str, Stat]]:
        """Yields the names of the objects in this folder. A missing folder is an empty one.

        Raises:
            SourceError: the store does not answer, or refuses.
        """
        try:
            entries = self.system.ls(self.path, detail=True)
        except FileNotFoundError:
            return
        except Exception as error:
            raise SourceError(f"cannot be listed: {reason_of(error)}") from error
        for entry in entries:
            folder, _, name = str(entry["name"]).rpartition("/")
            if entry["type"] != "directory" and folder.strip("/") == self.path.strip("/"):
                yield name, stat_of(entry)

    def _entries(self, folder: str) -> list[Mapping[str, Any]]:
        try:
            return sorted(self.system.ls(folder, detail=True), key=lambda one: str(one["name"]))
        except Exception as error:
            raise SourceError(f"cannot be listed: {reason_of(error)}") from error


def _missing_package(scheme: str, error: Exception) -> str:
    """Returns what to install to read URLs of a scheme."""
    from fsspec.registry import known_implementations  # noqa: PLC0415 - an extra

    package = str(known_implementations.get(scheme, {}).get("class", "")).partition(".")[0]
    package = OTHER_PACKAGES.get(scheme, package)
    known = package not in ("", "fsspec")
    return f"{scheme}:// needs another package: {f'pip install {package}' if known else error}"


def stat_of(info: Mapping[str, Any]) -> Stat:
    """Returns the status of an object.

    Stores know the time in seconds. The fraction comes from the version, such as the ETag, so that
    the time differs if the content does.

    Raises:
        SourceError: it is a folder, or the store does not know its size.
    """
    if info.get("type") == "directory":
        raise SourceError("is a folder; dicomtx batch converts folders")
    size = info.get("size")
    if size is None:
        raise SourceError("cannot be read: the server does not tell its size")
    version = tuple(str(info[key]) for key in VERSIONS if info.get(key))[:1]  # listings have fewer
    seconds = _seconds(next((info[key] for key in TIMES if info.get(key)), None))
    digest = hashlib.blake2b(repr(version).encode(), digest_size=8).digest()
    fraction = int.from_bytes(digest) % BILLION if version else 0
    time = int(seconds) * BILLION + (fraction or int(seconds % 1 * BILLION))
    return Stat(int(size), time, 0o666, (str(info.get("name", "")),), (*version, seconds))


def _seconds(time: Any) -> float:
    """Returns the seconds since 1970; 0 if the store does not know the time."""
    try:
        if isinstance(time, datetime):
            return time.timestamp()
        if isinstance(time, str):
            try:
                return datetime.fromisoformat(time).timestamp()
            except ValueError:
                return parsedate_to_datetime(time).timestamp()
        return float(time or 0)
    except (TypeError, ValueError):
        return 0.0


def missing() -> DicomtxError:
    """Returns the error for an object that does not exist."""
    return SourceError("cannot be read: no such object")
