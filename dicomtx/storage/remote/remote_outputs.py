"""The outputs of a batch in a store that fsspec knows: their names are URLs."""

import os
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, Final, NoReturn

from dicomtx.errors import DestinationError, DicomtxError, UsageError
from dicomtx.storage.local_file import Stat
from dicomtx.storage.remote.remote_file import RemoteFile
from dicomtx.storage.remote.store import Store, stat_of
from dicomtx.storage.remote.unfinished import sweep_folders, sweep_object, sweep_uploads
from dicomtx.urls import checked, reason_of, without_secrets

MOST_LISTED: Final = 32  # folders
MOST_MADE: Final = 10_000
RESERVED: Final = ("?", "::")  # fsspec gives them a meaning

UNWRITTEN: Final = {
    **dict.fromkeys(("http", "https"), "write to a folder, or send the files with 'dicomtx send'"),
    **dict.fromkeys(("file", "local"), "use the path of the folder"),
}
UNSAFE: Final[tuple[tuple[Callable[[str], bool], str], ...]] = (
    (lambda char: char < " " or char == "\x7f", "a control character"),
    (lambda char: "\ud800" <= char <= "\udfff", "bytes that are not UTF-8"),
)

_made: set[str] = set()  # folders that this process has made


class RemoteOutputs:
    """Outputs in a store. Each question is a request to it.

    Attributes:
        changeable: whether outputs can be changed where they are.
    """

    changeable = False

    def absolute(self, output: str) -> str:
        """Returns the URL: it does not depend on the working directory."""
        return output

    def real(self, output: str) -> str:
        """Returns the URL without a slash at its end."""
        return output.rstrip("/")

    def named(self, folder: str, relative: str) -> str:
        """Returns the URL of an output.

        Raises:
            UsageError: the path has characters that a URL gives another meaning.
        """
        bad = next((repr(mark) for mark in RESERVED if mark in relative), "")
        bad = bad or next((why for held, why in UNSAFE if any(map(held, relative))), "")
        if bad:
            raise UsageError(f"an output at a URL cannot have {bad} in its name: rename the file")
        return f"{folder.rstrip('/')}/{relative}"

    def is_file(self, place: str) -> bool:
        """Returns whether a URL is that of an object, not of a folder.

        Raises:
            UsageError: the URL has a password or a query, or its kind cannot be written.
            DestinationError: the store does not answer, or refuses, or has no such bucket.
        """
        name = without_secrets(checked(place))
        if "?" in place:
            raise UsageError(f"{name}: DST cannot have a query ('?')")
        instead = UNWRITTEN.get(place.partition("://")[0].lower())
        if instead:
            raise UsageError(f"{name}: batch cannot write to this kind of URL; {instead}")
        there = RemoteOutputs.stat(self, place.rstrip("/"))
        if there is None and _lacks_bucket(place):
            raise DestinationError(f"{name} cannot be written: no such bucket")
        return there is not None

    def exists(self, output: str) -> bool:
        """Returns whether there is an object.

        Raises:
            DestinationError: the store does not answer, or refuses.
        """
        return self.stat(output) is not None

    def stat(self, output: str, *, follow: bool = True) -> Stat | None:  # noqa: ARG002 - no links
        """Returns the status of an object, with its version; None if it is missing.

        Raises:
            DestinationError: the store does not answer, or refuses.
        """
        try:
            info = Store.of(output).info()
            return stat_of(info) if info and info.get("type") != "directory" else None
        except DicomtxError as error:
            _unknown(output, error)

    def version(self, output: str) -> Stat | None:
        """Returns the status of an object: it changes if the content does."""
        return self.stat(output)

    def located(self, output: str) -> RemoteFile:
        """Returns the object."""
        return RemoteFile(output)

    def make_folder_of(self, output: str, *, below: str) -> None:  # noqa: ARG002 - no links
        """Makes the folder of an output on an SSH server; others need none.

        Raises:
            DestinationError: it cannot be made.
        """
        folder = output.rpartition("/")[0]
        if folder in _made:
            return
        try:
            store = Store.of(folder)
            if hasattr(store.system, "ftp"):
                _make_folder(store.system, store.path)
        except Exception as error:
            raise DestinationError(
                f"cannot make {without_secrets(folder)}: {reason_of(error)}"
            ) from error
        if len(_made) >= MOST_MADE:
            _made.clear()
        _made.add(folder)

    def sweep(self, place: str, unfinished: Collection[str]) -> None:
        """Removes what killed processes left of the unfinished outputs below a URL."""
        with suppress(Exception):  # not everybody may list uploads
            store = Store.of(place)
            if hasattr(store.system, "ftp"):
                sweep_folders({output.rpartition("/")[0] for output in unfinished}, unfinished)
            elif any(True for _ in unfinished):
                sweep_uploads(store, unfinished)

    def sweep_for(self, output: str) -> None:
        """Removes what killed processes left of this output."""
        with suppress(Exception):
            sweep_object(Store.of(output))


class ListedOutputs(RemoteOutputs):
    """Outputs in a store, by listings of their folders: far fewer requests than outputs.

    An answer can be as old as this object.
    """

    def __init__(self) -> None:
        """Has no listing yet."""
        self._folders: dict[str, dict[str, Stat]] = {}

    def stat(self, output: str, *, follow: bool = True) -> Stat | None:  # noqa: ARG002 - no links
        """Returns the status of an object when its folder was listed; None if it was missing.

        Raises:
            DestinationError: the store does not answer, or refuses.
        """
        folder, _, name = output.rpartition("/")
        if folder not in self._folders:
            while len(self._folders) >= MOST_LISTED:
                del self._folders[next(iter(self._folders))]
            self._folders[folder] = _listed(folder)
        return self._folders[folder].get(name)


def _lacks_bucket(place: str) -> bool:
    """Whether S3 certainly has no such bucket. Not everybody may ask."""
    with suppress(DicomtxError):
        store = Store.of(place)
        bucket = Store(place, store.system, store.path.partition("/")[0])
        return hasattr(store.system, "call_s3") and bucket.info() is None
    return False


def _listed(folder: str) -> dict[str, Stat]:
    """Returns the objects in a folder by name. A missing folder is an empty one."""
    try:
        return dict(Store.of(folder).objects())
    except DicomtxError as error:
        _unknown(folder, error)


def _unknown(place: str, error: DicomtxError) -> NoReturn:
    raise DestinationError(f"{without_secrets(place)} {error}") from error


def _make_folder(system: Any, folder: str) -> None:
    """Makes a folder and missing parents; other processes can do the same meanwhile."""
    missing = []
    while folder not in ("", "/") and not system.exists(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for path in reversed(missing):
        try:
            system.ftp.mkdir(path)
        except OSError:
            if not system.isdir(path):
                raise
