"""Where a rewriter stands: the open data set, sequences and items, one within the other."""

from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.elements import Encoding


class OpenLevel:
    """An open data set, item or sequence.

    Attributes:
        within: the encoding that it is read in.
        stop: where it ends at the latest.
        undefined: it ends with a delimiter.
        in_item: elements are in it, not items.
        path: where it is, as in ``Edit.path``.
        edits: of its own elements, those still to be made, by tag.
        room: for its length, filled in when it is closed.
        begun: size of the rope when its content began.
        group: the group whose length is to be filled in, the room, the size when it began.
        index: number of items so far.
        more: of a sequence, the edit that adds items behind the last one.
    """

    room: bytearray | None = None
    begun: int = 0
    group: tuple[int, bytearray, int] | None = None
    index: int = 0
    more: Edit | None = None

    def __init__(
        self,
        within: Encoding,
        stop: int,
        *,
        undefined: bool = False,
        in_item: bool = True,
        path: tuple[int, ...] = (),
    ) -> None:
        """Opens one; nothing of it is written yet."""
        self.within = within
        self.stop = stop
        self.undefined = undefined
        self.in_item = in_item
        self.path = path
        self.edits: dict[int, Edit] = {}
