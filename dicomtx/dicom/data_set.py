"""One data set: its elements by position, and access to the values that a conversion needs."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from dicomtx.dicom import tags
from dicomtx.dicom.elements import Element, Encoding, elements, inner, items, of_item
from dicomtx.dicom.packed import Packed, packed
from dicomtx.storage.source import Source


class Edit(NamedTuple):
    """Sets or removes one element.

    Attributes:
        tag: the element.
        vr: its VR.
        value: little endian, of even length; the items of a sequence are in explicit VR. None
            removes the element.
        path: the tag of a sequence, the index of its item, and so on; empty at the top level.
        adds: the items in ``value`` are appended to those of the sequence, which do not change.
            A missing sequence is created.
    """

    tag: int
    vr: str = "UN"
    value: bytes | None = None
    path: tuple[int, ...] = ()
    adds: bool = False

    @classmethod
    def text(cls, tag: int, vr: str, value: str) -> "Edit":
        """Returns the edit that sets a text, padded to even length."""
        raw = value.encode("ascii")
        return cls(tag, vr, raw + (b"\0" if vr == "UI" else b" ") * (len(raw) % 2))

    @classmethod
    def short(cls, tag: int, value: int) -> "Edit":
        """Returns the edit that sets one US."""
        return cls(tag, "US", value.to_bytes(2, "little"))


class DataSet:
    """The elements of one data set, in the order of the file."""

    def __init__(
        self,
        source: Source,
        encoding: Encoding,
        found: Iterable[Element],
        *,
        big_endian_pixels: bool = False,
    ) -> None:
        """Stores the elements that were found in ``source``.

        Args:
            source: the bytes.
            encoding: their encoding.
            found: the elements.
            big_endian_pixels: native Pixel Data is big endian, whatever the encoding.
        """
        self.source = source
        self.encoding = encoding
        self.big_endian_pixels = big_endian_pixels or encoding.big_endian
        self.elements = packed(found, source.limits.elements)
        self._find: Callable[[int], Element | None]  # Packed has its own index
        if isinstance(self.elements, Packed):
            self._find = self.elements.find
        else:
            self._find = {element.tag: element for element in reversed(self.elements)}.get

    def __contains__(self, tag: int) -> bool:
        return self._find(tag) is not None

    def find(self, tag: int) -> Element | None:
        """Returns the first element with this tag."""
        return self._find(tag)

    def by_tag(self) -> Iterator[Element]:
        """Yields the elements by tag; repeated elements in the order of the file."""
        if isinstance(self.elements, Packed):
            return self.elements.by_tag()
        return iter(sorted(self.elements, key=lambda element: element.tag))

    def value(self, tag: int) -> bytes:
        """Returns the value's bytes; empty if there is no value."""
        element = self._find(tag)
        if element is None or element.undefined:
            return b""
        return self.source.peek(element.value, element.length)

    def text(self, tag: int) -> str:
        """Returns the value without padding; characters that are not ASCII are replaced."""
        return self.value(tag).decode("ascii", "replace").strip(" \0\t\r\n")

    def number(self, tag: int) -> int | None:
        """Returns the first value of a US, UL or SS, or None."""
        element = self._find(tag)
        if element is None or element.undefined:
            return None
        raw = self.source.peek(element.value, element.length)
        size = 4 if len(raw) == 4 and element.vr == "UL" else 2
        if len(raw) < 2:
            return None
        return int.from_bytes(raw[:size], self.encoding.order)

    def items(self, tag: int) -> Iterator["DataSet"]:
        """Yields the items of a sequence as data sets; none if there is no such sequence."""
        element = self.find(tag)
        if element is None or element.length == 0:
            return
        around = inner(element, self.encoding)
        for item in items(self.source, element, self.encoding):
            stop = item.end - 8 if item.undefined else item.end
            within = of_item(self.source, item.value, stop, around)
            yield DataSet(self.source, within, elements(self.source, item.value, stop, within))

    @property
    def signed(self) -> bool:
        """Whether Pixel Representation is two's complement."""
        return self.number(tags.PIXEL_REPRESENTATION) == 1
