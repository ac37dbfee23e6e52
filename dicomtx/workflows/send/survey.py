"""Reads the headers of files before they are sent.

An association has to name the SOP classes and syntaxes of its instances. What was read is kept, so
that a file that leaves unchanged is parsed once.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.data_set import DataSet
from dicomtx.dicom.elements import EXPLICIT
from dicomtx.dicom.inspection import FileInfo, read_file_info
from dicomtx.dicom.part10 import Part10, open_part10
from dicomtx.engine.planning.policy import Subject
from dicomtx.errors import DicomtxError
from dicomtx.network.delivery import Contexts
from dicomtx.storage.local_file import Stat
from dicomtx.storage.location import Location
from dicomtx.storage.source import Source
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.send.leaving import wanted
from dicomtx.workflows.send.options import SendOptions

NO_ELEMENTS: Final = DataSet(Source(), EXPLICIT, ())


class Examined(NamedTuple):
    """A file, as its header describes it.

    Attributes:
        header: its properties.
        data_set: the offset of the data set.
        size: the size of the file.
        wrong: whether the data set does not match its label, so that a peer could not read it.
        stat: the status of the file before it was read; None if it is not known.
    """

    header: FileInfo
    data_set: int
    size: int
    wrong: bool
    stat: Stat | None = None

    def subject(self, elements: DataSet = NO_ELEMENTS) -> Subject:
        """Returns the file as policies and negotiations see it: its label is its real syntax.

        Args:
            elements: those of the file; only policies need them.
        """
        return Subject(self.header._replace(label=self.header.syntax), elements, self.size)


class Survey(NamedTuple):
    """What was read of several files.

    Attributes:
        contexts: what to ask a DICOM peer to accept (rule 36 of Orthanc).
        files: those that could be read.
    """

    contexts: Contexts
    files: Mapping[Location, Examined]


def examined(part10: Part10) -> Examined:
    """Returns what the header of an open file says."""
    header, label = read_file_info(part10), part10.label
    mislabelled = label is not None and label != header.syntax
    return Examined(
        header=header,
        data_set=part10.start,
        size=part10.file.size,
        wrong=mislabelled or (part10.has_meta and not header.sound),
    )


def survey(files: Iterable[Location], options: SendOptions, codecs: Codecs) -> Survey:
    """Reads the headers of files. One that cannot be read is left out."""
    contexts: dict[str, dict[str, None]] = {}
    known = {}
    for source in files:
        try:
            with boundary():
                stat = source.stat()
                with (
                    source.open() as file,
                    open_part10(file, salvage=options.settings.salvage) as part10,
                ):
                    found = examined(part10)
                    syntaxes = wanted(found.subject(part10.data_set), options, codecs)
        except DicomtxError:
            continue
        known[source] = found._replace(stat=stat)
        contexts.setdefault(found.header.sop_class_uid, {}).update(dict.fromkeys(syntaxes))
    asked = {sop_class: tuple(syntaxes) for sop_class, syntaxes in contexts.items()}
    return Survey(asked, known)
