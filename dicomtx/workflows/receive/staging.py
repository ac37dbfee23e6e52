"""Writes each instance to a part file as it arrives, and checks it when it is complete."""

import errno
import hashlib
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from dicomtx.dicom import tags
from dicomtx.dicom.creation.received_meta import received_meta
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.part10 import open_part10
from dicomtx.errors import DestinationError, DicomtxError
from dicomtx.frozen import Frozen
from dicomtx.limits import enforce, in_force
from dicomtx.network.reception import (
    FAILURE,
    INVALID_INSTANCE,
    MISMATCH,
    NOT_UNDERSTOOD,
    OUT_OF_RESOURCES,
    Answer,
    Caller,
    Incoming,
    Receiver,
)
from dicomtx.storage import part_files
from dicomtx.storage.part_files import PartFile
from dicomtx.storage.source import Written, reason, write_all

FOLDER: Final = ".dicomtx-incoming"
"""The folder of the part files. It is in the destination, so that a rename publishes them."""
MODE: Final = 0o666  # of published files, subject to the umask; the folder is private
LOOK: Final = 1 << 26  # bytes after which the free space is checked again
MOST_ELEMENTS: Final = 1 << 16  # of one data set; real ones have hundreds, or a few thousands
UID_LENGTH: Final = 64  # characters (PS3.5 9.1)
UID_CHARACTERS: Final = frozenset("0123456789.")


class Staged(Frozen):
    """A complete instance in a part file. It is removed later, unless it is moved or linked.

    Attributes:
        incoming: the UIDs of the command, the transfer syntax, and the caller.
        path: the part file: a Part 10 file, synced to the disk.
        fd: its descriptor.
        data_set: the offset of the data set in it.
        size: its size in bytes.
        digest: BLAKE2b of the data set as it came; empty if it was not asked for.
        elements: the elements of the data set, valid until the handler returns.
        warnings: deviations from the standard.
    """

    incoming: Incoming
    path: str
    fd: int
    data_set: int
    size: int
    digest: bytes
    elements: DataSet
    warnings: tuple[str, ...]


StagedHandler = Callable[[Staged], Answer]
"""Decides what happens to a complete instance; the status is sent when it returns."""
Note = Callable[[Caller | str, str], None]


class Staging(Frozen):
    """Where and how instances are staged: the ``Handler`` of a Storage SCP.

    Attributes:
        folder: the folder of the part files.
        take: gets each complete instance.
        refused: called with an instance that was not stored, its answer, and its size.
        tell: called with what happened to an association.
        min_free: bytes of the file system that stay free.
        hashed: compute the digest of each data set.
    """

    folder: str
    take: StagedHandler
    refused: Callable[[Incoming, Answer, int], None]
    tell: Note
    min_free: int = 0
    hashed: bool = False

    def begin(self, incoming: Incoming) -> Receiver | Answer:
        """Opens a part file for an instance, and writes the file meta information."""
        if not is_uid(incoming.sop_instance_uid):
            answer = Answer(INVALID_INSTANCE, "SOP Instance UID is not a UID")
        elif self.is_full():
            answer = Answer(OUT_OF_RESOURCES, "not enough disk space")
        else:
            try:
                return _Part(self, incoming)
            except OSError as error:
                answer = _not_written(error)
        self.refused(incoming, answer, 0)
        return answer

    def note(self, caller: Caller | str, text: str) -> None:
        """Passes on what happened to an association."""
        self.tell(caller, text)

    def is_full(self) -> bool:
        """Returns whether the file system has less free space than it must keep."""
        try:
            found = os.statvfs(self.folder)
        except OSError:
            return False
        return found.f_bavail * found.f_frsize < self.min_free


