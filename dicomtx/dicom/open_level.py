"""A level in the rewriter's stack of open data sets, sequences and items."""

from dicomtx.dicom.data_set import Edit
from dicomtx.dicom.elements import Encoding
from dicomtx.dicom.rope import Room


class OpenLevel:
    """An open data set, item or sequence.

    Attributes:
        within: the encoding of the source inside it.
        stop: its last possible end.
        undefined: a delimiter ends it.
        in_item: it contains elements, not items.
        path: its path, as in ``Edit.path``.
        edits: the edits of its own elements that are not written yet, by tag.
        room: the bytes for its length, filled in when it is closed.
        begun: size of the rope when its content began.
        group: the group whose length is still missing, its bytes, and the size when it began.
        index: number of items so far.
        more: for a sequence, the edit that appends items.
    """

    __slots__ = (
        *("within", "stop", "undefined", "in_item", "path", "edits"),
        *("room", "begun", "group", "index", "more"),
    )

    def __init__(
        self,
        within: Encoding,
        stop: int,
        *,
        undefined: bool = False,
        in_item: bool = True,
        path: tuple[int, ...] = (),
    ) -> None:
        """Opens a level; nothing of it is written yet."""
        self.within = within
        self.stop = stop
        self.undefined = undefined
        self.in_item = in_item
        self.path = path
        self.edits: dict[int, Edit] = {}
        self.room: Room | None = None
        self.begun = 0
        self.group: tuple[int, Room, int] | None = None
        self.index = 0
        self.more: Edit | None = None
