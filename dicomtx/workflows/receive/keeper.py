"""Stores complete instances in a folder, by a layout, and decides about duplicates."""

import hashlib
import os
import threading
from typing import Final, Literal

from dicomtx.dicom import tags
from dicomtx.dicom.part10 import open_part10
from dicomtx.errors import DestinationError, DicomtxError
from dicomtx.frozen import Frozen
from dicomtx.network.reception import DUPLICATE, SUCCESS, Answer
from dicomtx.storage.atomic_write import adopt
from dicomtx.storage.destination_folders import make_folder_below
from dicomtx.storage.local_file import LocalFile
from dicomtx.storage.source import CHUNK, Source, Written
from dicomtx.workflows.inputs.layout import Layout
from dicomtx.workflows.receive.journal import Journal
from dicomtx.workflows.receive.received import Received, arrived
from dicomtx.workflows.receive.staging import Staged
from dicomtx.workflows.receive.supervisor import Channel

Duplicates = Literal["keep", "overwrite", "reject"]
DIGEST: Final = 6  # bytes of the digest in the name of another instance with the same UID


class Arrived(Frozen):
    """The message that an instance is stored and waits for transcoding."""

    record: Received


class Keeper:
    """Stores the instances of one process."""

    def __init__(
        self,
        folder: str,
        layout: Layout,
        duplicates: Duplicates,
        channel: Channel,
        journal: Journal | None,
        *,
        waits: bool = False,
    ) -> None:
        """Prepares to store.

        Args:
            folder: the destination; no link below it is followed.
            layout: the names of the files.
            duplicates: what to do with an instance that is stored already.
            channel: gets a record of each instance.
            journal: what each instance was when it arrived; None if nothing is ever transcoded.
            waits: whether the instances wait for transcoding.
        """
        self._folder = folder
        self._layout = layout
        self._duplicates = duplicates
        self._channel = channel
        self._journal = journal
        self._waits = waits
        self._lock = threading.Lock()  # a connection to SQLite has one transaction at a time

    def __call__(self, staged: Staged) -> Answer:
        """Stores an instance durably, and returns the answer.

        Raises:
            DestinationError: it cannot be stored.
        """
        path = os.path.join(self._folder, self._layout.place(staged.elements))
        record = arrived(staged.incoming, staged.size - staged.data_set)._replace(
            path=path,
            study_instance_uid=staged.elements.text(tags.STUDY_INSTANCE_UID),
            target_syntax=staged.incoming.transfer_syntax_uid,
            bytes_out=staged.size,
            warnings=staged.warnings[:10],
        )
        if self._is_new(staged, path):
            return self._stored(staged, record)
        return self._again(staged, record)

    def _is_new(self, staged: Staged, path: str) -> bool:
        """Gives the file its name; returns false if there is one with this name."""
        for attempt in (1, 2):
            try:
                adopt(staged.path, path, overwrite=False, below=self._folder)
            except DestinationError as error:
                cause = error.__cause__
                if isinstance(cause, FileExistsError):
                    return False
                if attempt == 2 or not isinstance(cause, FileNotFoundError):
                    raise
                _make_folders(self._folder, path)
            else:
                return True
        raise AssertionError("the second attempt returns or raises")

    def _stored(self, staged: Staged, record: Received) -> Answer:
        """Notes a stored instance in the journal, and tells the parent."""
        if self._journal:
            with self._lock, self._journal.transaction():
                self._journal.put(record.path, staged.digest, record, pending=self._waits)
        self._channel.send(Arrived(record=record) if self._waits else record)
        return Answer(SUCCESS)

    def _again(self, staged: Staged, record: Received) -> Answer:
        """Handles an instance whose name is taken."""
        known = self._known(record.path)
        same = known == staged.digest if known else self._is_same(staged, record.path)
        if same and self._waits and not known:  # a kill came between the name and the journal
            return self._stored(staged, record)
        if self._duplicates == "reject":
            told = "stored before" if same else "another instance with this UID is stored"
            self._tell_duplicate(record, told, DUPLICATE)
            return Answer(DUPLICATE, told)
        if same:
            self._tell_duplicate(record, "stored before", SUCCESS)
            return Answer(SUCCESS)
        if self._duplicates == "overwrite":
            return self._overwritten(staged, record)
        return self._beside(staged, record)

    def _tell_duplicate(self, record: Received, reason: str, status: int) -> None:
        self._channel.send(
            record._replace(
                status="duplicate",
                reason=reason,
                dimse_status=f"{status:04X}",
                target_syntax="",
                bytes_out=0,
            )
        )

    def _overwritten(self, staged: Staged, record: Received) -> Answer:
        told = "replaced another instance with the same SOP Instance UID"
        record = record._replace(warnings=(*record.warnings, told))
        if self._journal is None:
            adopt(staged.path, record.path, overwrite=True, below=self._folder)
            return self._stored(staged, record)
        with self._lock, self._journal.transaction():  # not while a result replaces the old one
            adopt(staged.path, record.path, overwrite=True, below=self._folder)
            self._journal.put(record.path, staged.digest, record, pending=self._waits)
        self._channel.send(Arrived(record=record) if self._waits else record)
        return Answer(SUCCESS)

    def _beside(self, staged: Staged, record: Received) -> Answer:
        """Keeps both instances: the new one under a name that its content determines."""
        stem, ending = os.path.splitext(record.path)
        path = f"{stem}~{_digest(staged)}{ending}"
        told = f"another instance with the same SOP Instance UID is stored: {record.path}"
        record = record._replace(path=path, warnings=(*record.warnings, told))
        if self._is_new(staged, path):
            return self._stored(staged, record)
        self._tell_duplicate(record, "stored before", SUCCESS)
        return Answer(SUCCESS)

    def _known(self, path: str) -> bytes:
        """Returns the digest of what arrived for a path; empty if it is not known."""
        if self._journal is None:
            return b""
        with self._lock:
            return self._journal.digest_of(path)

    def _is_same(self, staged: Staged, path: str) -> bool:
        """Returns whether the data set of a stored file has the same bytes."""
        try:
            with LocalFile(path).open() as stored, open_part10(stored, whole=False) as part10:
                start = part10.start
                same = _equal(stored, start, Written(fd=staged.fd), staged.data_set)
                return same and (
                    part10.label is not None
                    and part10.label.uid == staged.incoming.transfer_syntax_uid
                )
        except DicomtxError:
            return False


def _equal(first: Source, start: int, second: Source, begin: int) -> bool:
    """Returns whether two data sets have the same bytes."""
    size = first.size - start
    if size != second.size - begin:
        return False
    return all(
        first.read(start + at, CHUNK) == second.read(begin + at, CHUNK)
        for at in range(0, size, CHUNK)
    )


def _digest(staged: Staged) -> str:
    """Returns the start of the digest of the data set."""
    digest = hashlib.blake2b(digest_size=32)
    for chunk in Written(fd=staged.fd).chunks(staged.data_set, staged.size - staged.data_set):
        digest.update(chunk)
    return digest.hexdigest()[: 2 * DIGEST]


def _make_folders(root: str, path: str) -> None:
    """Makes the folders of a file, and syncs each one, so that it survives a power failure."""
    make_folder_below(root, path)
    folder = os.path.dirname(path)
    while len(folder) > len(root):
        folder = os.path.dirname(folder)
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
