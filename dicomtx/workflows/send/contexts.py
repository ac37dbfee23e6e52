"""Finds out what to ask a peer to accept, before the association that has to name it."""

from collections.abc import Iterable

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.inspection import read_file_info
from dicomtx.dicom.part10 import open_part10
from dicomtx.errors import DicomtxError
from dicomtx.network.delivery import Contexts
from dicomtx.storage.location import Location
from dicomtx.workflows.boundary import boundary
from dicomtx.workflows.send.leaving import subject_of, wanted
from dicomtx.workflows.send.options import SendOptions


def contexts_of(files: Iterable[Location], options: SendOptions, codecs: Codecs) -> Contexts:
    """Returns what to ask a DICOM peer to accept, for these files (rule 36 of Orthanc)."""
    contexts: dict[str, dict[str, None]] = {}
    for source in files:
        try:
            with (
                boundary(),
                source.open() as file,
                open_part10(file, salvage=options.settings.salvage) as part10,
            ):
                subject = subject_of(part10, read_file_info(part10))
                syntaxes = wanted(subject, options, codecs)
                contexts.setdefault(subject.header.sop_class_uid, {}).update(
                    dict.fromkeys(syntaxes)
                )
        except DicomtxError:
            continue
    return {sop_class: tuple(syntaxes) for sop_class, syntaxes in contexts.items()}
