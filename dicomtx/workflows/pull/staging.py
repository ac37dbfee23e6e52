"""Keeps arriving instances until they are converted: complete and checked, or not at all.

Nothing that a peer sends becomes a path unless it is a UID.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from dicomtx.dicom import tags
from dicomtx.dicom.creation.received_meta import received_meta
from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.errors import DamagedError, DestinationError, DicomtxError, NetworkError
from dicomtx.network.retrieval import Arrival, Place, is_uid
from dicomtx.storage.part_files import remove_folder
from dicomtx.storage.source import Source, reason, write_all
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.convert.outcomes import hash_of

NAME: Final = ".dicomtx-pull.d"
ENDING: Final = ".dcm"
INCOMING: Final = "incoming"
MOST: Final = 1_000_000  # instances, if the peer does not list them
MOST_FAILURES: Final = 1000  # a peer that sends more that cannot be used sends something else
MOST_MORE: Final = 1000  # instances more than the peer listed: others may have just arrived there
UNKNOWN: Final = "instance "
UIDS: Final = {
    "Study Instance UID": tags.STUDY_INSTANCE_UID,
    "Series Instance UID": tags.SERIES_INSTANCE_UID,
    "SOP Instance UID": tags.SOP_INSTANCE_UID,
}


class Stage:
    """The folder where instances arrive. One process uses it at a time.

    Attributes:
        folder: its path.
        failures: what arrived and cannot be used: the error for each SOP Instance UID, or for a
            number such as "instance 3" if that is unknown.
        asked: what the peer was asked for now.
        arrived: the number of instances that arrived, usable or not.
        most: the most instances that can arrive.
    """

    def __init__(self, folder: str, wanted: Place, largest: int) -> None:
        self.folder = folder
        self.failures: dict[str, DicomtxError] = {}
        self.arrived = 0
        self.most = MOST
        self.asked = wanted
        self._largest = largest

    def forget_unknown(self, most: int) -> None:
        """Forgets failures of instances whose UIDs are unknown: they were retrieved again."""
        unknown = [name for name in self.failures if name.startswith(UNKNOWN)]
        for name in unknown[:most]:
            del self.failures[name]

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Makes the folder. It is removed if the block ends without an error.

        Raises:
            DestinationError: it cannot be made, or it is not ours.
        """
        try:
            with suppress(FileExistsError):
                os.mkdir(self.folder, 0o700)
            found = os.lstat(self.folder)
        except OSError as error:
            raise DestinationError(f"{self.folder}: cannot be made: {reason(error)}") from error
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise DestinationError(f"{self.folder}: it is not a folder of this user; remove it")
        yield
        remove_folder(self.folder)

    def path_of(self, place: Place) -> str:
        """Returns the path of an instance; its UIDs must be valid."""
        return os.path.join(self.folder, *place) + ENDING

    def has(self, place: Place) -> bool:
        """Whether an instance is here."""
        return os.path.exists(self.path_of(place))

    def receive(self, arrival: Arrival) -> bool:
        """Stores an instance, or notes why it cannot be used. Returns whether it is stored.

        Raises:
            NetworkError: it is cut off, or too large, or too many arrived.
            DestinationError: it cannot be written.
        """
        self.arrived += 1
        if self.arrived > self.most or len(self.failures) > MOST_FAILURES:
            raise NetworkError(f"the peer sent {self.arrived} instances, more than it can have")
        path = os.path.join(self.folder, INCOMING)
        flags = os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            fd = os.open(path, flags, 0o600)
        except OSError as error:
            raise DestinationError(f"{path}: cannot be written: {reason(error)}") from error
        try:
            self._write(arrival, fd)
            return self._keep(path, fd, arrival.sop_instance_uid)
        finally:
            os.close(fd)
            with suppress(FileNotFoundError):
                os.unlink(path)

    def _write(self, arrival: Arrival, fd: int) -> None:
        """Writes an instance as a Part 10 file."""
        if arrival.sop_class_uid:
            uids = (arrival.sop_class_uid, arrival.sop_instance_uid, arrival.transfer_syntax_uid)
            write_all(fd, received_meta(*uids, ""))
        size = 0
        for chunk in arrival.chunks:
            size += len(chunk)
            if size > self._largest:
                raise NetworkError(f"an instance exceeds {self._largest} bytes; see --max-size")
            write_all(fd, chunk)

    def _keep(self, path: str, fd: int, uid: str) -> bool:
        """Gives a file its name, if it is a whole instance of what was asked for.

        By C-GET, ``uid`` is the SOP Instance UID of the command.
        """
        name = self.asked.instance or uid or f"{UNKNOWN}{self.arrived}"
        try:
            with boundary():
                place = self._place(Source(fd=fd))
                name = self.asked.instance or place.instance
                if uid not in ("", place.instance):
                    raise DamagedError(f"the peer sent {place.instance} as {uid}")
                self._check(place, path)
        except DicomtxError as error:
            self.failures[name] = error
            return False
        self.failures.pop(name, None)
        try:
            os.fsync(fd)
            os.makedirs(os.path.dirname(self.path_of(place)), exist_ok=True)
            os.rename(path, self.path_of(place))
        except OSError as error:
            raise DestinationError(f"{path}: cannot be written: {reason(error)}") from error
        return True

    def _place(self, file: Source) -> Place:
        """Returns the UIDs of a file.

        Raises:
            SourceError: it is not DICOM, or it is cut off.
            DamagedError: a UID is missing or invalid.
        """
        with open_part10(file) as part10:
            read_file_info(part10)
            uids = [part10.data_set.text(tag) or "" for tag in UIDS.values()]
        for name, uid in zip(UIDS, uids, strict=True):
            if not is_uid(uid):
                raise DamagedError(f"its {name} is {uid[:80]!r}, which is not a UID (PS3.5 9.1)")
        return Place(*uids)

    def _check(self, place: Place, path: str) -> None:
        """Checks that an instance was asked for, and is not a second one with the same UID."""
        for name, own, asked in zip(UIDS, place, self.asked, strict=True):
            if asked not in ("", own):
                raise DamagedError(f"its {name} is {own}, but {asked} was asked for")
        if self.has(place) and hash_of(path) != hash_of(self.path_of(place)):
            raise DamagedError("it arrived twice, with different contents")
