"""Carries out any plan that writes a new data set, with one case for each kind of work."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, assert_never

from dicomtx.codecs.registry import Codecs
from dicomtx.dicom.attributes import image_edits, image_pixel
from dicomtx.dicom.data_set import DataSet, Edit
from dicomtx.dicom.pixel_data.native_passthrough import native_passthrough
from dicomtx.engine.planning.plan import Changing, Code, Recompress, Reencapsulate, Rewrite
from dicomtx.engine.transcoding.place import Place
from dicomtx.engine.transcoding.transcoded import Transcoded
from dicomtx.settings import Settings
from dicomtx.storage.source import Spool

if TYPE_CHECKING:
    from dicomtx.dicom.pixel_data.frame_writers import EncapsulatedWriter


class Means(NamedTuple):
    """The codecs, settings and storage that a plan uses.

    Attributes:
        codecs: the enabled codecs.
        settings: the settings for this file.
        spool: collects the new Pixel Data.
        icon_spool: collects the pixels of icons.
        progress: called after each frame with the number of finished frames and of all frames.
        place: returns where frames begin in the output with these edits and this Pixel Data; None
            if they cannot be written there directly.
    """

    codecs: Codecs
    settings: Settings
    spool: Spool
    icon_spool: Spool
    progress: Callable[[int, int], None] | None = None
    place: Place | None = None

    def encapsulated(self) -> "EncapsulatedWriter":
        """Returns the writer of the new Pixel Data, for code streams."""
        from dicomtx.dicom.pixel_data.frame_writers import EncapsulatedWriter  # noqa: PLC0415 - native to native needs none

        return EncapsulatedWriter(self.spool, self.settings.offset_table)


def carry_out(plan: Changing, data_set: DataSet, means: Means) -> Transcoded:
    """Returns the new Pixel Data and the edits that belong to it.

    numpy and the codecs are imported only if the plan needs them.

    Raises:
        DicomtxError: the plan fails; the message says why.
    """
    salvage = means.settings.salvage
    match plan:
        case Rewrite():
            return _rewritten(plan, data_set, salvage=salvage)
        case Reencapsulate():
            from dicomtx.engine.transcoding.reencapsulate import rewrapped  # noqa: PLC0415 - seldom needed

            return rewrapped(plan, data_set, means.encapsulated(), salvage=salvage)
        case Recompress():
            from dicomtx.engine.transcoding.jpegxl_recompression import repacked  # noqa: PLC0415 - seldom needed

            done = repacked(plan, data_set, means.encapsulated(), salvage=salvage)
            return done._replace(edits=(*done.edits, *_icons(plan, data_set, means)))
        case Code():
            from dicomtx.engine.transcoding.transcoder import Transcoder  # noqa: PLC0415 - brings numpy

            codecs, settings, spool = means.codecs, means.settings, means.spool
            icons = _icons(plan, data_set, means)  # first, as frames are written behind them
            transcoder = Transcoder(plan, data_set, codecs, spool, settings, means.progress)
            return transcoder.run(means.place, icons)
        case _:
            assert_never(plan)


def _rewritten(plan: Rewrite, data_set: DataSet, *, salvage: bool) -> Transcoded:
    """Returns native Pixel Data in the target's byte order; None if the source can be copied."""
    labelled = image_pixel(data_set)
    edits = image_edits(labelled, plan.after) if labelled and plan.after else []
    warnings: list[str] = []
    swap = plan.target.big_endian != data_set.big_endian_pixels
    passed = native_passthrough(data_set, plan.after, warnings if salvage else None, swap=swap)
    return Transcoded(passed, tuple(edits), verification="bytes-only", warnings=tuple(warnings))


def _icons(plan: Recompress | Code, data_set: DataSet, means: Means) -> list[Edit]:
    """Returns the edits that decode the icons which the target cannot hold."""
    from dicomtx.engine.transcoding.icons import decoded_icons  # noqa: PLC0415 - brings numpy

    return decoded_icons(data_set, plan, means.codecs, means.icon_spool, means.settings)
