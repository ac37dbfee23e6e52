"""The interface of all sources of frames."""

from typing import Protocol

from dicomtx.image_pixel import Frame


class Frames(Protocol):
    """Native frames by index."""

    @property
    def count(self) -> int:
        """Number of frames."""

    def read(self, index: int) -> Frame:
        """Returns one native frame."""


class Streams(Protocol):
    """Code streams by index."""

    @property
    def count(self) -> int:
        """Number of frames."""

    def read(self, index: int) -> bytes:
        """Returns the code stream of one frame."""