class _Part:
    """One instance on its way to the disk."""

    def __init__(self, staging: Staging, incoming: Incoming) -> None:
        self._staging = staging
        self._incoming = incoming
        self._part: PartFile | None = part_files.create(
            os.path.join(staging.folder, "instance"), MODE
        )
        self._fd = self._part.fd
        self._failed: Answer | None = None
        self._hash = hashlib.blake2b(digest_size=32) if staging.hashed else None
        meta = received_meta(
            incoming.sop_class_uid,
            incoming.sop_instance_uid,
            incoming.transfer_syntax_uid,
            incoming.caller.calling_aet,
        )
        self._start = self._size = len(meta)
        self._looked = 0
        self._write(memoryview(meta))

    def write(self, data: memoryview) -> None:
        """Appends bytes of the data set, as long as the disk has room."""
        self._size += len(data)
        if self._failed:
            return
        if self._hash:
            self._hash.update(data)
        if self._size - self._looked > LOOK:
            self._looked = self._size
            if self._staging.is_full():
                self._fail(Answer(OUT_OF_RESOURCES, "not enough disk space"))
                return
        self._write(data)

    def _write(self, data: memoryview) -> None:
        try:
            write_all(self._fd, data)
        except DestinationError as error:
            self._fail(_not_written(error))

    def _fail(self, answer: Answer) -> None:
        """Gives the disk space back at once; the rest of the data set is read and dropped."""
        self._failed = answer
        self.discard()

    def finish(self) -> Answer:
        """Checks the instance, gives it to the handler, and returns the answer."""
        try:
            answer = self._failed or self._checked()
        except (DestinationError, OSError) as error:
            answer = _not_written(error)
        except Exception as error:  # noqa: BLE001 - a bug must not end the server
            lines = "".join(traceback.format_exception(error))
            self._staging.tell(self._incoming.caller, f"a bug in dicomtx: {lines}")
            answer = Answer(FAILURE, "a bug in dicomtx")
        finally:
            self.discard()
        if answer.status:
            self._staging.refused(self._incoming, answer, self._size - self._start)
        return answer

    def _checked(self) -> Answer:
        assert self._part
        try:
            with _read_back(self._fd) as (elements, warnings):
                told = _mismatch(self._incoming, elements)
                if told:
                    return Answer(MISMATCH, told)
                os.fsync(self._fd)
                digest = self._hash.digest() if self._hash else b""
                return self._staging.take(
                    Staged(
                        incoming=self._incoming,
                        path=self._part.path,
                        fd=self._fd,
                        data_set=self._start,
                        size=self._size,
                        digest=digest,
                        elements=elements,
                        warnings=warnings,
                    )
                )
        except DestinationError:
            raise
        except DicomtxError as error:
            return Answer(NOT_UNDERSTOOD, str(error))

    def discard(self) -> None:
        """Removes the part file, unless it was published."""
        part, self._part = self._part, None
        if part:
            part.close()


@contextmanager
def _read_back(fd: int) -> Iterator[tuple[DataSet, tuple[str, ...]]]:
    """Yields the elements of a part file, and what is wrong with it."""
    with open_part10(Written(fd=fd)) as part10:
        yield part10.data_set, part10.warnings


def _mismatch(incoming: Incoming, elements: DataSet) -> str:
    """Returns why the data set is not what the command says; empty if it is."""
    if elements.text(tags.SOP_CLASS_UID) != incoming.sop_class_uid:
        return "SOP Class UID of the data set differs from the command's"
    if elements.text(tags.SOP_INSTANCE_UID) != incoming.sop_instance_uid:
        return "SOP Instance UID of the data set differs from the command's"
    return ""


def is_uid(text: str) -> bool:
    """Returns whether a text has only characters of UIDs, and not too many (PS3.5 9.1)."""
    return 0 < len(text) <= UID_LENGTH and set(text) <= UID_CHARACTERS


def _not_written(error: OSError | DicomtxError) -> Answer:
    """Returns the answer for an instance that cannot be written to the disk."""
    cause = error if isinstance(error, OSError) else error.__cause__
    number = cause.errno if isinstance(cause, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Answer(OUT_OF_RESOURCES, "not enough disk space")
    told = reason(error) if isinstance(error, OSError) else str(error)
    return Answer(OUT_OF_RESOURCES, f"cannot store: {told}")


def confine(private: str) -> None:
    """Limits what the data of strangers can use in this process, for one that only receives.

    An inflated data set goes to the private folder, not to a temporary folder of the system. A
    data set with millions of elements is refused, since to read them takes minutes.
    """
    os.environ["TMPDIR"] = private
    limits = in_force()
    enforce(limits._replace(elements=min(limits.elements, MOST_ELEMENTS)))


def prepare(folder: str) -> str:
    """Makes the folder for part files in a destination, removes stale ones; returns its path.

    Raises:
        DestinationError: it cannot be made, or it is a symbolic link.
    """
    path = os.path.join(folder, FOLDER)
    try:
        os.makedirs(folder, exist_ok=True)
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)
        if os.path.islink(path):
            raise DestinationError(f"{path} is a symbolic link; remove it")
        os.close(os.open(path, part_files.FOLDER))
    except OSError as error:
        raise DestinationError(f"cannot write to {folder}: {reason(error)}") from error
    part_files.sweep(path)
    return path
