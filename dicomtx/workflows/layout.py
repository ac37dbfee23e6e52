"""Names made of what a file says of itself: ``{PatientID}/{StudyInstanceUID}/...``."""

from typing import NamedTuple, Self

from dicomtx.dicom.data_set import DataSet


class Layout(NamedTuple):
    """A template taken apart."""

    parts: tuple[tuple[str | int, ...], ...]

    @classmethod
    def parse(cls, template: str) -> Self:
        """Returns the layout. Raises UsageError: no keyword of PS3.6, or it leaves the tree."""
        raise NotImplementedError(template)

    def place(self, data_set: DataSet) -> str:
        """Returns the relative path of a file with this data set; it cannot leave the tree."""
        raise NotImplementedError(data_set)


def place_of(layout: Layout, path: str, member: object = None) -> str:
    """Returns the relative path of a file: it is opened and read as far as needed."""
    raise NotImplementedError(layout, path, member)
