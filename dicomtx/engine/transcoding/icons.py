"""Encapsulated Pixel Data within sequences (icons): it is in the data set's syntax, or native."""

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
    """Returns the edits that make nested Pixel Data native where the target does not hold it.

    Raises:
        UnsupportedError: one cannot be decoded.
    """
    edits: list[Edit] = []
    for path, item in nested_encapsulated(data_set):
        found = item_header(item, around.source)
        if found.first_stream and found.first_stream.fits(around.target.uid):
            continue
        if not found.syntax.encapsulated:
            raise UnsupportedError("an icon in it is in no transfer syntax that can be told")
        if found.missing:
            raise UnsupportedError(f"an icon in it cannot be decoded: it has no {found.missing[0]}")
        made = plan(found, DEFAULT_TARGET, codecs, settings)
        if not isinstance(made, Code):
            raise UnsupportedError(f"an icon in it cannot be decoded: {reason_of(made)}")
        made = made._replace(lossy_past=False)  # an icon has no history of its own
        done = Transcoder(made, item, codecs, spool, settings).run()
        assert done.pixel_data is not None
        value = b"".join(done.pixel_data.value.chunks())
        edits.append(Edit(tags.PIXEL_DATA, done.pixel_data.vr, value, path))
        edits += (edit._replace(path=path) for edit in done.edits)
        spool.reset()
    return edits
