"""Decodes icons: encapsulated Pixel Data in sequences that the target cannot hold."""

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom import tags
from dicomtx.dicom.attributes import nested_encapsulated
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.inspection import item_header
from dicomtx.engine.planning.plan import Changing, Code, reason_of
from dicomtx.engine.planning.planner import plan
from dicomtx.engine.transcoding.transcoder import Transcoder
from dicomtx.errors import UnsupportedError
from dicomtx.settings import Settings
from dicomtx.storage.source import Spool
from dicomtx.transfer_syntaxes import DEFAULT_TARGET


def decoded_icons(
    data_set: DataSet, around: Changing, codecs: Codecs, spool: Spool, settings: Settings
) -> list[Edit]:
    """Returns the edits that decode nested Pixel Data which the target cannot hold.

    Raises:
        UnsupportedError: an icon cannot be decoded.
    """
    edits: list[Edit] = []
    for path, item in nested_encapsulated(data_set):
        found = item_header(item, around.source)
        if found.first_stream and found.first_stream.fits(around.target.uid):
            continue
        if not found.syntax.encapsulated:
            raise UnsupportedError(
                "its icon image cannot be decoded: the transfer syntax is unknown"
            )
        if found.missing:
            raise UnsupportedError(
                f"its icon image cannot be decoded: {found.missing[0]} is missing"
            )
        made = plan(found, DEFAULT_TARGET, codecs, settings)
        if not isinstance(made, Code):
            raise UnsupportedError(f"its icon image cannot be decoded: {reason_of(made)}")
        made = made._replace(lossy_past=False)  # the lossy history belongs to the main image
        done = Transcoder(made, item, codecs, spool, settings).run()
        assert done.pixel_data is not None
        value = b"".join(done.pixel_data.value.chunks())
        edits.append(Edit(tags.PIXEL_DATA, done.pixel_data.vr, value, path))
        edits += (edit._replace(path=path) for edit in done.edits)
        spool.reset()
    return edits
