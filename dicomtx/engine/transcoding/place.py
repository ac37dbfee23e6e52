"""The place of frames in the output, from what is known before they are coded.

Frames that are written there need no copy. So what precedes them must have the expected size.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from dicomtx.dicom import tags
from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.rope import PixelData

Place = Callable[[Sequence[Edit], PixelData], int]
TABLES: Final = (tags.EXTENDED_OFFSET_TABLE, tags.EXTENDED_OFFSET_TABLE_LENGTHS)


class Before(NamedTuple):
    """What precedes the frames in the output and decides its size.

    Attributes:
        edits: the edits of the data set; only the sizes of offset tables matter.
        lead: how many bytes of the value of Pixel Data precede the frames.
    """

    edits: tuple[Edit, ...]
    lead: int

    @classmethod
    def of(cls, edits: Iterable[Edit], pixel_data: PixelData) -> "Before":
        """Returns what precedes these frames with these edits."""
        return cls(tuple(map(_sized, edits)), pixel_data.lead)


def _sized(edit: Edit) -> Edit:
    """Returns the edit, or an offset table of the same size."""
    table = edit.tag in TABLES and edit.value is not None
    return edit._replace(value=bytes(len(edit.value or b""))) if table else edit
